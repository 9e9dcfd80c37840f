"""The attribution of a ledger that grows: each look reads what came since the last one, and folds all anew only where it must.

Anew where a fill came late for its position, or came to be older than the look before could overlook, or where the finalized chain
changed one: the answer is always that of `attribution` over all fills.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from memesnipe.evidence.gap import PAIRS_MAX
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.ledger import read
from memesnipe.ledger.accounting import fill_order
from memesnipe.ledger.attribution import Attribution, Folded, Owner, attribution_of, folded
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import Fill
from memesnipe.messages.pairs import Pair

OVERLAP_NS = 600 * NS_PER_S
"""Fills are looked for again so far back: they are written in the order of their delivery, not of their time."""


class Attributed:
    """What was folded so far. Not for two threads."""

    def __init__(self) -> None:
        self._begin(Folded(), [])
        self._amended = 0
        self._paired: dict[str, int] = {}
        self._pairs: dict[str, Sequence[Pair]] = {}

    def look(self, connection: Connection) -> list[Attribution]:
        """Return the attribution of every strategy and mode that closed a trade, by name. Raises SQLAlchemyError."""
        self._look_at_pairs(connection)
        amended, fresh = read.amended_count(connection), self._fresh(connection)
        whole = amended != self._amended or read.fill_count(connection, before_ns=self._since_ns) != self._older
        if whole or not self._add(fresh):
            fills = read.all_fills(connection)
            self._begin(folded(fills), fills)
        self._amended = amended
        for owner in self._changed:
            self._found[owner] = attribution_of(owner, self._folded.parts[owner], self._pairs.get(owner[0], ()))
        self._changed.clear()
        return [self._found[owner] for owner in sorted(self._found)]

    def _begin(self, start: Folded, fills: Sequence[Fill]) -> None:
        self._folded = start
        self._found: dict[Owner, Attribution] = {}
        self._changed: set[Owner] = set(start.parts)
        self._since_ns = max((fill.time_ns for fill in fills), default=0) - OVERLAP_NS
        self._recent = {fill.signature: fill.time_ns for fill in fills if fill.time_ns >= self._since_ns}
        self._older = len(fills) - len(self._recent)

    def _fresh(self, connection: Connection) -> list[Fill]:
        found = [fill for fill in read.fills_since(connection, self._since_ns) if fill.signature not in self._recent]
        return sorted(found, key=fill_order)

    def _add(self, fills: Sequence[Fill]) -> bool:
        """Fold fills in; False where one does not come last, and then only some of them are."""
        for fill in fills:
            if not self._folded.takes(fill):
                return False
            owner = self._folded.add(fill)
            if owner is not None:
                self._changed.add(owner)
            self._recent[fill.signature] = fill.time_ns
        self._move_on()
        return True

    def _move_on(self) -> None:
        self._since_ns = max(self._since_ns, max(self._recent.values(), default=0) - OVERLAP_NS)
        kept = {signature: time_ns for signature, time_ns in self._recent.items() if time_ns >= self._since_ns}
        self._older += len(self._recent) - len(kept)
        self._recent = kept

    def _look_at_pairs(self, connection: Connection) -> None:
        counts = read.pair_counts(connection)
        for strategy in (one for one, count in counts.items() if count != self._paired.get(one)):
            self._pairs[strategy] = read.last_pairs(connection, strategy, PAIRS_MAX)
            self._changed.update(owner for owner in self._folded.parts if owner == (strategy, Mode.LIVE))
        self._paired = counts
