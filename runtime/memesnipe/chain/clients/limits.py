"""How often a host may be called: a token bucket that learns from the host's own headers, with a lane kept free for exits.

An exit that waits behind fifty quotes is a loss; so ordinary calls may never take the last `reserved` tokens.
"""

import asyncio
import time
from collections.abc import Callable
from enum import Enum

import msgspec

MonotonicS = Callable[[], float]


class Lane(Enum):
    """Whose call it is."""

    NORMAL = "normal"
    EXIT = "exit"


class Rate(msgspec.Struct, frozen=True):
    """What a host allows: `per_s` on average, `burst` at once, of which `reserved` are for exits."""

    per_s: float
    burst: int = 10
    reserved: int = 2


class Bucket:
    """The tokens of one host. Times are monotonic seconds, given by the caller: the arithmetic has no clock."""

    def __init__(self, rate: Rate, now_s: float = 0.0) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._at_s = now_s
        self._closed_until_s = now_s

    def wait_s(self, lane: Lane, now_s: float) -> float:
        """Return 0 and take a token, or return how long to wait before asking again."""
        self._refill(now_s)
        floor = 0 if lane is Lane.EXIT else min(self._rate.reserved, self._rate.burst - 1)
        if now_s < self._closed_until_s:
            return self._closed_until_s - now_s
        if self._tokens >= floor + 1:
            self._tokens -= 1
            return 0.0
        return (floor + 1 - self._tokens) / self._rate.per_s

    def close(self, for_s: float, now_s: float) -> None:
        """The host said 429: no call in either lane for this long."""
        self._closed_until_s = max(self._closed_until_s, now_s + for_s)
        self._tokens = min(self._tokens, 1.0)

    def learn(self, remaining: int, now_s: float) -> None:
        """The host said how many calls are left: believe it when it says fewer than we thought."""
        self._refill(now_s)
        self._tokens = min(self._tokens, float(max(0, remaining)))

    def _refill(self, now_s: float) -> None:
        self._tokens = min(float(self._rate.burst), self._tokens + max(0.0, now_s - self._at_s) * self._rate.per_s)
        self._at_s = now_s


async def admitted(bucket: Bucket, lane: Lane, now_s: MonotonicS = time.monotonic) -> None:
    """Return once a call in this lane is allowed."""
    while (wait_s := bucket.wait_s(lane, now_s())) > 0.0:  # noqa: ASYNC110 - tokens come with time, nobody could set an event
        await asyncio.sleep(wait_s)
