"""What the collector has not taken yet, oldest first, and where reading may be taken up again. Pure.

Outcomes are kept rather than their spans, which are made when they are handed over: they are smaller, and making them again costs nothing.
"""

from collections import deque
from collections.abc import Iterable, Sequence

import msgspec

from memesnipe.bus.api import Entry
from memesnipe.tracing.spans import Span, spans_of

OUTCOMES_MAX = 20_000
"""Some 25 MB, and a third of an hour at a thousand orders a minute: newer ones take the place of the oldest, counted."""
BATCH_OUTCOMES_MAX = 64
"""Some 500 spans: 200 kB before they are compressed, far below what collectors and the proxies before them take."""


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """All that outlives the process."""

    began_ms: int = 0
    """By the clock of the first start: what was written before is left alone. 0: never started."""
    seen_ns: int = 0
    """When the streams were last read, to some tens of seconds."""
    after: dict[str, str] = {}
    """By stream, the newest entry that the collector took, or that was given up."""


class Backlog:
    """Outcomes in the order in which they came."""

    def __init__(self, outcomes_max: int = OUTCOMES_MAX) -> None:
        self._waiting: deque[Entry] = deque()
        self._outcomes_max = outcomes_max

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, entries: Iterable[Entry]) -> list[Entry]:
        """Take what is new; return the oldest ones that had to go for it."""
        self._waiting.extend(entries)
        return [self._waiting.popleft() for _ in range(max(0, len(self._waiting) - self._outcomes_max))]

    def batch(self) -> list[Entry]:
        """Return the oldest ones, to be handed over next."""
        return [self._waiting[place] for place in range(min(BATCH_OUTCOMES_MAX, len(self._waiting)))]

    def done(self, count: int) -> None:
        """Forget the oldest ones."""
        for _ in range(count):
            self._waiting.popleft()


def spans_in(entries: Iterable[Entry]) -> list[Span]:
    """Return the spans of outcomes, in their order."""
    return [span for entry in entries for span in spans_of(entry.message)]


def behind(book: Book, entries: Sequence[Entry]) -> Book:
    """Return the book once nobody need see these entries again."""
    return msgspec.structs.replace(book, after={**book.after, **{entry.stream: entry.id for entry in entries}})
