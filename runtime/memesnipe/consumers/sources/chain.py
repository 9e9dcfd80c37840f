"""The pump.fun program as it trades, on localnet or for real: one subscription that comes back, with the gap filled over RPC.

Order of things after each connect: subscribe first, THEN read the history since the cursor, then the notices that queued up meanwhile.
So nothing falls between history and stream; what is in both has the same event id and goes through once.
"""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from websockets.asyncio.client import ClientConnection

from memesnipe.consumers.api import Delivery
from memesnipe.consumers.chain_reader import ChainReader, Line
from memesnipe.consumers.cursors import cursor_of
from memesnipe.consumers.metrics import GAPS, TRUNCATED_LOGS
from memesnipe.consumers.sources.sessions import Pauses, Wire, connected, heard, sessions
from memesnipe.consumers.sources.subscription import Notice, Subscribed, notice_of, subscribe
from memesnipe.kernel.errors import BadInput, Refused
from memesnipe.kernel.logs import logger
from memesnipe.market.pumpfun_events import CompleteSeen
from memesnipe.market.pumpfun_ticks import event_of
from memesnipe.market.transactions import PUMP_PROGRAM, events_in
from memesnipe.messages.market import MarketEvent

NAME = "chain"
BACKOFF_S = (0.2, 30.0)
"""Shorter than for other sources: while this one is away nothing is priced."""
FILL_AT_ONCE = 16


class Cursor(msgspec.Struct, frozen=True):
    """The newest transaction whose events were published."""

    signature: str = ""
    slot: int = 0


class ChainFeed:
    """See `consumers.api.Source`."""

    name = NAME

    def __init__(self, wire: Wire, reader: ChainReader, commitment: str, gap_transactions_max: int) -> None:
        self._wire, self._reader = wire, reader
        self._commitment, self._gap_transactions_max = commitment, gap_transactions_max
        self._at = Cursor()

    async def deliveries(self, cursor: bytes) -> AsyncIterator[Delivery]:
        """Deliver for ever; a lost connection costs a reconnect and a filled gap."""
        self._at = cursor_of(NAME, cursor, Cursor())
        async for delivery in sessions(NAME, self._session, Pauses(self._wire)):
            yield delivery

    async def _session(self) -> AsyncIterator[Delivery]:
        # An unbounded queue: what arrives while the gap is being filled waits here, it must not stall the host's side.
        async with connected(self._wire.url, self._wire, queued=None) as socket:
            subscribed = await subscribe(socket, PUMP_PROGRAM, self._commitment)
            async for delivery in self._missed():
                yield delivery
            async for raw in _messages(subscribed, socket, self._wire):
                noticed = self._noticed(raw, subscribed)
                if noticed is not None:
                    yield noticed

    def _noticed(self, raw: bytes, subscribed: Subscribed) -> Delivery | None:
        try:
            notice = notice_of(raw, subscribed.id)
        except BadInput as error:
            return Delivery(NAME, bad=(error,))
        if notice is None:
            return None
        self._at = Cursor(notice.signature, notice.slot)
        return _delivery(notice)

    async def _missed(self) -> AsyncIterator[Delivery]:
        """Deliver what happened since the cursor. What the host refuses to tell stays a counted gap: the stream goes on."""
        if not self._at.signature:
            return
        lines = await self._history()
        for start in range(0, len(lines), FILL_AT_ONCE):
            chunk = lines[start : start + FILL_AT_ONCE]
            for line, delivery in zip(chunk, await asyncio.gather(*map(self._told, chunk)), strict=True):
                self._at = Cursor(line.signature, line.slot)
                yield delivery

    async def _history(self) -> tuple[Line, ...]:
        try:
            history = await self._reader.since(PUMP_PROGRAM, self._at.signature, self._at.slot, self._gap_transactions_max)
        except (Refused, BadInput) as error:
            GAPS.labels(NAME, "unfilled").inc()
            logger().error("gap_unfilled", source=NAME, error=str(error))
            return ()
        if history.lines:
            GAPS.labels(NAME, "filled" if history.whole else "unfilled").inc()
        return history.lines

    async def _told(self, line: Line) -> Delivery:
        if line.err is not None:
            return Delivery(NAME)
        try:
            landed = await self._reader.transaction(line.signature)
            extracted = events_in(landed.transaction, landed.meta) if landed else None
        except (BadInput, Refused) as error:
            return _bad(line, str(error))
        return _delivery(Notice(line.signature, line.slot, extracted)) if extracted else _bad(line, "the host does not have it")


async def _messages(subscribed: Subscribed, socket: ClientConnection, wire: Wire) -> AsyncIterator[bytes]:
    """Yield what came while the acknowledgement was waited for, then what comes."""
    for raw in subscribed.early:
        yield raw
    while True:
        yield await heard(socket, wire)


def _bad(line: Line, reason: str) -> Delivery:
    return Delivery(NAME, bad=(BadInput("transaction", f"{line.signature}: {reason}"),))


def _delivery(notice: Notice) -> Delivery:
    """Return the market events of one transaction, with the cursor that covers it."""
    events: list[MarketEvent] = []
    bad = list(notice.extracted.bad)
    if notice.extracted.truncated:
        TRUNCATED_LOGS.inc()
    for ordinal, seen in enumerate(notice.extracted.seen):
        try:
            event = event_of(seen, notice.signature, ordinal, notice.slot)
        except BadInput as error:
            bad.append(error)
        else:
            events += [event] if event else []
    migrated = tuple(seen.mint for seen in notice.extracted.seen if isinstance(seen, CompleteSeen))
    cursor = msgspec.json.encode(Cursor(notice.signature, notice.slot))
    return Delivery(NAME, tuple(events), cursor, tuple(bad), migrated)
