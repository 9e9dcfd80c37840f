"""The clock-skew breaker: events from the future, counted. Frozen, kept in the book, because what tripped must stay so through a kill.

Who is wrong cannot be told: with our clock behind, every age looks too young and every stale price fresh. So nothing is bought until a
minute had no such event. In a replay the clock is made of the events, and there are none.
"""

import msgspec

from memesnipe.kernel.clock import NS_PER_S

WINDOW_NS = 60 * NS_PER_S


class Skew(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Events from the future: since when and how many in the running minute, the last of them, and whether they were too many."""

    since_ns: int = 0
    count: int = 0
    last_ns: int = 0
    tripped: bool = False


def seen(skew: Skew, events: int, events_max: int, now_ns: int) -> Skew:
    """Return the count after some more events from the future. Trips above `events_max` within a minute of the first of them."""
    quiet = now_ns - skew.last_ns >= WINDOW_NS
    anew = quiet or now_ns - skew.since_ns >= WINDOW_NS
    count = events if anew else skew.count + events
    tripped = (skew.tripped and not quiet) or not (count <= events_max)
    return Skew(now_ns if anew else skew.since_ns, count, now_ns, tripped)


def reopens_ns(skew: Skew, now_ns: int) -> int:
    """Return when buys are allowed again if no more come; 0: they are."""
    ends_ns = skew.last_ns + WINDOW_NS
    return ends_ns if skew.tripped and now_ns < ends_ns else 0
