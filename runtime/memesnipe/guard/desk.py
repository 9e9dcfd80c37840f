"""One batch at the paper desk: every entry folded in order, each seeing what the one before changed. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from memesnipe.bus.api import Entry
from memesnipe.guard import decide
from memesnipe.guard.book import Book
from memesnipe.guard.paper import Cost, Terms
from memesnipe.guard.standing import Standing
from memesnipe.kernel.errors import Refused
from memesnipe.messages.market import MarketFrame
from memesnipe.messages.orders import ApprovedOrder, Outcome

_NONE: Mapping[str, Refused | Cost] = {}


class Folded(msgspec.Struct, frozen=True):
    """The book after a batch, and each entry's outcomes."""

    book: Book
    outcomes: list[list[Outcome]]


def fold(
    book: Book,
    entries: Sequence[Entry],
    standing: Standing,
    terms: Terms,
    now_ns: int,
    rehearsed: Mapping[str, Refused | Cost] = _NONE,
    taken_ns: int | None = None,
) -> Folded:
    """Return what these entries cause; `book` stays as it is.

    `rehearsed`: what a rehearsal said of orders, by intent id. `taken_ns`: when the entries were read, `now_ns` if they were not rehearsed.
    """
    after, taken_ns = book.copy(), now_ns if taken_ns is None else taken_ns
    outcomes = [_one(after, entry.message, standing, terms, now_ns, rehearsed, taken_ns) for entry in entries]
    return Folded(after, outcomes)


def _one(
    book: Book,
    message: MarketFrame | ApprovedOrder,
    standing: Standing,
    terms: Terms,
    now_ns: int,
    rehearsed: Mapping[str, Refused | Cost],
    taken_ns: int,
) -> list[Outcome]:
    if not isinstance(message, ApprovedOrder):
        return decide.watch(book, message.events, terms)
    # What is overdue ends here, with this entry's acknowledgement: ended on its own afterwards, it would come too late for
    # whoever takes this acknowledgement for the end of all work, as a replay does.
    late = decide.expire(book, now_ns, terms) if book.waits else []
    return late + decide.take(book, message, standing, terms, now_ns, rehearsed.get(message.intent.id), taken_ns)
