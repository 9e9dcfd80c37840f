"""Types of the fixtures in tests/conftest.py, where tests can import them."""

from typing import Any, Protocol

from memesnipe.bus.redis_bus import RedisBus
from memesnipe.kernel.clock import Clock


class MakeBus(Protocol):
    """`await make_bus(service="executor", consumer="a", clock=..., **settings)`: one more bus on the test's server."""

    async def __call__(
        self,
        *,
        service: str = "test",
        consumer: str = "",
        clock: Clock | None = None,
        adopt_idle_ms: int = 15_000,
        **settings: Any,
    ) -> RedisBus:
        """Return a connected bus; the fixture closes it."""
        ...
