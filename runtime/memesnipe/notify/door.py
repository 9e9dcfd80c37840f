"""The one way in, for alerts: Alertmanager's webhook at POST /alerts, and Prometheus itself at POST /api/v2/alerts, as to an Alertmanager.

Each answers 200 once the alerts are kept, 503 where they cannot be (Prometheus says them again by itself), and 400 to what is none of its
requests.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

from aiohttp import web

from memesnipe.bus.api import StaleState
from memesnipe.kernel.errors import BadInput, ConfigError, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.notify import metrics
from memesnipe.notify.alerts import BYTES_MAX, Alert, of_alertmanager, of_prometheus

Read = Callable[[bytes, int], Sequence[Alert]]
"""Body of a request, time (ns) -> its alerts. Raises BadInput."""
Say = Callable[[Sequence[Alert]], Awaitable[None]]
WAYS: Mapping[str, Read] = {"/alerts": of_alertmanager, "/api/v2/alerts": of_prometheus}


@asynccontextmanager
async def alerts_door(host: str, port: int, now_ns: Callable[[], int], say: Say) -> AsyncIterator[None]:
    """Answer while it is entered; port 0: no door. Raises ConfigError where the port is taken."""
    if not port:
        yield
        return
    app = web.Application(client_max_size=BYTES_MAX)
    for path, read in WAYS.items():
        app.router.add_post(path, partial(_answer, read, now_ns, say))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield
    finally:
        await runner.cleanup()


async def _answer(read: Read, now_ns: Callable[[], int], say: Say, request: web.Request) -> web.Response:
    try:
        await say(read(await request.read(), now_ns()))
    except BadInput as error:
        metrics.ALERTS.labels("bad_input").inc()
        logger().warning("alerts_refused", detail=str(error))
        return web.Response(status=400, text=f"{error}\n")
    except (Unavailable, StaleState) as error:
        metrics.ALERTS.labels("unavailable").inc()
        logger().warning("alerts_put_off", detail=str(error))
        return web.Response(status=503, text="not kept: say it again\n")
    metrics.ALERTS.labels("noted").inc()
    return web.Response(text="noted\n")


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise ConfigError(f"MEMESNIPE_NOTIFY_ALERTS_PORT: cannot listen on {host}:{port}: {error.strerror}") from None
