"""Sliding spend windows with running sums: an answer costs the same after ten signatures and after ten thousand."""

from collections import deque

import msgspec

from memesnipe.kernel.clock import NS_PER_S

HOUR_NS = 3_600 * NS_PER_S
DAY_NS = 24 * HOUR_NS


class Spent(msgspec.Struct, frozen=True, gc=False):
    """Lamports that signatures of the windows may have spent, whether they landed or not.

    `reducing_`: the part of sells and exits, which is fees and tips. They have the same caps to themselves, so that buys which
    used a cap up never trap a position, and a stolen guard still cannot burn the wallet in tips.
    """

    hour: int = 0
    day: int = 0
    reducing_hour: int = 0
    reducing_day: int = 0


class _Window:
    def __init__(self, span_ns: int) -> None:
        self._span_ns = span_ns
        self._entries: deque[tuple[int, int, int]] = deque()
        self.lamports = 0
        self.reducing = 0

    def add(self, time_ns: int, lamports: int, reduces: int) -> None:
        self._entries.append((time_ns, lamports, reduces))
        self.lamports += lamports
        self.reducing += lamports * reduces

    def slide(self, now_ns: int) -> None:
        while self._entries and self._entries[0][0] <= now_ns - self._span_ns:
            _, lamports, reduces = self._entries.popleft()
            self.lamports -= lamports
            self.reducing -= lamports * reduces


class Windows:
    """The last hour and the last day. Times must not go backwards (the caller's clock has a watermark)."""

    def __init__(self) -> None:
        self._hour, self._day = _Window(HOUR_NS), _Window(DAY_NS)

    def add(self, time_ns: int, lamports: int, reduces: int) -> None:
        """Count one signature; `reduces` is 1 for a sell or an exit, else 0."""
        self._hour.add(time_ns, lamports, reduces)
        self._day.add(time_ns, lamports, reduces)

    def spent(self, now_ns: int) -> Spent:
        """Return the sums of the windows that end now."""
        self._hour.slide(now_ns)
        self._day.slide(now_ns)
        return Spent(self._hour.lamports, self._day.lamports, self._hour.reducing, self._day.reducing)
