"""The streams inside one process: who reads what in which turn, by the topology. What Valkey and its turns do in a replay, without them.

`docs/adr/0003-replay-by-turns.md` says why turns make a replay deterministic. The same turns here make the same fills.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from memesnipe.bus.api import Entry, Output
from memesnipe.bus.rows import event_time_ns, row_of, sequence_of
from memesnipe.bus.turns import seats
from memesnipe.messages.orders import ApprovedOrder

LAST_TURN = 99


class Wire(msgspec.Struct):
    """What was written and not read yet, by reader."""

    readers: dict[str, list[tuple[int, str]]]
    """(turn, group) by stream."""
    waiting: dict[tuple[int, str], list[Entry]] = {}

    def put(self, outputs: Iterable[Output]) -> None:
        """Hand each output to everyone who reads its stream; one that nobody reads in turns is gone."""
        for output in outputs:
            for turn, group in self.readers.get(output.stream, ()):
                self.give(turn, group, output.stream, output.message)

    def give(self, turn: int, group: str, stream: str, message: Any) -> None:
        """Hand a message to one reader."""
        self.waiting.setdefault((turn, group), []).append(_entry(stream, message))

    def take(self, turn_max: int = LAST_TURN) -> tuple[str, Sequence[Entry]] | None:
        """Return the group whose turn it is and all that waits for it, in a replay's order; None when nothing waits up to that turn."""
        if not self.waiting:
            return None
        turn, group = min(self.waiting)
        if turn > turn_max:
            return None
        entries = self.waiting.pop((turn, group))
        return group, entries if len(entries) == 1 else sorted(entries, key=_place)


def wire_for(strategies: Iterable[str], groups: Iterable[str]) -> Wire:
    """Return an empty wire for these strategies; `groups` are the readers that there are."""
    wanted, readers = frozenset(groups), dict[str, list[tuple[int, str]]]()
    for seat in seats(strategies):
        if seat.group in wanted:
            readers.setdefault(seat.stream, []).append((seat.turn, seat.group))
    return Wire(readers)


def _entry(stream: str, message: Any) -> Entry:
    strategy = message.intent.strategy if isinstance(message, ApprovedOrder) else row_of(stream).strategy
    return Entry(stream, "0", message, strategy)


def _place(entry: Entry) -> tuple[int, str, int, str]:
    """As `bus.replay` orders what one reader reads together."""
    return event_time_ns(entry.message), entry.strategy, sequence_of(entry.message), entry.stream
