"""A reader of a strategy's order streams that misses nothing: while its group is there, nobody trims what it has not read."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from memesnipe.bus import topology
from memesnipe.messages.bounds import Side
from memesnipe.messages.codec import decode
from memesnipe.messages.orders import ApprovedOrder, ExitIntent, Fill, FillStatus, OrderIntent, Outcome, Rejection

GROUP = "test-observer"


class Observed:
    """What was written to a strategy's streams since the observation began."""

    def __init__(self, strategy: str) -> None:
        self._intents = topology.INTENTS.of(strategy)
        self._exits = topology.EXITS.of(strategy)
        self._outcomes = topology.FILLS.of(strategy)
        self.streams = (self._intents, self._exits, self._outcomes, topology.APPROVED.name)
        self._since = dict.fromkeys(self.streams, "-")

    def begin(self, redis: Any) -> None:
        """Hold the streams from now on."""
        for stream in self.streams:
            redis.xgroup_create(stream, GROUP, id="$", mkstream=True)
            self._since[stream] = _following(redis.xinfo_stream(stream)["last-generated-id"])

    def end(self, redis: Any) -> None:
        """Let the streams be trimmed again."""
        for stream in self.streams:
            redis.xgroup_destroy(stream, GROUP)

    def asked(self, redis: Any) -> list[str]:
        """Return the ids of all intents and exits, in no order."""
        intents = [decode(OrderIntent, raw).id for _, raw in self._entries(redis, self._intents)]
        return intents + [decode(ExitIntent, raw).id for _, raw in self._entries(redis, self._exits)]

    def ends(self, redis: Any) -> Counter[str]:
        """Return how often each intent ended: by a fill that filled or by a rejection."""
        outcomes: list[Outcome] = [decode(Outcome, raw) for _, raw in self._entries(redis, self._outcomes)]  # type: ignore[arg-type]  # a union is a type to msgspec
        return Counter(one.intent_id for one in outcomes if _ends(one))

    def buys_approved_ms(self, redis: Any) -> list[int]:
        """Return when each buy of any strategy was approved, in Unix milliseconds by the server's clock."""
        approved = [(ms, decode(ApprovedOrder, raw).intent) for ms, raw in self._entries(redis, topology.APPROVED.name)]
        return [ms for ms, intent in approved if isinstance(intent, OrderIntent) and intent.side is Side.BUY]

    def _entries(self, redis: Any, stream: str) -> list[tuple[int, bytes]]:
        return [(int(entry.partition(b"-")[0]), fields[b"m"]) for entry, fields in redis.xrange(stream, min=self._since[stream])]


@contextmanager
def observed(redis_of: Any, strategy: str) -> Iterator[Observed]:
    """Observe while the block runs. `redis_of` gives a client as a context manager: the way to it may break in between."""
    watch = Observed(strategy)
    with redis_of() as redis:
        watch.begin(redis)
    try:
        yield watch
    finally:
        with redis_of() as redis:
            watch.end(redis)


def _ends(outcome: Outcome) -> bool:
    return isinstance(outcome, Rejection) or (isinstance(outcome, Fill) and outcome.status is FillStatus.FILLED)


def _following(last: bytes) -> str:
    milliseconds, _, sequence = last.decode().partition("-")
    return f"{milliseconds}-{int(sequence) + 1}"
