"""The edge of the executor: settings, the strategy's code, a connection, and the loop until it is asked to stop."""

import asyncio
import contextlib
from pathlib import Path

from memesnipe.bus.redis_bus import connect
from memesnipe.evidence.code import code_hash
from memesnipe.executor.loop import StrategyLoop
from memesnipe.executor.settings import ExecutorSettings
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.kernel.service import Running, run
from memesnipe.kernel.settings import load
from memesnipe.strategy import loading
from memesnipe.strategy.code import code_of
from memesnipe.strategy.loading import Plugin
from memesnipe.strategy.spec import read_spec


async def serve(running: Running, settings: ExecutorSettings) -> None:
    """Run one strategy until asked to stop. Raises ConfigError for a spec, plugin or parameter that is wrong."""
    if not settings.strategy_file:
        raise ConfigError("MEMESNIPE_STRATEGY_FILE: must be the path of a strategy's spec")
    spec = read_spec(Path(settings.strategy_file))
    plugin = loading.load(spec.plugin, loading.folders_of(settings.strategies_path))
    code = hash_of(plugin)
    bus = await connect(settings, running.clock, service="executor", consumer=spec.id)
    try:
        loop = StrategyLoop(bus, running.clock, settings, spec, plugin, code)
        await loop.start()
        running.health.ready(True)
        seated = {"version": plugin.kind.version, "spec_hash": spec.spec_hash, "code_hash": code}
        logger().info("strategy_seated", strategy=spec.id, plugin=spec.plugin, **seated)
        await _turns(running, loop)
    finally:
        await bus.close()


def hash_of(plugin: Plugin) -> str:
    """Return the hash of the code as it is on disk now that it is loaded; empty, and a log line, where it cannot be read.

    After loading, not before: a file that was written in between says that newer code runs than does, which gets less, never more.
    """
    try:
        return code_hash(code_of(plugin))
    except (OSError, ValueError) as error:
        logger().error("code_unknown", plugin=plugin.name, reason=str(error))
        return ""


async def _turns(running: Running, loop: StrategyLoop) -> None:
    while not running.stop.is_set():
        try:
            await loop.turn()
        except Unavailable as error:
            running.health.ready(False, str(error))
            await asyncio.sleep(error.retry_after_s)
            await _restart(running, loop)
    with contextlib.suppress(Unavailable):  # what is not committed now is given again to the next start
        await loop.flush()


async def _restart(running: Running, loop: StrategyLoop) -> None:
    """After an outage nobody knows whether the last commit landed: take up the stored state, and what is still pending."""
    try:
        await loop.start()
        running.health.ready(True)
    except Unavailable as error:
        logger().warning("still_unavailable", detail=str(error))


def main() -> int:
    """Run the service from its environment."""
    settings = load(ExecutorSettings)
    return run("executor", settings, lambda running: serve(running, settings))
