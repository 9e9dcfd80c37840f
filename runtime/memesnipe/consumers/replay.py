"""A recording as the market: one event at a time, the next one only when every stage has nothing left to do.

So the same recording gives the same decisions on every run, however fast the machine. Before the first event the whole system must be
there: configuration, capital, and the groups of all readers; else the first trades would be seen by some and not by others.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from memesnipe.bus.api import Bus
from memesnipe.bus.folds import latest_config
from memesnipe.bus.topology import ALLOCATION, ALLOCATIONS, CONFIG, CURSOR_KEY, MARKET_STREAMS
from memesnipe.consumers.metrics import EVENTS
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.errors import BadInput, ConfigError, Unavailable
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.market import recording
from memesnipe.market.recording import kind_of
from memesnipe.messages.control import ConfigApplied
from memesnipe.messages.market import MarketEvent, MarketFrame

NAME = "recording"
DONE_KEY = "replay:done"
"""Number of events published; there when all of them were traded on."""
PROGRESS_KEY = "replay:progress"
PROGRESS_EVERY = 25
POLL_S = (0.0005, 0.01)
PAUSE_S_MAX = 60.0


def events_of(path: str) -> list[MarketEvent]:
    """Return a recording's events. Raises ConfigError when there is none or it cannot be read."""
    if not path:
        raise ConfigError("MEMESNIPE_RECORDING: names no recording")
    try:
        events = list(recording.read(Path(path)))
    except BadInput as error:
        raise ConfigError(f"MEMESNIPE_RECORDING: {error}") from None
    if not events:
        raise ConfigError(f"MEMESNIPE_RECORDING: {path} holds no events")
    return events


class Replay:
    """Publishes a recording's events, each when the one before it has been dealt with."""

    def __init__(self, bus: Bus, clock: Clock, events: Sequence[MarketEvent], speed: float, stop: asyncio.Event) -> None:
        self._bus, self._clock, self._events, self._speed, self._stop = bus, clock, events, speed, stop

    async def run(self) -> bool:
        """Publish all events; return whether the end was reached (False: asked to stop)."""
        done = int(await self._bus.get(_CURSOR) or 0)
        await self._until_ready()
        for at in range(done, len(self._events)):
            await self._pace(at)
            if not await self._until_settled():
                return False
            await self._publish(at)
        if not await self._until_settled():
            return False
        await self._bus.put(PROGRESS_KEY, f"{len(self._events)}/{len(self._events)}".encode())
        await self._bus.put(DONE_KEY, str(len(self._events)).encode())
        logger().info("replay_done", events=len(self._events))
        return True

    async def _publish(self, at: int) -> None:
        """Publish one event. Its id is its key: after a crash before the cursor moved, the second publication is dropped."""
        event = self._events[at]
        self._clock.observe(event.time_ns)
        await self._bus.publish(MARKET_STREAMS[kind_of(event)].name, MarketFrame((event,)), f"{event.event_id}:{at}")
        failpoint("data_consumers.replay_published")
        await self._bus.put(_CURSOR, str(at + 1).encode())
        EVENTS.labels(kind_of(event), NAME).inc()
        if at % PROGRESS_EVERY == 0:
            await self._bus.put(PROGRESS_KEY, f"{at + 1}/{len(self._events)}".encode())

    async def _pace(self, at: int) -> None:
        if self._speed > 0 and at > 0:
            gap_s = max(0, self._events[at].time_ns - self._events[at - 1].time_ns) / NS_PER_S / self._speed
            await asyncio.sleep(min(gap_s, PAUSE_S_MAX))

    async def _until_ready(self) -> None:
        """Capital is the last thing to come, to each strategy by its own stream; groups are waited for by `settled`."""
        while not self._stop.is_set():
            config = latest_config(None, await self._bus.fold(CONFIG.name))
            if config is not None and await self._funded(config):
                return
            await asyncio.sleep(POLL_S[1])

    async def _funded(self, config: ConfigApplied) -> bool:
        if not await self._bus.fold(ALLOCATIONS.name):
            return False
        return all([await self._bus.fold(ALLOCATION.of(one.id)) for one in config.strategies if not one.paused])

    async def _until_settled(self) -> bool:
        """Return True once every stage is at rest, False when asked to stop first."""
        pause_s = POLL_S[0]
        while not self._stop.is_set():
            try:
                if await self._bus.settled():
                    return True
            except Unavailable as error:
                logger().warning("bus_away", detail=str(error))
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, POLL_S[1])
        return False


_CURSOR = CURSOR_KEY.format(source=NAME)
