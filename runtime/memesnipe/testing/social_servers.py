"""Hosts of the world outside, small and on this machine: Jetstream, PumpPortal and Wormholescan by their documented wire formats.

For tests and try-outs: set the source's address to `host.url`. They can be told to misbehave: `drop` breaks every connection as a network
does, and whatever text is handed to `tell` goes out as it is. Jetstream gives back its history from a cursor on, PumpPortal has none.
"""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

DID = "did:plc:z72i7hdynmk6r22z27h6tvur"
US_PER_S = 1_000_000


class SocketHost:
    """A WebSocket host: `async with JetstreamHost() as host`."""

    _server: Server

    def __init__(self) -> None:
        self.queries: list[dict[str, list[str]]] = []
        """One for each connection that was made."""
        self.sockets: set[ServerConnection] = set()
        self.history: list[str | bytes] = []

    async def __aenter__(self) -> Self:
        self._server = await serve(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.drop()
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """The address to set."""
        return f"ws://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}/subscribe"

    async def tell(self, *messages: str | bytes | dict[str, Any]) -> None:
        """Say this to everyone who listens, and keep it. Bytes go out as text, whether they are any or not."""
        for message in messages:
            text = message if isinstance(message, str | bytes) else json.dumps(message)
            self.history.append(text)
            for socket in list(self.sockets):
                await _sent(socket, text)

    async def drop(self) -> None:
        """Break every connection without a word."""
        for socket in list(self.sockets):
            socket.transport.abort()
            await socket.wait_closed()

    async def listened_to(self, count: int = 1) -> None:
        """Return once so many connections were made in all, and the last one listens."""
        async with asyncio.timeout(30):
            while not (len(self.queries) >= count and self.sockets):  # noqa: ASYNC110 - a test's condition
                await asyncio.sleep(0.01)

    async def _connected(self, socket: ServerConnection) -> None:
        query = parse_qs(urlsplit(socket.request.path).query) if socket.request else {}
        await self._greeted(socket, query)
        self.sockets.add(socket)
        self.queries.append(query)
        try:
            await socket.wait_closed()
        finally:
            self.sockets.discard(socket)

    async def _greeted(self, socket: ServerConnection, query: dict[str, list[str]]) -> None:
        """What a host does before it tells news."""


class JetstreamHost(SocketHost):
    """Replays from `cursor` on, the message AT the cursor included: a client must know what it had already."""

    async def _greeted(self, socket: ServerConnection, query: dict[str, list[str]]) -> None:
        if cursor := query.get("cursor"):
            for text in list(self.history):
                if _time_us(text) >= int(cursor[0]):
                    await _sent(socket, text)


class PumpPortalHost(SocketHost):
    """Acknowledges `subscribeNewToken`, then tells what is new."""

    async def _greeted(self, socket: ServerConnection, query: dict[str, list[str]]) -> None:
        asked = json.loads(await socket.recv())
        known = asked.get("method") == "subscribeNewToken"
        await _sent(
            socket, json.dumps({"message": "Successfully subscribed to token creation events."} if known else {"errors": "unknown"})
        )


class WormholescanHost:
    """`GET /api/v1/operations`, newest first, by pages. `failures`: status codes to answer with before it works again."""

    def __init__(self) -> None:
        self.operations: list[Any] = []
        self.failures: list[int] = []
        self.polls = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/api/v1/operations", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def polled(self, more: int = 1) -> None:
        """Return once it was asked so many more times."""
        wanted = self.polls + more
        async with asyncio.timeout(30):
            while self.polls < wanted:  # noqa: ASYNC110 - a test's condition
                await asyncio.sleep(0.01)

    async def _answer(self, request: web.Request) -> web.Response:
        self.polls += 1
        if self.failures:
            return web.Response(status=self.failures.pop(0))
        page, size = int(request.query.get("page", "0")), int(request.query.get("pageSize", "50"))
        newest_first = self.operations[::-1]
        return web.json_response({"operations": newest_first[page * size : (page + 1) * size]})


def a_post(text: str, time_us: int, rkey: str = "", /, **changes: Any) -> dict[str, Any]:
    """Return a post as Jetstream tells it."""
    record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": changes.pop("created_at", _rfc3339(time_us)), "langs": ["en"]}
    record |= changes.pop("record", {})
    commit = {
        "rev": "3l3qo2vutsw2b",
        "operation": "create",
        "collection": "app.bsky.feed.post",
        "rkey": rkey or f"3l{time_us}",
        "record": record,
        "cid": "bafyreidwaivazkwu67xztlmuobx35hs2lnfh3kolmgfmucldvhd3sgzcqi",
    }
    return {"did": DID, "time_us": time_us, "kind": "commit", "commit": commit | changes.pop("commit", {})} | changes


def a_creation(mint: str, signature: str, /, **changes: Any) -> dict[str, Any]:
    """Return a launch as PumpPortal tells it; None as a change leaves a field out, as the `bonk` shape does."""
    told = {
        "signature": signature,
        "mint": mint,
        "traderPublicKey": "7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU",
        "txType": "create",
        "initialBuy": 27534883.660147,
        "solAmount": 0.790123455,
        "bondingCurveKey": "4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLs4gDB4T",
        "vTokensInBondingCurve": 1045465116.339853,
        "vSolInBondingCurve": 30.790123454,
        "marketCapSol": 29.451124646,
        "name": "Smooth Like Butter",
        "symbol": "SLB",
        "uri": "https://ipfs.io/ipfs/x",
        "pool": "pump",
    }
    return {key: value for key, value in (told | changes).items() if value is not None}


def an_operation(sequence: int, time_us: int, /, **properties: Any) -> dict[str, Any]:
    """Return a token bridge transfer from Ethereum to Solana as Wormholescan tells it; properties change `standarizedProperties`."""
    emitter = "0000000000000000000000003ee18b2214aff97000d974cf647e7c347e8fa585"
    standard = {
        "appIds": ["PORTAL_TOKEN_BRIDGE"],
        "fromChain": 2,
        "fromAddress": "0x5a52e96bacdabb82fd05763e25335261b270efcb",
        "toChain": 1,
        "toAddress": "7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU",
        "tokenChain": 2,
        "tokenAddress": "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48",
        "amount": "1032254070",
        "feeAddress": "",
        "feeChain": 0,
        "fee": "",
        "normalizedDecimals": None,
    }
    return {
        "id": f"2/{emitter}/{sequence}",
        "emitterChain": 2,
        "emitterAddress": {"hex": emitter, "native": "0x3ee18b2214aff97000d974cf647e7c347e8fa585"},
        "sequence": str(sequence),
        "content": {"payload": {"payloadType": 1}, "standarizedProperties": standard | properties},
        "sourceChain": {"chainId": 2, "timestamp": _rfc3339(time_us), "status": "confirmed", "from": "", "transaction": {"txHash": "0x1"}},
        "targetChain": None,
    }


def _rfc3339(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / US_PER_S, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _time_us(text: str | bytes) -> int:
    try:
        return int(json.loads(text)["time_us"])
    except (ValueError, KeyError, TypeError):
        return 0


async def _sent(socket: ServerConnection, text: str | bytes) -> None:
    try:
        await socket.send(text, text=True)
    except ConnectionClosed:
        return
