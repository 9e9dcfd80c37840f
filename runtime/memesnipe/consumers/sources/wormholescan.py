"""Wormhole as a source: value that crosses to or from Solana, by polling Wormholescan's newest operations.

An operation shows up when its own chain has made it final, for Ethereum a quarter of an hour after its time, and is completed later.
So each poll looks at everything that is no older than `bounds` allow, and the cursor holds, beside the newest time, what was told already.
A record that was looked at is not looked at again until it changes: one bad record is counted once, not at every poll.

An event's time is when it could be known, here the poll: with the time of the transfer itself it would be stale wherever it goes, and a
replay would know of it a quarter of an hour before anybody did. The transfer's own time is checked, and decides what is too old.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.chain.clients.transport import Transport
from memesnipe.consumers.api import Delivery
from memesnipe.consumers.book import Recent
from memesnipe.consumers.cursors import cursor_of
from memesnipe.consumers.decide import Bounds
from memesnipe.consumers.metrics import DUPLICATES, GAPS, RECONNECTS, SKIPPED
from memesnipe.consumers.sources.sessions import Pauses
from memesnipe.consumers.sources.wormhole_operations import told_in
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.errors import BadInput, Unavailable
from memesnipe.kernel.ids import derive
from memesnipe.kernel.logs import logger
from memesnipe.messages.market import BridgeTransfer

NAME = "wormholescan"
PAGE = 50
PAGES_MAX = 10
"""A poll after an absence reads at most so many pages; what lies behind them is a counted gap."""
TOLD_MAX = 2_000
LOOKED_AT_MAX = 10_000


class Cursor(msgspec.Struct, frozen=True):
    """The newest operation told or passed over (nanoseconds; 0: none yet, start from now), and the event ids told lately, with times."""

    time_ns: int = 0
    told: dict[str, int] = {}


class _Page(msgspec.Struct, frozen=True):
    operations: Annotated[tuple[msgspec.Raw, ...], Meta(max_length=1_000)]


_PAGE = msgspec.json.Decoder(_Page)


class Wormholescan:
    """See `consumers.api.Source`."""

    name = NAME

    def __init__(self, transport: Transport, clock: Clock, pauses: Pauses, bounds: Bounds, interval_s: float) -> None:
        self._transport, self._clock, self._bounds = transport, clock, bounds
        self._pauses, self._interval_s = pauses, interval_s
        self._looked_at: Recent[None] = Recent(LOOKED_AT_MAX)
        self._told: Recent[int] = Recent(TOLD_MAX)
        self._newest_ns = 0

    async def deliveries(self, cursor: bytes) -> AsyncIterator[Delivery]:
        """Deliver for ever. Without a cursor the first poll only learns what is there: the feed starts from now."""
        self._resume(cursor_of(NAME, cursor, Cursor()))
        try:
            async for delivery in self._polls():
                yield delivery
        finally:
            await self._transport.close()

    async def _polls(self) -> AsyncIterator[Delivery]:
        failures = 0
        while True:
            try:
                yield await self._polled()
                failures = 0
            except (Unavailable, BadInput) as error:
                failures += 1
                RECONNECTS.labels(NAME).inc()
                logger().warning("feed_lost", source=NAME, error=type(error).__name__)
                yield Delivery(NAME, bad=(error,) if isinstance(error, BadInput) else ())
            await asyncio.sleep(max(self._interval_s, self._pauses.after(failures)) if failures else self._interval_s)

    def _resume(self, cursor: Cursor) -> None:
        self._newest_ns = cursor.time_ns
        for event_id, time_ns in cursor.told.items():
            self._told.put(event_id, time_ns)
        if cursor.time_ns and cursor.time_ns < self._horizon_ns():
            GAPS.labels(NAME, "unfilled").inc()
            logger().error("gap_unfilled", source=NAME, missing_s=(self._horizon_ns() - cursor.time_ns) // NS_PER_S)

    def _horizon_ns(self) -> int:
        return self._clock.now_ns() - self._bounds.age_ns_max

    async def _polled(self) -> Delivery:
        """Read pages until one holds something known, and say what is new in them. Raises Unavailable, BadInput."""
        first = self._newest_ns == 0
        fresh: list[bytes] = []
        for page in range(PAGES_MAX):
            records = await self._page(page)
            new = [record for record in records if derive(record) not in self._looked_at]
            fresh += new
            if first or len(new) < len(records) or len(records) < PAGE or self._reaches_back(new):
                break
        else:
            GAPS.labels(NAME, "unfilled").inc()
        return self._news(fresh, publish=not first)

    async def _page(self, page: int) -> list[bytes]:
        reply = await self._transport.get("/api/v1/operations", {"page": page, "pageSize": PAGE}, call="operations")
        if reply.status != 200:
            raise BadInput("status", f"HTTP {reply.status}")
        try:
            return [bytes(raw) for raw in _PAGE.decode(reply.body).operations]
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise BadInput("operations", str(error)) from None

    def _reaches_back(self, records: list[bytes]) -> bool:
        """Whether the page goes back past all that is looked at, or to what was told in an earlier life."""
        for record in records:
            transfer = _transfer_in(record)
            if transfer is not None and (transfer.time_ns < self._horizon_ns() or transfer.event_id in self._told):
                return True
        return False

    def _news(self, records: list[bytes], *, publish: bool) -> Delivery:
        events, bad = list[BridgeTransfer](), list[BadInput]()
        for record in reversed(records):  # the host tells the newest first
            self._looked_at.put(derive(record), None)
            try:
                events += self._new_in(record)
            except BadInput as error:
                bad.append(error)
        self._newest_ns = self._newest_ns or self._clock.now_ns()  # an empty first page is a start, too
        return Delivery(NAME, tuple(events) if publish else (), self._cursor() if records or not publish else b"", tuple(bad))

    def _new_in(self, record: bytes) -> list[BridgeTransfer]:
        """Return the transfer in a record if nobody was told of it, and note it. Raises BadInput."""
        told, now_ns = told_in(record), self._clock.now_ns()
        transfer = told.transfer
        if transfer is None:
            SKIPPED.labels(NAME, told.skipped).inc()
            return []
        if not (transfer.time_ns <= now_ns + self._bounds.future_ns_max):
            raise BadInput("sourceChain.timestamp", f"{(transfer.time_ns - now_ns) / NS_PER_S:.1f} s in the future")
        if transfer.event_id in self._told:
            DUPLICATES.labels(NAME).inc()
            return []
        if transfer.time_ns < self._horizon_ns():  # it may have been told and forgotten
            SKIPPED.labels(NAME, "old").inc()
            return []
        self._newest_ns = max(self._newest_ns, transfer.time_ns)
        self._told.put(transfer.event_id, transfer.time_ns)
        return [msgspec.structs.replace(transfer, time_ns=now_ns)]

    def _cursor(self) -> bytes:
        horizon_ns = self._horizon_ns()
        return msgspec.json.encode(Cursor(self._newest_ns, {key: time_ns for key, time_ns in self._told.items() if time_ns >= horizon_ns}))


def _transfer_in(record: bytes) -> BridgeTransfer | None:
    try:
        return told_in(record).transfer
    except BadInput:
        return None
