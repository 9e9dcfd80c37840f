"""The life of a service, written once: settings, logs, health, uvloop, SIGTERM, and an exit code that tells why it ended."""

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine

import msgspec

from memesnipe.kernel.clock import Clock, EventClock, SystemClock
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.kernel.health import Health, serve_health
from memesnipe.kernel.logs import configure, logger
from memesnipe.kernel.settings import CommonSettings

EXIT_CONFIG = 78  # EX_CONFIG: the supervisor must not restart what can only fail again
EXIT_FAILED = 70
WAITED_FOR = "redis"
"""The part that a service waits for at its start. For any other the process ends, so that somebody looks."""


class Running(msgspec.Struct, frozen=True):
    """What the harness hands to a service's main."""

    name: str
    clock: Clock
    health: Health
    stop: asyncio.Event
    """Set on SIGTERM or SIGINT: finish the batch in hand, then return."""


def clock_for(settings: CommonSettings) -> Clock:
    """Return the clock that the settings ask for. Raises ConfigError on any other word."""
    clocks: dict[str, Callable[[], Clock]] = {"system": SystemClock, "replay": EventClock}
    if settings.clock not in clocks:
        raise ConfigError(f"MEMESNIPE_CLOCK: must be one of {', '.join(clocks)}, not {settings.clock!r}")
    return clocks[settings.clock]()


def run(name: str, settings: CommonSettings, main: Callable[[Running], Awaitable[None]]) -> int:
    """Run `main` until it returns or a signal asks it to; return the process's exit code."""
    configure(name, level=settings.log_level)
    try:
        return _runner()(_serve(name, settings, main))
    except ConfigError as error:
        logger().error("config_error", detail=str(error))
        return EXIT_CONFIG
    except Exception:
        logger().exception("service_failed")
        return EXIT_FAILED


async def _serve(name: str, settings: CommonSettings, main: Callable[[Running], Awaitable[None]]) -> int:
    # What was imported lives for ever: kept out of the collector's sight, it no longer costs tens of milliseconds in mid-order.
    gc.collect()
    gc.freeze()
    running = Running(name, clock_for(settings), Health(name), asyncio.Event())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.stop.set)
    stop_health = serve_health(running.health, settings.health_host, settings.health_port) if settings.health_port else None
    beating = asyncio.create_task(_beat(running.health))
    logger().info("started", clock=settings.clock, paper=settings.paper_trading_mode)
    try:
        await _until_stopped(main, running)
    finally:
        beating.cancel()
        running.health.ready(False, "stopped")
        if stop_health is not None:
            await asyncio.to_thread(stop_health)
        logger().info("stopped")
    return 0


async def _until_stopped(main: Callable[[Running], Awaitable[None]], running: Running, grace_s: float = 8.0) -> None:
    working = asyncio.ensure_future(_once_all_is_there(main, running))
    stopping = asyncio.create_task(running.stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        # Work that does not end in time is cut: every step is durable before it is acted on, so a cut is only a kill.
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(working, grace_s)
        return
    working.result()


async def _once_all_is_there(main: Callable[[Running], Awaitable[None]], running: Running) -> None:
    """Where everything starts at once, Redis may come later than we do: it is waited for, rather than died of again and again."""
    while True:
        try:
            return await main(running)
        except Unavailable as error:
            if error.part != WAITED_FOR or running.health.was_ready or running.stop.is_set():
                raise
            logger().warning("waiting", detail=str(error))
            running.health.ready(False, str(error))
            await asyncio.sleep(error.retry_after_s)


async def _beat(health: Health) -> None:
    while True:
        health.beat()
        await asyncio.sleep(1.0)


def _runner() -> Callable[[Coroutine[object, object, int]], int]:
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run


def exit_with(code: int) -> None:
    """Flush and leave with `code`."""
    sys.stderr.flush()
    raise SystemExit(code)
