"""From what waits to one message. Pure."""

from collections.abc import Sequence

from memesnipe.notify.book import Waiting
from memesnipe.notify.notes import BODY_MAX, Level, Note, note

SINGLY_MAX = 3
"""As many that wait are said one after the other."""
TOGETHER_MAX = 20
SEVERITY = (Level.SUCCESS, Level.INFO, Level.WARNING, Level.FAILURE)


def together(waiting: Sequence[Waiting], lost: int = 0) -> tuple[Note, int]:
    """Return the next message and the number up to which it tells: a few one by one, more that waited as one list.

    A destination that was away for an hour gets a few lists, not a flood. `lost`: older ones that are forgotten by now.
    """
    chosen = waiting[:TOGETHER_MAX]
    if len(chosen) <= SINGLY_MAX and not lost:
        return chosen[0].note, chosen[0].number
    lines, length = list[str](), 0
    for one in chosen:
        line = f"- {one.note.title}: {one.note.body.partition(chr(10))[0]}"
        if lines and length + len(line) > BODY_MAX:
            break
        lines.append(line)
        length += len(line) + 1
    told = chosen[: len(lines)]
    level = max((one.note.level for one in told), key=SEVERITY.index)
    newest = told[-1].note
    forgotten = f"; {lost} older ones are lost" if lost else ""
    return note(newest.kind, level, f"{len(lines)} messages that waited{forgotten}", "\n".join(lines), newest.time_ns), told[-1].number
