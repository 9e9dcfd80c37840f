"""position_manager as a process: its parts, what runs beside its loop, and how it starts and ends."""

import asyncio

from memesnipe.bus.redis_bus import connect
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.service import Running, run
from memesnipe.kernel.settings import load
from memesnipe.ledger.engine import ledger_url
from memesnipe.positions.adopt import adopt_forever, wallet_of
from memesnipe.positions.following import GROUP
from memesnipe.positions.insist import insist
from memesnipe.positions.loop import Service
from memesnipe.positions.settings import PositionSettings
from memesnipe.positions.store import Store
from memesnipe.positions.token_watch import TokenWatch, host_of, watch_forever


async def serve(running: Running, settings: PositionSettings) -> None:
    """Start, then turn until told to stop."""
    bus = await connect(settings, running.clock, service=GROUP)
    store = Store(ledger_url(settings.data_dir, settings.database_url))
    service, host = Service(bus, running.clock, store, settings), host_of(settings)
    tasks: list[asyncio.Task[None]] = []
    try:
        await _started(running, store, service)
        tasks.append(asyncio.create_task(adopt_forever(store, settings, bus, running.clock)))
        if host is not None:
            watch = TokenWatch(host, lambda: {key[2] for key in service.book.open}, lambda: service.exit_limits, [wallet_of(settings)])
            service.worse_tokens = watch.worse
            tasks.append(asyncio.create_task(watch_forever(watch, settings.token_watch_s)))
        while not running.stop.is_set():
            await _turned(running, service)
    finally:
        for task in tasks:
            task.cancel()
        if host is not None:
            await host.close()
        await bus.close()
        store.close()


async def _started(running: Running, store: Store, service: Service) -> None:
    """Wait for ledger and bus: without them no position is known, and a position that is not known cannot be protected."""

    async def start() -> None:
        await store.migrate()
        await service.restore()

    running.health.ready(False, "waiting for the ledger and the bus")
    await insist(start)


async def _turned(running: Running, service: Service) -> None:
    try:
        working = await service.turn()
    except Unavailable as error:
        running.health.ready(False, str(error))
        await asyncio.sleep(error.retry_after_s)
    else:
        running.health.ready(working, "" if working else "no configuration was applied yet")


def main() -> int:
    """Run position_manager until it is told to stop; return the exit code."""
    settings = load(PositionSettings)
    return run(GROUP, settings, lambda running: serve(running, settings))
