"""notifier's edge: who is told, by which Redis, and for how long."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from memesnipe.bus.api import StaleState
from memesnipe.bus.redis_bus import connect
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.kernel.service import Running, run
from memesnipe.kernel.settings import load
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.notify.book import Book
from memesnipe.notify.destinations import destinations_in
from memesnipe.notify.door import alerts_door
from memesnipe.notify.notifier import STAGE, Notifier
from memesnipe.notify.settings import NotifySettings
from memesnipe.notify.summing import Summing

LOOK_S = 1.0
log = logger()


async def serve(settings: NotifySettings, running: Running) -> None:
    """Look and deliver until stopped; when Redis goes away, or another instance writes, start over from what is stored."""
    destinations = await asyncio.to_thread(destinations_in, settings.urls_file(), timeout_s=settings.notify_timeout_s)
    log.info("destinations", names=[one.name for one in destinations])
    engine = open_engine(ledger_url(settings.data_dir, settings.database_url))
    # A thread for each, and of our own: one that hangs leaves every other its thread, and the summary the loop's.
    with ThreadPoolExecutor(len(destinations), thread_name_prefix="destination") as threads:
        held = Book()
        while not running.stop.is_set():
            bus = await connect(settings, running.clock, service=STAGE)
            notifier = Notifier(bus, running, settings.terms(), destinations, threads, held)
            try:
                await _serve(notifier, settings, running, engine)
            except (Unavailable, StaleState) as error:
                running.health.ready(False, str(error))
                log.warning("unavailable", detail=str(error))
                await asyncio.sleep(LOOK_S)
            finally:
                held = notifier.book
                await bus.close()


async def _serve(notifier: Notifier, settings: NotifySettings, running: Running, engine: Engine) -> None:
    await notifier.take_up()
    async with alerts_door(settings.notify_alerts_host, settings.notify_alerts_port, running.clock.now_ns, notifier.say_alerts):
        delivering = [asyncio.create_task(notifier.deliver(one), name=one.name) for one in notifier.destinations]
        try:
            await _look_until_stopped(notifier, settings, running, engine, delivering)
        finally:
            for task in delivering:
                task.cancel()
            await asyncio.gather(*delivering, return_exceptions=True)


async def _look_until_stopped(
    notifier: Notifier, settings: NotifySettings, running: Running, engine: Engine, delivering: Sequence["asyncio.Task[None]"]
) -> None:
    summing = Summing(notifier, settings.notify_summary_hour_utc, running, engine)
    while not running.stop.is_set():
        await notifier.look()
        await summing.turn()
        for task in delivering:
            if task.done():
                task.result()  # it ends by an error alone
        running.health.ready(True)
        await asyncio.sleep(LOOK_S)


def main() -> int:
    """Run notifier; return its exit code."""
    settings = load(NotifySettings)
    return run(STAGE, settings, lambda running: serve(settings, running))
