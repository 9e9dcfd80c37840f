"""How often a host may be called: a token bucket that learns from the host's own headers, with a lane kept free for exits.

An exit that waits behind fifty quotes is a loss. So ordinary calls may never take the last `reserved` tokens, and while an exit waits
they take none that it could have. A host counts calls by key, not by connection: its clients in one process share one bucket.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Iterator
from enum import Enum
from weakref import WeakValueDictionary

import msgspec

MonotonicS = Callable[[], float]
PAUSE_S_MAX = 60.0
"""The longest pause a host can talk us into: a header with a year in it must not close the way out of a position."""
LEARNED_PER_S_MIN = 0.5
"""The slowest rate that headers can talk us into: the smallest plan on sale (Jupiter without a key)."""
_ROUNDING = 1e-9
"""What a sum of times may be off by: without it the last wait of a call could be too short to pass."""


class Lane(Enum):
    """Whose call it is."""

    NORMAL = "normal"
    EXIT = "exit"


class Rate(msgspec.Struct, frozen=True):
    """What a host allows: `per_s` on average, `burst` at once, of which `reserved` are for exits."""

    per_s: float
    burst: int = 10
    reserved: int = 2
    window_s: float = 0.0
    """Length of the window that the host's headers count in; 0: unknown, and only the calls left are learned from them."""


class Told(msgspec.Struct, frozen=True):
    """What the headers of an answer said of the host's window; None where they said nothing."""

    remaining: int | None = None
    used: int | None = None
    reset_s: float | None = None
    """Seconds from now."""


class Bucket:
    """The tokens of one host. Times are monotonic seconds, given by the caller: the arithmetic has no clock."""

    def __init__(self, rate: Rate, now_s: float = 0.0) -> None:
        self.rate = rate
        self._per_s = rate.per_s
        self._tokens = float(rate.burst)
        self._at_s = now_s
        self._closed_until_s = self._normal_closed_until_s = -math.inf
        self._exits_waiting = 0

    def wait_s(self, lane: Lane, now_s: float) -> float:
        """Return 0 and take a token, or return how long to wait before asking again."""
        self._refill(now_s)
        if (closed_s := self._closed_s(lane, now_s)) > 0.0:
            return closed_s
        floor = 0 if lane is Lane.EXIT else max(min(self.rate.reserved, self.rate.burst - 1), self._exits_waiting)
        if self._tokens >= floor + 1 - _ROUNDING:
            self._tokens -= 1
            return 0.0
        return (floor + 1 - self._tokens) / self._per_s

    @contextlib.contextmanager
    def queued(self, lane: Lane) -> Iterator[None]:
        """Count a call that waits: what comes next is for the exits among them."""
        self._exits_waiting += lane is Lane.EXIT
        try:
            yield
        finally:
            self._exits_waiting -= lane is Lane.EXIT

    def close(self, for_s: float, now_s: float) -> None:
        """The host said 429: no call in either lane for this long."""
        self._closed_until_s = max(self._closed_until_s, now_s + min(for_s, PAUSE_S_MAX))
        self._tokens = min(self._tokens, 1.0)

    def learn(self, told: Told, now_s: float) -> None:
        """Believe the host's own count where it is stricter than ours; never where it is not: the setting may be the plan's limit.

        With no call left ordinary ones wait for the host's reset. An exit tries at the average rate: in a sliding window a place
        becomes free long before all are.
        """
        self._refill(now_s)
        if told.remaining is None:
            return
        self._tokens = min(self._tokens, float(told.remaining))
        if told.remaining == 0 and told.reset_s is not None:
            until_s = now_s + min(max(told.reset_s, 0.0), PAUSE_S_MAX)
            self._normal_closed_until_s = max(self._normal_closed_until_s, until_s)
        if told.used is not None and self.rate.window_s and (limit := told.remaining + told.used) > 0:
            self._per_s = min(self.rate.per_s, max(limit / self.rate.window_s, LEARNED_PER_S_MIN))

    def tighten(self, rate: Rate) -> None:
        """Keep the stricter of the rate in force and another."""
        mine = self.rate
        self.rate = Rate(min(mine.per_s, rate.per_s), min(mine.burst, rate.burst), max(mine.reserved, rate.reserved), mine.window_s)
        self._per_s = min(self._per_s, self.rate.per_s)
        self._tokens = min(self._tokens, float(self.rate.burst))

    def _closed_s(self, lane: Lane, now_s: float) -> float:
        until_s = self._closed_until_s if lane is Lane.EXIT else max(self._closed_until_s, self._normal_closed_until_s)
        return until_s - now_s

    def _refill(self, now_s: float) -> None:
        self._tokens = min(float(self.rate.burst), self._tokens + max(0.0, now_s - self._at_s) * self._per_s)
        self._at_s = now_s


_SHARED: "WeakValueDictionary[str, Bucket]" = WeakValueDictionary()


def shared(counted_as: str, rate: Rate, now_s: float) -> Bucket:
    """Return the one bucket of this process for what a host counts together; of two rates given for it the stricter holds.

    `counted_as` names host and key (never in clear). A bucket lives as long as a client that holds it.
    """
    bucket = _SHARED.get(counted_as)
    if bucket is None:
        bucket = _SHARED[counted_as] = Bucket(rate, now_s)
    else:
        bucket.tighten(rate)
    return bucket


async def admitted(bucket: Bucket, lane: Lane, now_s: MonotonicS = time.monotonic) -> float:
    """Return once a call in this lane is allowed, with how long that took (seconds)."""
    came_s = now_s()
    with bucket.queued(lane):
        while (wait_s := bucket.wait_s(lane, now_s())) > 0.0:  # noqa: ASYNC110 - tokens come with time, nobody could set an event
            await asyncio.sleep(wait_s)
    return now_s() - came_s
