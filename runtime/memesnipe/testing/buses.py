"""What tests do to a bus: types of the fixtures in tests/conftest.py, and what a stage that is not there would have said."""

from typing import Any, Protocol

from memesnipe.bus.api import Bus
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import HOLDINGS_KEY
from memesnipe.kernel.clock import Clock
from memesnipe.messages.codec import encode
from memesnipe.messages.control import Holdings


async def nothing_held(bus: Bus) -> None:
    """Say, as position_manager does on a new installation, that nothing is held: risk_guardian waits for its word."""
    await bus.put(HOLDINGS_KEY, encode(Holdings(())))


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
