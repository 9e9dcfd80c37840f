"""From deliveries to the market streams: admit, frame, publish, and only then move the cursors and tell the recorder.

A process killed between publishing and the cursor delivers the same events again after its restart. They have the same ids: the
intake knows them, because it starts from what the streams already hold.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from memesnipe.bus.api import Bus
from memesnipe.bus.topology import CURSOR_KEY, MARKET_STREAMS
from memesnipe.consumers.api import Delivery
from memesnipe.consumers.book import Book
from memesnipe.consumers.decide import Bounds, admit, remember
from memesnipe.consumers.frames import frames_of
from memesnipe.consumers.metrics import DUPLICATES, EVENTS, FRAMES, LAG_S
from memesnipe.consumers.rejected import Rejected
from memesnipe.consumers.watch import Watch
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.errors import BadInput, Unavailable
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.ids import derive
from memesnipe.kernel.logs import logger
from memesnipe.market.recording import kind_of
from memesnipe.messages.market import MarketEvent, MarketFrame

RECALL_MS = 600_000
"""How far back the streams are read at start; older events are too old to come again."""

Record = Callable[[Sequence[MarketEvent]], None]


class Publisher:
    """The one place where market frames are made."""

    def __init__(self, bus: Bus, clock: Clock, bounds: Bounds, rejected: Rejected, watch: Watch, record: Record) -> None:
        self._bus, self._clock, self._bounds = bus, clock, bounds
        self._rejected, self._watch, self._record = rejected, watch, record
        self._book = Book()

    async def recall(self) -> None:
        """Learn from the streams what was published before this process started."""
        after = f"{self._clock.now_ns() // 1_000_000 - RECALL_MS}-0"
        for stream in MARKET_STREAMS.values():
            for entry in await self._bus.fold(stream.name, after):
                for event in entry.message.events:
                    remember(self._book, event)

    async def publish(self, deliveries: Sequence[Delivery]) -> int:
        """Publish what may be believed of some deliveries; return how many events went out."""
        admitted = [event for delivery in deliveries for event in self._admitted(delivery)]
        failpoint("data_consumers.before_publish")
        for stream, frame in frames_of(admitted):
            await self._out(stream, frame)
        failpoint("data_consumers.after_publish")
        await self._keep_cursors(deliveries)
        failpoint("data_consumers.after_cursor")
        self._watch.see(admitted)
        self._record(admitted)
        return len(admitted)

    def _admitted(self, delivery: Delivery) -> list[MarketEvent]:
        now_ns, admitted = self._clock.now_ns(), []
        self._watch.migrate(delivery.migrated)
        for error in delivery.bad:
            self._rejected.keep(delivery.source, error, "", now_ns)
        for event in delivery.events:
            try:
                new = admit(self._book, event, now_ns, self._bounds)
            except BadInput as error:
                self._rejected.keep(delivery.source, error, event, now_ns)
                continue
            if new:
                admitted.append(event)
                EVENTS.labels(kind_of(event), delivery.source).inc()
                LAG_S.labels(delivery.source).set((now_ns - event.time_ns) / NS_PER_S)
            else:
                DUPLICATES.labels(delivery.source).inc()
        return admitted

    async def _out(self, stream: str, frame: MarketFrame) -> None:
        """Write a frame, however long the bus stays away: its key keeps a repeated write from counting twice."""
        key = derive("frame", *(event.event_id for event in frame.events))
        await self._insist(partial(self._bus.publish, stream, frame, key))
        FRAMES.labels(stream.rpartition(":")[2]).inc()

    async def _keep_cursors(self, deliveries: Sequence[Delivery]) -> None:
        for source, cursor in {delivery.source: delivery.cursor for delivery in deliveries if delivery.cursor}.items():
            await self._insist(partial(self._bus.put, CURSOR_KEY.format(source=source), cursor))

    async def _insist(self, write: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await write()
            except Unavailable as error:
                logger().warning("bus_away", detail=str(error))
                await asyncio.sleep(error.retry_after_s)
            else:
                return
