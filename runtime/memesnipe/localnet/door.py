"""How the HTTP door misbehaves before a handler is asked and after it answered: refusals, silence, slowness."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from memesnipe.localnet.node import Node

Handler = Callable[[web.Request, Node], Awaitable[web.StreamResponse]]
OWN_PATHS = ("/localnet", "/health", "/readyz")
CLOSED_EVERY_S = 0.05
SILENT_S_MAX = 600.0


async def answer(request: web.Request, node: Node, handler: Handler) -> web.StreamResponse:
    """Return the handler's answer, unless a switch has it otherwise. The localnet's own doors and sockets always work."""
    if request.path.startswith(OWN_PATHS) or request.headers.get("Upgrade") is not None:
        return await handler(request, node)
    faults = node.faults
    if faults.take("too_many_requests"):
        raise web.HTTPTooManyRequests(headers={"Retry-After": "1"})
    if faults.take("too_many_requests_bare"):
        raise web.HTTPTooManyRequests
    if faults.take("unavailable"):
        raise web.HTTPServiceUnavailable
    if faults.take("silent_before"):
        return await _silence(request)
    silent = faults.take("silent_after")
    response = await handler(request, node)
    if silent:
        return await _silence(request)
    await asyncio.sleep(faults.switches.slow_ms / 1_000)
    return response


async def _silence(request: web.Request) -> web.Response:
    """Hold the connection until the client has had enough."""
    for _ in range(int(SILENT_S_MAX / CLOSED_EVERY_S)):
        if request.transport is None or request.transport.is_closing():
            break
        await asyncio.sleep(CLOSED_EVERY_S)
    return web.Response(status=504)
