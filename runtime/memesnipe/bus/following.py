"""What is new on streams that are read from a cursor and without a group: nobody waits for who reads like this."""

from collections.abc import Iterable, Mapping

from memesnipe.bus.api import Bus, Entry


async def new_entries(bus: Bus, names: Iterable[str], after: Mapping[str, str], began_ms: int) -> list[Entry]:
    """Return what came after the cursors, in the order of writing; on a stream without one, since `began_ms`. Raises Unavailable."""
    entries = [entry for name in names for entry in await bus.fold(name, after.get(name) or f"{began_ms}-0")]
    return sorted(entries, key=lambda entry: _place(entry.id))


async def folded_on(bus: Bus, stream: str, after: dict[str, str]) -> list[Entry]:
    """Return what a stream that is read from its start got since the cursor, and move the cursor. Raises Unavailable."""
    entries = await bus.fold(stream, after.get(stream, "0"))
    if entries:
        after[stream] = entries[-1].id
    return entries


def cursors(entries: Iterable[Entry]) -> dict[str, str]:
    """Return the newest entry id by stream."""
    return {entry.stream: entry.id for entry in entries}


def _place(entry_id: str) -> tuple[int, int]:
    ms, _, sequence = entry_id.partition("-")
    return int(ms), int(sequence)
