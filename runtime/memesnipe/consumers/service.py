"""The edge of data_consumers: build the sources, read them side by side, publish what came together, stop cleanly."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

from memesnipe.bus.api import Bus
from memesnipe.bus.redis_bus import connect
from memesnipe.bus.topology import CURSOR_KEY
from memesnipe.chain.clients.jupiter import Jupiter
from memesnipe.chain.clients.limits import Rate
from memesnipe.chain.clients.transport import Transport
from memesnipe.consumers.api import Delivery
from memesnipe.consumers.chain_reader import ChainReader
from memesnipe.consumers.decide import Bounds
from memesnipe.consumers.frames import EVENTS_MAX
from memesnipe.consumers.launches import LaunchDesk, Once
from memesnipe.consumers.publisher import Publisher
from memesnipe.consumers.recording_task import RecordingTask
from memesnipe.consumers.rejected import Rejected
from memesnipe.consumers.replay import Replay, events_of
from memesnipe.consumers.settings import ConsumerSettings
from memesnipe.consumers.sources.configured import Feeding, Parts, sources
from memesnipe.consumers.sources.outside import LOOPBACK
from memesnipe.consumers.token_checks import TokenChecks
from memesnipe.consumers.watch import Watch
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.service import Running, run
from memesnipe.kernel.settings import load
from memesnipe.market.recorder import Recorder
from memesnipe.messages.market import Launch

NAME = "data_consumers"
KEYLESS_PER_S, KEYED_PER_S, OWN_PER_S = 0.5, 1.0, 200.0
"""What Jupiter grants without a key and with the smallest one; a host on this machine is the localnet, and ours to ask."""
DELIVERIES_MAX = 50_000
"""Deliveries that wait for the bus; beyond, the feed itself waits, and the host's buffer is next."""


async def serve(running: Running, settings: ConsumerSettings) -> None:
    """Run the sources that the settings ask for. Raises ConfigError for settings that contradict each other."""
    replaying = settings.source == "recording"
    if replaying != (settings.clock == "replay"):
        raise ConfigError("MEMESNIPE_SOURCE: a recording needs MEMESNIPE_CLOCK=replay, and only a recording can have it")
    events = events_of(settings.recording) if replaying else []
    bus = await connect(settings, running.clock, service=NAME)
    try:
        if replaying:
            running.health.ready(True)
            await Replay(bus, running.clock, events, settings.replay_speed, running.stop).run()
            await running.stop.wait()
        else:
            await Live(running, settings, bus).run()
    finally:
        await bus.close()


class Live:
    """Sources into one queue, one publisher out of it."""

    def __init__(self, running: Running, settings: ConsumerSettings, bus: Bus) -> None:
        self._running, self._bus = running, bus
        self._queue: asyncio.Queue[Delivery] = asyncio.Queue(DELIVERIES_MAX)
        self._watch = Watch(mint for mint in settings.watch_mints.split(",") if mint)
        self._rpc = Transport("rpc", settings.rpc_url, rate=Rate(settings.rpc_per_s, burst=max(1, int(settings.rpc_per_s)), reserved=0))
        self._jupiter = _jupiter(settings)
        reader = ChainReader(self._rpc, settings.commitment)
        bounds = Bounds(settings.event_age_s_max * NS_PER_S, settings.event_future_s_max * NS_PER_S)
        checks = TokenChecks(reader, self._jupiter, settings.quote_taker, settings.token_check_s_max)
        check = Once(checks.checked).checked if settings.token_checks else _unchecked
        self._feeds = tuple(sources(Parts(settings, running.clock, bounds, reader, self._jupiter, self._watch, check)))
        folder = Path(settings.data_dir) / "recordings"
        self._recording = RecordingTask(Recorder(folder), running.clock) if settings.record else None
        record = self._recording.take if self._recording else _unrecorded
        self._publisher = Publisher(bus, running.clock, bounds, Rejected(folder / "rejected.jsonl"), self._watch, record)

    async def run(self) -> None:
        """Run until asked to stop; then publish what is in hand."""
        await self._publisher.recall()
        async with asyncio.TaskGroup() as group:
            feeding = [group.create_task(self._feed(one)) for one in self._feeds]
            feeding += [group.create_task(self._recording.run())] if self._recording else []
            publishing = group.create_task(self._publish())
            self._running.health.ready(True)
            await self._running.stop.wait()
            for task in feeding:
                task.cancel()
            await _drained(self._queue)
            publishing.cancel()
        await self._close()

    async def _feed(self, feeding: Feeding) -> None:
        source, desk = feeding.source, LaunchDesk(feeding.check, self._queue.put)
        cursor = await self._bus.get(CURSOR_KEY.format(source=source.name)) or b""
        async for delivery in source.deliveries(cursor):
            await desk.take(delivery)

    async def _publish(self) -> None:
        """Publish whatever has come by now, together: a lone event never waits, a burst never goes one by one."""
        while True:
            deliveries = [await self._queue.get()]
            await asyncio.sleep(0)
            events = len(deliveries[0].events)
            while events < EVENTS_MAX and not self._queue.empty():
                deliveries.append(self._queue.get_nowait())
                events += len(deliveries[-1].events)
            await self._publisher.publish(deliveries)
            for _ in deliveries:
                self._queue.task_done()

    async def _close(self) -> None:
        if self._recording:
            await self._recording.close()
        await self._rpc.close()
        await self._jupiter.close()


def _jupiter(settings: ConsumerSettings) -> Jupiter:
    url = settings.jupiter_url or settings.rpc_url
    ours = urlsplit(url).hostname in LOOPBACK
    per_s = settings.jupiter_per_s or (OWN_PER_S if ours else KEYED_PER_S if settings.jupiter_api_key else KEYLESS_PER_S)
    return Jupiter.at(url, settings.jupiter_api_key, Rate(per_s, burst=max(1, int(per_s)), reserved=0))


async def _drained(queue: "asyncio.Queue[Delivery]", wait_s_max: float = 3.0) -> None:
    try:
        async with asyncio.timeout(wait_s_max):
            await queue.join()
    except TimeoutError:
        return  # the bus is away; what is left comes again after the restart, from the cursor


async def _unchecked(launch: Launch) -> Launch:
    return launch


def _unrecorded(events: object) -> None:
    """Recording is off."""


def main() -> int:
    """Run data_consumers; return the exit code."""
    settings = load(ConsumerSettings)

    async def work(running: Running) -> None:
        await serve(running, settings)

    return run(NAME, settings, work)
