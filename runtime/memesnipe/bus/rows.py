"""A real stream and the row of the topology it belongs to: how its entries are decoded, named and timed."""

from functools import lru_cache
from typing import Any, get_args

import msgspec

from memesnipe.bus.api import Entry
from memesnipe.bus.topology import Stream, stream_of
from memesnipe.kernel.errors import BadInput, Bug
from memesnipe.kernel.metrics import MESSAGES_READ, MESSAGES_WRITTEN
from memesnipe.messages.codec import decode, encode
from memesnipe.messages.market import MarketFrame
from memesnipe.messages.orders import ApprovedOrder

FIELD = b"m"
"""An entry has one field: the message. One packs and parses five times faster than twelve."""


class Row:
    """One real stream. `strategy` is the split stream's suffix, "" elsewhere."""

    __slots__ = ("kind", "name", "read", "strategy", "stream", "types", "written")

    def __init__(self, name: str) -> None:
        try:
            self.stream: Stream = stream_of(name)
        except KeyError:
            raise Bug(f"{name!r} is not a stream of the topology") from None
        self.name = name
        self.kind = self.stream.kind
        self.strategy = name[len(self.stream.name) :] if self.stream.split else ""
        self.types: tuple[type, ...] = get_args(self.stream.message) or (self.stream.message,)
        self.read = MESSAGES_READ.labels(self.stream.name)
        self.written = MESSAGES_WRITTEN.labels(self.stream.name)

    def encode(self, message: Any) -> bytes:
        """Return the message's bytes. Raises Bug if this stream does not carry its type."""
        if type(message) not in self.types:
            raise Bug(f"{self.name} does not carry {type(message).__name__}")
        return encode(message)

    def decode(self, entry_id: str, fields: "list[bytes] | None") -> Entry:
        """Return the entry. Raises BadInput (field, reason)."""
        if fields is None or len(fields) != 2 or fields[0] != FIELD:
            raise BadInput("entry", "is not one field named m")
        message = decode(self.stream.message, fields[1])
        if self.strategy:
            self._refuse_impostor(message)
            return Entry(self.name, entry_id, message, self.strategy)
        return Entry(self.name, entry_id, message, message.intent.strategy if isinstance(message, ApprovedOrder) else "")

    def _refuse_impostor(self, message: Any) -> None:
        """Redis ACLs say who writes a strategy's stream; a message that names another strategy is a forgery or a bug."""
        if message.strategy != self.strategy:
            raise BadInput("strategy", f"{message.strategy!r} on the stream of {self.strategy!r}")


@lru_cache(maxsize=8_192)
def row_of(name: str) -> Row:
    """Return the row of a stream's real name. Raises Bug for a name outside the topology."""
    return Row(name)


def event_time_ns(message: Any) -> int:
    """Return when what a message tells of happened: for a frame, its newest event (ns)."""
    if isinstance(message, MarketFrame):
        return max((event.time_ns for event in message.events), default=0)
    return int(message.time_ns)


def sequence_of(message: Any) -> int:
    """Return a message's place among those of one event and strategy; 0 where it has none."""
    intent = message.intent if isinstance(message, ApprovedOrder) else message
    return int(getattr(intent, "sequence", 0))


class BadEntry(msgspec.Struct, frozen=True):
    """What could not be decoded, as it goes to the dead-letter stream."""

    row: Row
    id: str
    raw: bytes
    field: str
    reason: str


def raw_of(fields: "list[bytes] | None") -> bytes:
    """Return an entry's bytes for the dead-letter stream: its message, or its fields as they are."""
    if fields is None:
        return b""
    return fields[1] if len(fields) == 2 and fields[0] == FIELD else encode(fields)
