"""What waits while the ledger cannot be written: whole batches, unacknowledged, and positions folded in memory so that stops go on."""

from collections.abc import Sequence

import msgspec

from memesnipe.bus.api import Batch, Output
from memesnipe.kernel.ids import derive
from memesnipe.ledger.accounting import apply, position_of
from memesnipe.ledger.write import Booked, Verdict
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import PORTFOLIO, HaltCommand
from memesnipe.messages.decisions import Decision
from memesnipe.messages.orders import Fill, Rejection
from memesnipe.messages.pairs import Pair
from memesnipe.positions.book import Book


class Held(msgspec.Struct, frozen=True):
    """A batch that was decided but not acknowledged, with what it caused."""

    batch: Batch
    outputs: Sequence[Sequence[Output]]


class Outage(msgspec.Struct, frozen=True):
    """Since when the ledger fails (nanoseconds), and what waits for it, in order."""

    since_ns: int
    held: tuple[Held, ...] = ()

    @property
    def entries(self) -> int:
        """How many entries wait."""
        return sum(len(one.batch.entries) for one in self.held)

    def unheld(self, batch: Batch) -> Batch:
        """Return a batch without what waits here already: the bus gives unacknowledged entries again after a lost connection."""
        waiting = {(entry.stream, entry.id) for one in self.held for entry in one.batch.entries}
        return Batch(batch.group, tuple(entry for entry in batch.entries if (entry.stream, entry.id) not in waiting))

    def hold(self, held: Held) -> "Outage":
        """Return the outage with one batch more."""
        return Outage(self.since_ns, (*self.held, held))


class Rows(msgspec.Struct, frozen=True):
    """What a batch has for the ledger."""

    fills: Sequence[Fill] = ()
    rejections: Sequence[Rejection] = ()
    pairs: Sequence[Pair] = ()
    decisions: Sequence[Decision] = ()

    def __bool__(self) -> bool:
        return bool(self.fills or self.rejections or self.pairs or self.decisions)


def ledger_rows(*batches: Batch) -> Rows:
    """Return what some batches have for the ledger."""
    messages = [entry.message for batch in batches for entry in batch.entries]
    return Rows(
        [one for one in messages if isinstance(one, Fill)],
        [one for one in messages if isinstance(one, Rejection)],
        [one for one in messages if isinstance(one, Pair)],
        [one for one in messages if isinstance(one, Decision)],
    )


def book_in_memory(book: Book, fills: Sequence[Fill]) -> list[Booked]:
    """Fold fills without the ledger. The ledger's own fold replaces this one as soon as it can be written again."""
    booked: list[Booked] = []
    positions = {key: one.position for key, one in book.open.items()}
    for fill in fills:
        empty = position_of(fill)
        before = positions.get(empty.key, empty)
        after, trade = apply(before, fill)
        positions[empty.key] = after
        booked.append(Booked(fill, after, after.realized_lamports - before.realized_lamports, trade, Verdict.NEW))
    return booked


def stop_new_risk(outage: Outage, now_ns: int) -> HaltCommand:
    """Return the command that lets strategies only reduce. Its id is the outage's: however often it is sent, it counts once."""
    return HaltCommand(
        id=derive("halt", "ledger", outage.since_ns),
        scope=PORTFOLIO,
        state=HaltState.REDUCE_ONLY,
        by="position_manager",
        reason=f"the ledger cannot be written, {outage.entries} entries wait for it",
        time_ns=now_ns,
    )
