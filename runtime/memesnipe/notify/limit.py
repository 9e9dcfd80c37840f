"""How often each kind is said. Pure. A bucket as GCRA (ITU-T I.371): one number, the time at which the next would be on time.

What is not said is counted and summed, and said as one message as soon as the bucket allows.
"""

from collections.abc import Mapping

import msgspec

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.notify.notes import Kind, Note

MINUTE_NS = 60 * NS_PER_S
SUM_AFTER_NS = 20 * NS_PER_S
"""So long messages are collected before their sum is said: one sum for a burst, not one for each two messages of it."""


class Suppressed(msgspec.Struct, frozen=True):
    """Messages of one kind that were not said."""

    count: int
    lamports: int
    last: str
    since_ns: int


class Buckets(msgspec.Struct, frozen=True):
    """By kind: when the next message would be on time (ns), and what waits for a sum."""

    due_ns: dict[Kind, int] = {}
    suppressed: dict[Kind, Suppressed] = {}


def admit(buckets: Buckets, one: Note, now_ns: int, per_minute: int) -> tuple[Buckets, bool]:
    """Return whether a message is said, and the buckets after it. While a kind waits for its sum everything of it joins the sum."""
    if one.kind not in buckets.suppressed and (due_ns := _taken(buckets, one.kind, now_ns, per_minute)) is not None:
        return msgspec.structs.replace(buckets, due_ns={**buckets.due_ns, one.kind: due_ns}), True
    old = buckets.suppressed.get(one.kind, Suppressed(0, 0, "", now_ns))
    more = Suppressed(old.count + 1, old.lamports + one.lamports, one.title, old.since_ns)
    return msgspec.structs.replace(buckets, suppressed={**buckets.suppressed, one.kind: more}), False


def sums(buckets: Buckets, now_ns: int, per_minute: Mapping[Kind, int]) -> tuple[Buckets, dict[Kind, Suppressed]]:
    """Return the sums that are due, and the buckets without them."""
    due: dict[Kind, Suppressed] = {}
    for kind, one in buckets.suppressed.items():
        taken = _taken(buckets, kind, now_ns, per_minute[kind])
        if now_ns - one.since_ns >= SUM_AFTER_NS and taken is not None:
            due[kind] = one
            buckets = msgspec.structs.replace(buckets, due_ns={**buckets.due_ns, kind: taken})
    left = {kind: one for kind, one in buckets.suppressed.items() if kind not in due}
    return msgspec.structs.replace(buckets, suppressed=left), due


def _taken(buckets: Buckets, kind: Kind, now_ns: int, per_minute: int) -> int | None:
    """Return when the next would be on time if one is said now; None where a whole minute's worth was said in less than a minute."""
    interval_ns = MINUTE_NS // per_minute
    due_ns = max(buckets.due_ns.get(kind, 0), now_ns)
    return due_ns + interval_ns if due_ns - now_ns <= MINUTE_NS - interval_ns else None
