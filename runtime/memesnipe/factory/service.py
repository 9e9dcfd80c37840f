"""The edge of strategy_factory: look, then wait for the interval, a SIGHUP or the stop.

It stays up, so that a strategy file put into a folder is registered within one interval, or at once on SIGHUP. A file that is
loaded again is read again; installed packages stay as they were imported until a restart.
"""

import asyncio
import signal

from memesnipe.bus.redis_bus import connect
from memesnipe.factory.registrar import Registrar
from memesnipe.factory.settings import FactorySettings
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.service import Running, run
from memesnipe.kernel.settings import load
from memesnipe.strategy import loading


async def serve(running: Running, settings: FactorySettings) -> None:
    """Look until asked to stop. Raises ConfigError for a folder that is not there."""
    folders = loading.folders_of(settings.strategies_path)
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
    bus = await connect(settings, running.clock, service="strategy_factory")
    try:
        registrar = Registrar(bus, running.clock, folders)
        while not running.stop.is_set():
            await _look(running, registrar)
            await _pause(running, asked, settings.factory_interval_s)
    finally:
        await bus.close()


async def _look(running: Running, registrar: Registrar) -> None:
    try:
        await registrar.look()
        running.health.ready(True)
    except Unavailable as error:
        running.health.ready(False, str(error))


async def _pause(running: Running, asked: asyncio.Event, interval_s: float) -> None:
    waits = [asyncio.create_task(asked.wait()), asyncio.create_task(running.stop.wait())]
    await asyncio.wait(waits, timeout=interval_s, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    asked.clear()


def main() -> int:
    """Run the service from its environment."""
    settings = load(FactorySettings)
    return run("strategy_factory", settings, lambda running: serve(running, settings))
