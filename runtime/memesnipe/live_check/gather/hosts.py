"""What the other hosts outside say: the WebSocket, Jupiter, Jito's tip floor, Sender."""

import asyncio
import json
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from memesnipe.chain.clients.jupiter import Build
from memesnipe.chain.programs import LAMPORTS_PER_SOL, PUMP_PROGRAM, WRAPPED_SOL_MINT
from memesnipe.kernel.clock import NS_PER_MS, Clock
from memesnipe.live_check import facts
from memesnipe.live_check.gather.probe import Probe, Unanswered, decoded, host_of
from memesnipe.live_check.installation import Installation
from memesnipe.messages.bounds import Pubkey

USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
"""On mainnet everything has a route to it."""
TAKER = "1nc1nerator11111111111111111111111111111111"
"""Nobody can sign for it, so what is built is worth nothing to anyone."""
QUOTED_LAMPORTS = LAMPORTS_PER_SOL // 1_000
KEYLESS_PAUSE_S = 2.5
"""Without a key Jupiter grants one call in two seconds."""
ACK_S_MAX = 5.0
FRAMES_MAX = 50


class _Price(msgspec.Struct, frozen=True, rename="camel"):
    usd_price: Annotated[float, Meta(gt=0, le=1e12)]


class _TipFloor(msgspec.Struct, frozen=True):
    landed_tips_50th_percentile: Annotated[float, Meta(ge=0, le=1_000)]


class _Pool(msgspec.Struct, frozen=True):
    mint: Pubkey


class _Failure(msgspec.Struct, frozen=True, rename="camel"):
    error: str = ""
    error_code: str | int = ""
    message: str = ""


_BUILD = msgspec.json.Decoder(Build)
_PRICES: "msgspec.json.Decoder[dict[str, _Price | None]]" = msgspec.json.Decoder(dict[Pubkey, _Price | None])
_FLOORS: "msgspec.json.Decoder[tuple[_TipFloor, ...]]" = msgspec.json.Decoder(Annotated[tuple[_TipFloor, ...], Meta(min_length=1)])
_FAILURE = msgspec.json.Decoder(_Failure)
_POOLS: "msgspec.json.Decoder[tuple[_Pool, ...]]" = msgspec.json.Decoder(tuple[_Pool, ...])


async def websocket(place: Installation, clock: Clock) -> facts.Route:
    """Subscribe as data_consumers would, and leave again. Raises Unanswered."""
    url, started_ns = place.consumers.ws_url, clock.now_ns()
    wanted = {"jsonrpc": "2.0", "id": 1, "method": "logsSubscribe", "params": [{"mentions": [PUMP_PROGRAM]}, {"commitment": "confirmed"}]}
    try:
        async with connect(url, open_timeout=ACK_S_MAX, close_timeout=1.0, proxy=None, max_size=4 << 20) as socket:
            latency_ms = (clock.now_ns() - started_ns) // NS_PER_MS
            await socket.send(json.dumps(wanted))
            async with asyncio.timeout(ACK_S_MAX):
                await _acknowledged(socket, host_of(url))
    except InvalidStatus as error:
        status = error.response.status_code
        raise Unanswered(f"{host_of(url)} refuses a WebSocket (HTTP {status})", status) from None
    except (WebSocketException, OSError, ValueError, RecursionError, TimeoutError) as error:
        raise Unanswered(f"{host_of(url)} gives no WebSocket: {type(error).__name__}") from None
    return facts.Route(latency_ms)


async def _acknowledged(socket: Any, host: str) -> None:
    for _ in range(FRAMES_MAX):  # notices may come before the acknowledgement
        said = json.loads(await socket.recv())
        if isinstance(said, dict) and said.get("id") == 1:
            if "error" in said:
                raise Unanswered(f"{host} refuses a subscription")
            return
    raise Unanswered(f"{host} did not acknowledge a subscription")


async def quote(place: Installation, probe: Probe) -> facts.Quote:
    """Have a swap built for a thousandth of a SOL. Raises Unanswered."""
    pair = {"inputMint": WRAPPED_SOL_MINT, "outputMint": await _a_mint(place, probe)}
    params: dict[str, str | int] = {**pair, "amount": QUOTED_LAMPORTS, "taker": TAKER, "slippageBps": 100}
    heard = await probe.ask("GET", place.jupiter_url, "/swap/v2/build", params=params, headers=_key(place))
    host = host_of(place.jupiter_url)
    if heard.status != 200:
        failure = decoded(host, "swap/v2/build", heard, _FAILURE)
        raise Unanswered(f"{host} built no swap: {failure.error_code} {failure.error or failure.message}"[:240])
    build = decoded(host, "swap/v2/build", heard, _BUILD)
    if (build.input_mint, build.output_mint, build.in_amount) != (*pair.values(), str(QUOTED_LAMPORTS)):
        raise Unanswered(f"{host} built another swap than was asked for")
    return facts.Quote(int(build.out_amount), heard.latency_ms)


async def price(place: Installation, probe: Probe) -> facts.Price:
    """The price of SOL. Raises Unanswered."""
    if not place.guard.jupiter_api_key and not place.embedded_chain:
        await asyncio.sleep(KEYLESS_PAUSE_S)
    heard = await probe.ask("GET", place.jupiter_url, "/price/v3", params={"ids": WRAPPED_SOL_MINT}, headers=_key(place))
    found = decoded(host_of(place.jupiter_url), "price/v3", heard, _PRICES).get(WRAPPED_SOL_MINT)
    if found is None:
        raise Unanswered(f"{host_of(place.jupiter_url)} has no price for SOL")
    return facts.Price(found.usd_price, heard.latency_ms)


def _key(place: Installation) -> dict[str, str]:
    return {"x-api-key": place.guard.jupiter_api_key} if place.guard.jupiter_api_key else {}


async def _a_mint(place: Installation, probe: Probe) -> str:
    """USDC where there is one; a localnet lists its own tokens. A real aggregator is not asked for such a list."""
    if host_of(place.jupiter_url).endswith("jup.ag"):
        return USDC
    try:
        pools = decoded(host_of(place.jupiter_url), "its pools", await probe.ask("GET", place.jupiter_url, "/localnet/pools"), _POOLS)
    except Unanswered:
        return USDC
    return pools[0].mint if pools else USDC


async def jito(place: Installation, probe: Probe) -> facts.Route | facts.Unused:
    """The block engine, asked for its tip accounts; with Sender it is not used by itself. Raises Unanswered."""
    if not place.guard.jito_url or place.guard.sender_url:
        return facts.Unused()
    body = {"jsonrpc": "2.0", "id": 1, "method": "getTipAccounts", "params": []}
    return facts.Route((await probe.ask("POST", place.guard.jito_url, "/api/v1/getTipAccounts", json=body)).latency_ms)


async def tip_floor(place: Installation, probe: Probe) -> int | facts.Unused:
    """The median of landed tips (lamports), where a way into a block takes tips. Raises Unanswered."""
    url = place.guard.tip_floor_url
    if not (url and (place.guard.jito_url or place.guard.sender_url)):
        return facts.Unused()
    heard = await probe.ask("GET", url, "/api/v1/bundles/tip_floor")
    floor = decoded(host_of(url), "the tip floor", heard, _FLOORS)[0]
    return -int(-floor.landed_tips_50th_percentile * LAMPORTS_PER_SOL // 1)


async def sender(place: Installation, probe: Probe) -> facts.Route | facts.Unused:
    """Sender has a page for warming connections; whatever it answers there, it is reached. Raises Unanswered."""
    if not place.guard.sender_url:
        return facts.Unused()
    return facts.Route((await probe.ask("GET", place.guard.sender_url, "/ping")).latency_ms)
