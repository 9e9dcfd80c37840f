"""The server: every vendor's paths on one port, in front of one node."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from memesnipe.localnet import admin, door, jito, jupiter, rpc, subscriptions
from memesnipe.localnet.door import Handler
from memesnipe.localnet.node import Node
from memesnipe.localnet.settings import LocalnetSettings

NODE: web.AppKey[Node] = web.AppKey("node", Node)
BODY_BYTES_MAX = 4 * 1024 * 1024


def create_app(settings: LocalnetSettings) -> web.Application:
    """The application; its clock runs while it is served."""
    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app[NODE] = Node(settings)
    app.add_routes(ROUTES)
    app.cleanup_ctx.append(_clock)
    return app


async def serve(settings: LocalnetSettings) -> None:
    """Serve until SIGTERM or SIGINT; the last slot is on disk when it returns."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(create_app(settings), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, settings.host, settings.port, reuse_address=True).start()
    try:
        await stop.wait()
    finally:
        await runner.cleanup()


async def _clock(app: web.Application) -> AsyncIterator[None]:
    node = app[NODE]
    clock = asyncio.create_task(node.run())
    yield
    clock.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await clock
    node.close()


def _to(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await door.answer(request, request.app[NODE], handler)

    return handle


async def _root(request: web.Request, node: Node) -> web.StreamResponse:
    if request.headers.get("Upgrade", "").lower() == "websocket":
        return await subscriptions.handle(request, node)
    return web.json_response({"name": "memesnipe localnet", "genesisHash": node.genesis})


async def _health(request: web.Request, node: Node) -> web.StreamResponse:
    return web.Response(text="ok")


async def _bundles(request: web.Request, node: Node) -> web.StreamResponse:
    return await rpc.handle(request, node, jito.METHODS)


ROUTES = [
    web.get("/", _to(_root)),
    web.post("/", _to(rpc.handle)),
    web.get("/health", _to(_health)),
    web.get("/healthz", _to(_health)),
    web.get("/readyz", _to(_health)),
    web.post("/fast", _to(jito.sender)),
    web.get("/price/v3", _to(jupiter.price)),
    web.get("/swap/v2/build", _to(jupiter.build)),
    web.post("/api/v1/bundles", _to(_bundles)),
    web.post("/api/v1/getBundleStatuses", _to(_bundles)),
    web.post("/api/v1/getInflightBundleStatuses", _to(_bundles)),
    web.post("/api/v1/getTipAccounts", _to(_bundles)),
    web.post("/api/v1/transactions", _to(jito.transactions)),
    web.get("/api/v1/bundles/tip_floor", _to(jito.tip_floor)),
    web.get("/localnet/pools", _to(admin.list_pools)),
    web.post("/localnet/pool", _to(admin.set_pool)),
    web.post("/localnet/account", _to(admin.set_account)),
    web.post("/localnet/tick", _to(admin.tick)),
    web.get("/localnet/faults", _to(admin.get_faults)),
    web.post("/localnet/faults", _to(admin.set_faults)),
    web.get("/localnet/state", _to(admin.state)),
]
