"""What the order streams still hold of an order: reading only, and bounded."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from memesnipe.bus.rows import row_of
from memesnipe.bus.topology import APPROVED, CONFIG, EXITS, FILLS, INTENTS, PAIRS, REJECTED, Stream
from memesnipe.kernel.clock import NS_PER_MS
from memesnipe.kernel.errors import BadInput
from memesnipe.messages.orders import ApprovedOrder

PAGE = 1_000
PAGES_MAX = 50
"""Of one stream, newest first: what is older has been read by everyone, and is in the ledger."""
ORDER_PATH = (INTENTS, EXITS, APPROVED, REJECTED, FILLS, PAIRS)


class Seen(msgspec.Struct, frozen=True):
    """A message, and when it was written by the clock of the Redis server."""

    message: Any
    written_ns: int


def on_streams(client: Any, prefix: str, id_begins: str) -> dict[str, list[Seen]]:
    """Return the messages about orders whose id begins so, by id. Raises redis.exceptions.RedisError."""
    found: dict[str, list[Seen]] = defaultdict(list)
    for name in _names(_strategies(client, prefix)):
        for seen in _messages(client, prefix, name):
            if (id_ := _id_of(seen.message)).startswith(id_begins):
                found[id_].append(seen)
    return dict(found)


def _names(strategies: Iterable[str]) -> list[str]:
    names = list(strategies)
    return [real for stream in ORDER_PATH for real in _real(stream, names)]


def _real(stream: Stream, strategies: list[str]) -> list[str]:
    return [stream.of(strategy) for strategy in strategies] if stream.split else [stream.name]


def _strategies(client: Any, prefix: str) -> list[str]:
    newest = client.xrevrange(prefix + CONFIG.name, count=1)
    decoded = [_decoded(CONFIG.name, entry_id, fields) for entry_id, fields in newest]
    return [strategy.id for config in decoded if config is not None for strategy in config.strategies]


def _messages(client: Any, prefix: str, name: str) -> Iterable[Seen]:
    before = "+"
    for _ in range(PAGES_MAX):
        page = client.xrevrange(prefix + name, before, "-", count=PAGE)
        for entry_id, fields in page:
            before = f"({entry_id.decode()}"
            if (message := _decoded(name, entry_id, fields)) is not None:
                yield Seen(message, int(entry_id.partition(b"-")[0]) * NS_PER_MS)
        if len(page) < PAGE:
            return


def _decoded(name: str, entry_id: bytes, fields: dict[bytes, bytes]) -> Any:
    try:
        return row_of(name).decode(entry_id.decode(), [part for pair in fields.items() for part in pair]).message
    except BadInput:
        return None  # whoever reads it as a group keeps it in the dead-letter stream


def _id_of(message: Any) -> str:
    if isinstance(message, ApprovedOrder):
        return message.intent.id
    return str(message.intent_id if hasattr(message, "intent_id") else message.id)
