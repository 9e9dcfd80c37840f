"""How long orders took from hop to hop, from the ways that their fills carry: shown where they are booked, once each."""

from collections.abc import Iterator
from itertools import pairwise

from prometheus_client import Histogram

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.metrics import HOP_BUCKETS_S
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import Fill
from memesnipe.messages.way import LIVE_ONLY

HOP_S = Histogram(
    "memesnipe_order_hop_seconds",
    "What each hop of a filled or failed order took since the hop before it",
    ["mode", "hop"],
    buckets=(*HOP_BUCKETS_S, 30.0, 60.0),
)


def hops_of(fill: Fill) -> Iterator[tuple[str, float]]:
    """Yield each hop of a fill with what it took (s), where this hop and the one before are known; the last one is `ended`.

    A hop that nobody remembers is left out with the one after it: their sum would pass for one slow hop. Hosts' clocks differ a little,
    and a block's time is of whole seconds: less than nothing is nothing.
    """
    way = fill.way
    if way is None:
        return
    stamps = (("event", way.event_ns), *way.stamps, ("ended", fill.time_ns))
    taken = [(hop, time_ns) for hop, time_ns in stamps if fill.mode is Mode.LIVE or hop not in LIVE_ONLY]
    for (_, before_ns), (hop, time_ns) in pairwise(taken):
        if before_ns and time_ns:
            yield hop, max(0, time_ns - before_ns) / NS_PER_S


def show(fill: Fill) -> None:
    """Count a fill that was booked just now."""
    for hop, took_s in hops_of(fill):
        HOP_S.labels(fill.mode.value, hop).observe(took_s)
