"""The pump.fun program as it trades, on localnet or for real: one subscription that comes back, with the gap filled over RPC.

Order of things after each connect: subscribe first, THEN read the history since the cursor, then the notices that queued up meanwhile.
So nothing falls between history and stream; what is in both has the same event id and goes through once.
"""

import asyncio
import random
from collections.abc import AsyncIterator

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from memesnipe.consumers.api import Delivery
from memesnipe.consumers.chain_reader import ChainReader, Line
from memesnipe.consumers.metrics import GAPS, RECONNECTS, TRUNCATED_LOGS
from memesnipe.consumers.sources.subscription import Notice, notice_of, subscribe
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.market.pumpfun_events import CompleteSeen
from memesnipe.market.pumpfun_ticks import event_of
from memesnipe.market.transactions import PUMP_PROGRAM, events_in
from memesnipe.messages.market import MarketEvent

NAME = "chain"
PING_S = 60
FRAME_BYTES_MAX = 16 << 20
BACKOFF_S = (0.2, 30.0)
FILL_AT_ONCE = 16


class Cursor(msgspec.Struct, frozen=True):
    """The newest transaction whose events were published."""

    signature: str = ""
    slot: int = 0


class Wire(msgspec.Struct, frozen=True):
    """Where and how to listen. The URL may hold an API key: never logged."""

    url: str
    commitment: str
    idle_s_max: float
    gap_transactions_max: int
    seed: int

    def __repr__(self) -> str:
        return "Wire()"


class ChainFeed:
    """See `consumers.api.Source`."""

    name = NAME

    def __init__(self, wire: Wire, reader: ChainReader) -> None:
        self._wire, self._reader = wire, reader
        self._at = Cursor()
        self._draw = random.Random(wire.seed)  # noqa: S311 - jitter, not a secret

    async def deliveries(self, cursor: bytes) -> AsyncIterator[Delivery]:
        """Deliver for ever; a lost connection costs a reconnect and a filled gap."""
        self._at, failures = _cursor_of(cursor), 0
        while True:
            try:
                async with self._connected() as socket:
                    async for delivery in self._session(socket):
                        failures = 0
                        yield delivery
            except (OSError, WebSocketException, TimeoutError, Unavailable) as error:
                failures += 1
                RECONNECTS.labels(NAME).inc()
                logger().warning("feed_lost", source=NAME, error=type(error).__name__)  # its text may hold the URL and its key
            await asyncio.sleep(self._pause_s(failures))

    def _connected(self) -> connect:
        # An unbounded queue: what arrives while the gap is being filled waits here, it must not stall the host's side.
        return connect(self._wire.url, ping_interval=PING_S, ping_timeout=PING_S, max_size=FRAME_BYTES_MAX, max_queue=None, proxy=None)

    async def _session(self, socket: ClientConnection) -> AsyncIterator[Delivery]:
        await subscribe(socket, PUMP_PROGRAM, self._wire.commitment)
        async for delivery in self._missed():
            yield delivery
        while True:
            async with asyncio.timeout(self._wire.idle_s_max):
                raw = await socket.recv()
            try:
                notice = notice_of(raw)
            except BadInput as error:
                yield Delivery(NAME, bad=(error,))
                continue
            if notice is not None:
                self._at = Cursor(notice.signature, notice.slot)
                yield _delivery(notice)

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
            history = await self._reader.since(PUMP_PROGRAM, self._at.signature, self._at.slot, self._wire.gap_transactions_max)
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

    def _pause_s(self, failures: int) -> float:
        first, longest = BACKOFF_S
        return min(longest, first * 2.0 ** max(0, failures - 1)) * self._draw.uniform(0.5, 1.0)


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


def _cursor_of(raw: bytes) -> Cursor:
    """A cursor that cannot be read is no cursor: the feed starts from now, and says so."""
    if not raw:
        return Cursor()
    try:
        return msgspec.json.decode(raw, type=Cursor)
    except (msgspec.ValidationError, msgspec.DecodeError):
        GAPS.labels(NAME, "unfilled").inc()
        logger().error("cursor_unreadable", source=NAME)
        return Cursor()
