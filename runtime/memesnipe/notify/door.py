"""The one way in: Alertmanager's webhook at POST /alerts. It answers 200 once the alerts are kept, 503 where they cannot be,
and 400 to what is none of its requests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from memesnipe.bus.api import StaleState
from memesnipe.kernel.errors import BadInput, ConfigError, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.notify import metrics
from memesnipe.notify.alerts import BYTES_MAX, notes_in
from memesnipe.notify.notes import Note

Say = Callable[[list[Note]], Awaitable[None]]


@asynccontextmanager
async def alerts_door(host: str, port: int, marker: Callable[[], str], now_ns: Callable[[], int], say: Say) -> AsyncIterator[None]:
    """Answer while it is entered; port 0: no door. Raises ConfigError where the port is taken."""
    if not port:
        yield
        return

    async def alerts(request: web.Request) -> web.Response:
        try:
            notes = notes_in(await request.read(), marker(), now_ns())
        except BadInput as error:
            metrics.ALERTS.labels("bad_input").inc()
            logger().warning("alerts_refused", detail=str(error))
            return web.Response(status=400, text=f"{error}\n")
        try:
            await say(notes)
        except (Unavailable, StaleState) as error:
            metrics.ALERTS.labels("unavailable").inc()
            logger().warning("alerts_put_off", detail=str(error))
            return web.Response(status=503, text="not kept: say it again\n")
        metrics.ALERTS.labels("noted").inc()
        return web.Response(text="noted\n")

    app = web.Application(client_max_size=BYTES_MAX)
    app.router.add_post("/alerts", alerts)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise ConfigError(f"MEMESNIPE_NOTIFY_ALERTS_PORT: cannot listen on {host}:{port}: {error.strerror}") from None
