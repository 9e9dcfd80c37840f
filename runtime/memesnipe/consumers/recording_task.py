"""Keeps disks away from the feed: events are handed over without waiting and written in a thread. Trading never waits for it."""

import asyncio
from collections.abc import Sequence

from memesnipe.consumers.metrics import RECORD_FAILURES, RECORDED
from memesnipe.kernel.clock import Clock
from memesnipe.kernel.logs import logger
from memesnipe.market.recorder import Recorder
from memesnipe.messages.market import MarketEvent

WAITING_MAX = 200_000
FLUSH_S = 1.0


class RecordingTask:
    """Holds events until the recorder's next turn. A disk that fails costs the recording, counted, and nothing else."""

    def __init__(self, recorder: Recorder, clock: Clock) -> None:
        self._recorder, self._clock = recorder, clock
        self._held: list[MarketEvent] = []

    def take(self, events: Sequence[MarketEvent]) -> None:
        """Accept events; beyond what fits they are dropped, counted."""
        if len(self._held) + len(events) > WAITING_MAX:
            RECORD_FAILURES.inc()
            return
        self._held.extend(events)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_S)
            await self._write()

    async def close(self) -> None:
        """Write what is left and finish the file."""
        await self._write()
        await self._guarded(self._recorder.close, self._clock.now_ns())

    async def _write(self) -> None:
        events, self._held = self._held, []
        await self._guarded(self._recorder.add, events, self._clock.now_ns())
        RECORDED.inc(len(events))

    async def _guarded(self, write: object, *arguments: object) -> None:
        try:
            await asyncio.to_thread(write, *arguments)  # type: ignore[arg-type]  # both are plain methods of the recorder
        except OSError as error:
            RECORD_FAILURES.inc()
            logger().error("not_recorded", error=type(error).__name__)
