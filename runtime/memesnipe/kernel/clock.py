"""Time as an injected part: wall clock when trading, event time in a replay, whatever a test says in a test."""

import time
from typing import Protocol

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
BEFORE_ANY_EVENT_NS = 1_500_000_000 * NS_PER_S
"""Where a replay's clock stands until it read its first event: 2017-07, the earliest time that a message may carry."""


class Clock(Protocol):
    """What a stage may know of time (nanoseconds since the Unix epoch)."""

    def now_ns(self) -> int:
        """Return the current time in nanoseconds."""
        ...

    def observe(self, time_ns: int) -> None:
        """Tell the clock that a message of this event time was read; only replay clocks move by it."""
        ...


class SystemClock:
    """The machine's clock."""

    def now_ns(self) -> int:
        """Return wall-clock nanoseconds."""
        return time.time_ns()

    def observe(self, time_ns: int) -> None:
        """Ignore: the world moves this clock."""


class EventClock:
    """Moves only by what was read, never backwards: the same recording gives the same times on every run."""

    def __init__(self, start_ns: int = BEFORE_ANY_EVENT_NS) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """Return the latest event time seen."""
        return self._now_ns

    def observe(self, time_ns: int) -> None:
        """Advance to `time_ns` if it is later."""
        self._now_ns = max(self._now_ns, time_ns)
