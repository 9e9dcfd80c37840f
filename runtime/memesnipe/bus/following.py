"""What is new on streams that are read from a cursor and without a group: nobody waits for who reads like this."""

from collections.abc import Iterable, Mapping

from memesnipe.bus.api import Bus, Entry


async def new_entries(bus: Bus, names: Iterable[str], after: Mapping[str, str], began_ms: int) -> list[Entry]:
    """Return what came after the cursors, in the order of writing; on a stream without one, since `began_ms`. Raises Unavailable."""
    entries = [entry for name in names for entry in await bus.fold(name, after.get(name) or f"{began_ms}-0")]
    return sorted(entries, key=lambda entry: _place(entry.id))


def cursors(entries: Iterable[Entry]) -> dict[str, str]:
    """Return the newest entry id by stream."""
    return {entry.stream: entry.id for entry in entries}


def _place(entry_id: str) -> tuple[int, int]:
    ms, _, sequence = entry_id.partition("-")
    return int(ms), int(sequence)
