"""What each strategy brought in so far, by its own fills. The stage's whole state; frozen."""

import msgspec

from memesnipe.bus.stored import stored
from memesnipe.messages.bounds import Mode
from memesnipe.messages.codec import encode as pack
from memesnipe.messages.orders import Fill, FillStatus, Outcome
from memesnipe.promotion.counting import heard
from memesnipe.promotion.values import Standing


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
    promotions: dict[str, Standing] = {}
    """Where each strategy stands between paper and its whole share of live capital."""

    def after(self, strategy: str, outcome: Outcome) -> "Book":
        """Return the book with one outcome of a strategy's stream counted."""
        told = msgspec.structs.replace(self, promotions=_told(self.promotions, strategy, outcome))
        if not isinstance(outcome, Fill):
            return msgspec.structs.replace(told, rejected={**self.rejected, strategy: self.rejected.get(strategy, 0) + 1})
        if outcome.mode is Mode.LIVE:
            return msgspec.structs.replace(told, live=_counted(self.live, strategy, outcome))
        return msgspec.structs.replace(told, paper=_counted(self.paper, strategy, outcome))

    def strategies(self) -> frozenset[str]:
        """Return every strategy that ever had an outcome."""
        return frozenset(self.paper).union(self.live, self.rejected)


def _told(standings: dict[str, Standing], strategy: str, outcome: Outcome) -> dict[str, Standing]:
    known = standings.get(strategy)
    return standings if known is None or (after := heard(known, outcome)) is known else {**standings, strategy: after}


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
