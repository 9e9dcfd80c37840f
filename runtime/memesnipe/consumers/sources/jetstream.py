"""Bluesky as a source: posts that name a token's mint, over Jetstream. The cursor is the host's own: microseconds since 1970.

Jetstream gives back what it sent since a cursor, so a drop or a restart loses nothing. Old posts are worth nothing, though, and the
streams remember only ten minutes of what was told: what is older than `backlog_s_max` is left out as a counted gap, never told twice.
"""

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from memesnipe.consumers.api import Delivery
from memesnipe.consumers.cursors import cursor_of
from memesnipe.consumers.decide import Bounds
from memesnipe.consumers.metrics import GAPS, SKIPPED
from memesnipe.consumers.sources.jetstream_posts import COLLECTION, MESSAGE_BYTES_MAX, Told, told_in
from memesnipe.consumers.sources.sessions import Pauses, Wire, connected, heard, sessions
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.logs import logger

NAME = "jetstream"
US_PER_S = 1_000_000
CURSOR_EVERY_US = US_PER_S
"""Posts without a mint move the cursor only this often: fifty come a second, and each write of it is one to Redis."""


class Cursor(msgspec.Struct, frozen=True):
    """The newest message whose post was published, or which had none; 0: from now on."""

    time_us: int = 0


class Jetstream:
    """See `consumers.api.Source`."""

    name = NAME

    def __init__(self, wire: Wire, clock: Clock, bounds: Bounds, backlog_s_max: int) -> None:
        self._wire, self._clock, self._bounds, self._backlog_us = wire, clock, bounds, backlog_s_max * US_PER_S
        self._at_us = self._written_us = 0

    async def deliveries(self, cursor: bytes) -> AsyncIterator[Delivery]:
        """Deliver for ever; after a lost connection from where it broke."""
        self._at_us = self._written_us = cursor_of(NAME, cursor, Cursor()).time_us
        async for delivery in sessions(NAME, self._session, Pauses(self._wire)):
            yield delivery

    async def _session(self) -> AsyncIterator[Delivery]:
        async with connected(self._url(), self._wire) as socket:
            while True:
                delivery = self._delivery(await heard(socket, self._wire))
                if delivery is not None:
                    yield delivery

    def _url(self) -> str:
        parts = urlsplit(self._wire.url)
        wanted = [*parse_qsl(parts.query), ("wantedCollections", COLLECTION), ("maxMessageSizeBytes", str(MESSAGE_BYTES_MAX))]
        if (cursor_us := self._resumed_us()) > 0:
            wanted.append(("cursor", str(cursor_us)))
        return urlunsplit(parts._replace(query=urlencode(wanted)))

    def _resumed_us(self) -> int:
        """Return where to go on. What lies further back than the backlog is a gap."""
        if not self._at_us:
            return 0
        oldest_us = self._clock.now_ns() // 1_000 - self._backlog_us
        GAPS.labels(NAME, "unfilled" if self._at_us < oldest_us else "filled").inc()
        if self._at_us < oldest_us:
            logger().error("gap_unfilled", source=NAME, missing_s=(oldest_us - self._at_us) // US_PER_S)
        return max(self._at_us, oldest_us)

    def _delivery(self, raw: bytes) -> Delivery | None:
        try:
            told = told_in(raw, self._bounds)
        except BadInput as error:
            return Delivery(NAME, bad=(error,))
        self._advance(told)
        if told.post is not None:
            return Delivery(NAME, (told.post,), self._cursor())
        SKIPPED.labels(NAME, told.skipped).inc()
        return Delivery(NAME, cursor=self._cursor()) if self._at_us - self._written_us >= CURSOR_EVERY_US else None

    def _advance(self, told: Told) -> None:
        """Move on to a message's time, but never back, and never into a future from which all that comes would be missed."""
        if told.time_us * 1_000 <= self._clock.now_ns() + self._bounds.future_ns_max:
            self._at_us = max(self._at_us, told.time_us)

    def _cursor(self) -> bytes:
        self._written_us = self._at_us
        return msgspec.json.encode(Cursor(self._at_us))
