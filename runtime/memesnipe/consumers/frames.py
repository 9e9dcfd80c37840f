"""Events that arrived together travel together: one frame a stream, at most 256 events, oldest first."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from memesnipe.bus.topology import MARKET_STREAMS
from memesnipe.market.recording import kind_of
from memesnipe.messages.market import MarketEvent, MarketFrame

EVENTS_MAX = 256


def frames_of(events: Sequence[MarketEvent]) -> Iterator[tuple[str, MarketFrame]]:
    """Yield (stream, frame) for a burst of events, keeping their order within each stream."""
    by_kind: dict[str, list[MarketEvent]] = defaultdict(list)
    for event in events:
        by_kind[kind_of(event)].append(event)
    for kind, held in by_kind.items():
        for at in range(0, len(held), EVENTS_MAX):
            yield MARKET_STREAMS[kind].name, MarketFrame(tuple(held[at : at + EVENTS_MAX]))
