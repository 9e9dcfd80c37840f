"""Which streams notifier listens to."""

from collections.abc import Iterable
from typing import Any

from memesnipe.bus.api import Bus
from memesnipe.bus.topology import ALLOCATIONS, CONFIG, FILLS, KILL_SWITCH, POSITIONS, PROMOTIONS

HEARD = (CONFIG, KILL_SWITCH, PROMOTIONS, ALLOCATIONS, POSITIONS)
"""Beside the fills of each strategy."""


def names_of(strategies: Iterable[str]) -> list[str]:
    """Return the real names of all streams."""
    return [*(stream.name for stream in HEARD), *(FILLS.of(strategy) for strategy in sorted(strategies))]


async def newest(bus: Bus, name: str) -> Any:
    """Return a fold stream's newest message; None from an empty one. Raises Unavailable."""
    entries = await bus.fold(name)
    return entries[-1].message if entries else None
