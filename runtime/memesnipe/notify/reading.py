"""What is new on the streams that notifier listens to, from its cursors and without a group: nobody waits for it."""

from collections.abc import Iterable, Mapping
from typing import Any

from memesnipe.bus.api import Bus, Entry
from memesnipe.bus.topology import ALLOCATIONS, CONFIG, FILLS, KILL_SWITCH, POSITIONS, PROMOTIONS

HEARD = (CONFIG, KILL_SWITCH, PROMOTIONS, ALLOCATIONS, POSITIONS)
"""Beside the fills of each strategy."""


def names_of(strategies: Iterable[str]) -> list[str]:
    """Return the real names of all streams."""
    return [*(stream.name for stream in HEARD), *(FILLS.of(strategy) for strategy in sorted(strategies))]


async def new_entries(bus: Bus, names: Iterable[str], after: Mapping[str, str], began_ms: int) -> list[Entry]:
    """Return what came after the cursors, in the order of writing; on a stream without one, since the first start. Raises Unavailable."""
    entries = [entry for name in names for entry in await bus.fold(name, after.get(name) or f"{began_ms}-0")]
    return sorted(entries, key=lambda entry: _place(entry.id))


def cursors(entries: Iterable[Entry]) -> dict[str, str]:
    """Return the newest entry id by stream."""
    return {entry.stream: entry.id for entry in entries}


async def newest(bus: Bus, name: str) -> Any:
    """Return a fold stream's newest message; None from an empty one. Raises Unavailable."""
    entries = await bus.fold(name)
    return entries[-1].message if entries else None


def _place(entry_id: str) -> tuple[int, int]:
    ms, _, sequence = entry_id.partition("-")
    return int(ms), int(sequence)
