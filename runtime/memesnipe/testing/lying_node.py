"""An RPC host that lies: it hands everything on to an honest one and changes the answers it was told to change.

For what a node can do to whoever believes it alone. Sends and all other calls pass through, so the chain behind it is the real one.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, web

from memesnipe.testing.served import served

Json = Any
Lie = Callable[[Json], Json]
"""An honest result -> what is said in its place."""


class LyingNode:
    """The host behind it, and its lies by method; they may be changed while it runs."""

    def __init__(self, honest: str, session: ClientSession) -> None:
        self.base = ""
        self.lies: dict[str, Lie] = {}
        self.swallows: dict[str, int] = {}
        """How many of the next calls of a method are answered as if they were done, and go no further."""
        self.silent = False
        """True: it answers nothing but 503."""
        self._honest, self._session = honest, session

    async def answer(self, request: web.Request) -> web.Response:
        """Hand on, and lie."""
        if self.silent:
            raise web.HTTPServiceUnavailable
        asked = json.loads(await request.text())
        method = asked.get("method", "")
        if self.swallows.get(method, 0) > 0:
            self.swallows[method] -= 1
            return web.json_response({"jsonrpc": "2.0", "id": asked.get("id"), "result": "done"})
        async with self._session.post(self._honest + request.path, json=asked) as response:
            told = await response.json()
        lie = self.lies.get(method)
        if lie is not None and "result" in told:
            told["result"] = lie(told["result"])
        return web.json_response(told)


@asynccontextmanager
async def lying_node(honest: str) -> AsyncIterator[LyingNode]:
    """Run one in front of the host at `honest`, on a free port."""
    async with ClientSession() as session:
        node, app = LyingNode(honest, session), web.Application()
        app.router.add_post("/{path:.*}", node.answer)
        async with served(app) as node.base:
            yield node


def hiding() -> dict[str, Lie]:
    """Return the lies that make a landed transaction look dead: far heights, a dead blockhash, an empty history."""
    return {
        "getBlockHeight": lambda height: height + 10_000,
        "isBlockhashValid": lambda told: {**told, "value": False},
        "getSignatureStatuses": lambda told: {**told, "value": [None for _ in told["value"]]},
        "getTransaction": lambda told: None,
    }
