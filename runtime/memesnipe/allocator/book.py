"""What each strategy brought in so far, by its own fills. The stage's whole state; frozen."""

import msgspec

from memesnipe.bus.stored import stored
from memesnipe.messages.bounds import Mode
from memesnipe.messages.codec import encode as pack
from memesnipe.messages.orders import Fill, FillStatus, Outcome


class Result(msgspec.Struct, frozen=True, array_like=True):
    """Counts of outcomes, and the whole change of the wallet's SOL (an open position shows as money spent)."""

    fills: int = 0
    failed: int = 0
    net_lamports: int = 0
    costs_lamports: int = 0
    """Network fees and tips."""


class Book(msgspec.Struct, frozen=True, array_like=True):
    """Results by strategy, paper and live apart: a result on paper is no reason to trust with money."""

    paper: dict[str, Result] = {}
    live: dict[str, Result] = {}
    rejected: dict[str, int] = {}

    def after(self, strategy: str, outcome: Outcome) -> "Book":
        """Return the book with one outcome of a strategy's stream counted."""
        if not isinstance(outcome, Fill):
            return Book(self.paper, self.live, {**self.rejected, strategy: self.rejected.get(strategy, 0) + 1})
        if outcome.mode is Mode.LIVE:
            return Book(self.paper, _counted(self.live, strategy, outcome), self.rejected)
        return Book(_counted(self.paper, strategy, outcome), self.live, self.rejected)

    def strategies(self) -> frozenset[str]:
        """Return every strategy that ever had an outcome."""
        return frozenset(self.paper).union(self.live, self.rejected)


def _counted(results: dict[str, Result], strategy: str, fill: Fill) -> dict[str, Result]:
    before = results.get(strategy, Result())
    failed = fill.status is FillStatus.FAILED
    after = Result(
        before.fills + (not failed),
        before.failed + failed,
        before.net_lamports + fill.sol_delta_lamports,
        before.costs_lamports + fill.fee_lamports + fill.tip_lamports,
    )
    return {**results, strategy: after}


_decoder = msgspec.msgpack.Decoder(Book)


def encode(book: Book) -> bytes:
    """Return the book as stored."""
    return pack(book)


def decode(data: bytes) -> Book:
    """Return the stored book; an empty one from no bytes. Raises Bug when it is not ours."""
    return stored(_decoder, data, Book(), "autonomous_allocator")
