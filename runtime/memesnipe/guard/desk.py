"""One batch at the paper desk: every entry folded in order, each seeing what the one before changed. Pure."""

from collections.abc import Sequence

import msgspec

from memesnipe.bus.api import Entry
from memesnipe.guard import decide
from memesnipe.guard.book import Book
from memesnipe.guard.paper import Terms
from memesnipe.guard.standing import Standing
from memesnipe.messages.market import MarketFrame
from memesnipe.messages.orders import ApprovedOrder, Outcome


class Folded(msgspec.Struct, frozen=True):
    """The book after a batch, and each entry's outcomes."""

    book: Book
    outcomes: list[list[Outcome]]


def fold(book: Book, entries: Sequence[Entry], standing: Standing, terms: Terms, now_ns: int) -> Folded:
    """Return what these entries cause."""
    outcomes: list[list[Outcome]] = []
    for entry in entries:
        book, caused = _one(book, entry.message, standing, terms, now_ns)
        outcomes.append(caused)
    return Folded(book, outcomes)


def _one(book: Book, message: MarketFrame | ApprovedOrder, standing: Standing, terms: Terms, now_ns: int) -> tuple[Book, list[Outcome]]:
    if isinstance(message, ApprovedOrder):
        return decide.take(book, message, standing, terms, now_ns)
    return decide.watch(book, message.events, terms)
