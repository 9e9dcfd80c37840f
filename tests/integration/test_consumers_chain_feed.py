"""The feed over a socket that drops, repeats and lies: nothing is lost, and what comes twice has the same id."""

import asyncio
import base64
import contextlib
import json
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from solders.pubkey import Pubkey
from websockets.asyncio.server import ServerConnection, serve

from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import PRICE
from memesnipe.chain.clients.transport import Transport
from memesnipe.consumers.api import Delivery
from memesnipe.consumers.chain_reader import ChainReader, History, Landed, Line
from memesnipe.consumers.decide import Bounds
from memesnipe.consumers.publisher import Publisher
from memesnipe.consumers.rejected import Rejected
from memesnipe.consumers.sources.chain import BACKOFF_S, ChainFeed
from memesnipe.consumers.sources.sessions import Wire
from memesnipe.consumers.watch import Watch
from memesnipe.kernel.clock import EventClock
from memesnipe.kernel.errors import BadInput, Unavailable
from memesnipe.market.base58 import ALPHABET
from memesnipe.market.pumpfun_events import SELF_CPI, TRADE
from memesnipe.market.transactions import PUMP_PROGRAM

MINT = Pubkey.from_string("8gQkv453h8zzwBNDvJdtVo74DYX5kqAAog1tdHNypump")


def signature(n: int) -> str:
    return f"{'S' * 80}{n + 1111}".replace("0", "o")


def base58(raw: bytes) -> str:
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return text


def the_event(n: int) -> bytes:
    body = bytes(MINT) + struct.pack("<QQ?", 10**9, n + 1, True) + bytes(MINT) + struct.pack("<q", 1_757_812_456 + n)
    body += (
        struct.pack("<4Q", 31 * 10**9, 10**15, 10**9, 10**14)
        + bytes(MINT)
        + struct.pack("<2Q", 95, 1)
        + bytes(MINT)
        + struct.pack("<2Q", 30, 1)
    )
    return TRADE + body


def a_trade(n: int) -> dict[str, Any]:
    """Return the n-th transaction as RPC and socket tell it: one trade of n + 1 units."""
    step = {"programId": PUMP_PROGRAM, "accounts": [], "data": base58(SELF_CPI + the_event(n))}
    meta = {"err": None, "innerInstructions": [{"index": 0, "instructions": [step]}], "logMessages": []}
    return {"transaction": {"message": {"accountKeys": []}}, "meta": meta}


def a_notice(n: int, subscription: int = 1) -> str:
    result = {"transaction": a_trade(n), "signature": signature(n), "slot": 100 + n}
    return json.dumps({"jsonrpc": "2.0", "method": "transactionNotification", "params": {"subscription": subscription, "result": result}})


class Chain(ChainReader):
    """A history that the test wrote."""

    def __init__(self, length: int) -> None:
        super().__init__(Transport.__new__(Transport), "confirmed")
        self.length, self.asked, self.missing = length, list[int](), set[int]()

    async def since(self, address: str, signature: str, slot: int, limit: int) -> History:
        self.asked.append(slot)
        lines = tuple(Line(_signature(n), 100 + n) for n in range(slot - 99, self.length))
        return History(lines[-limit:], len(lines) <= limit)

    async def transaction(self, signature: str) -> Landed | None:
        n = next(n for n in range(self.length) if _signature(n) == signature)
        told = a_trade(n)
        return None if n in self.missing else Landed(100 + n, told["transaction"], told["meta"])


_signature = signature


class Host:
    """A WebSocket host that acknowledges, plays one script a connection, then hangs up (or stays, on the last one)."""

    def __init__(self, *scripts: list[str], refuse: str = "", early: str = "") -> None:
        self._scripts, self._refuse, self._early = list(scripts), refuse, early
        self.methods: list[str] = []

    async def __call__(self, socket: ServerConnection) -> None:
        async for raw in socket:
            asked = json.loads(raw)
            self.methods.append(asked["method"])
            refused = asked["method"] == self._refuse
            if self._early:
                await socket.send(self._early)
            answer = {"error": {"code": -32601, "message": "Method not found"}} if refused else {"result": 1}
            await socket.send(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **answer}))
            if not refused:
                break
        for message in self._scripts.pop(0):
            await socket.send(message)
        if not self._scripts:
            await socket.wait_closed()


@contextlib.asynccontextmanager
async def feeding(host: Host, chain: ChainReader, idle_s_max: float = 5.0, gap: int = 1_000, cursor: bytes = b"") -> AsyncIterator[Any]:
    async with serve(host, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        wire = Wire(f"ws://127.0.0.1:{port}", idle_s_max, backoff_s=BACKOFF_S)
        deliveries = ChainFeed(wire, chain, "confirmed", gap).deliveries(cursor)
        try:
            yield deliveries
        finally:
            await deliveries.aclose()  # type: ignore[attr-defined]  # it is an async generator


async def units(deliveries: AsyncIterator[Delivery], count: int) -> list[int]:
    """Return the sizes of the next `count` trades, which number them from 1."""
    found: list[int] = []
    async with asyncio.timeout(60):
        while len(found) < count:
            found += [getattr(event, "trade_units", 0) for event in (await anext(deliveries)).events]
    return found


async def test_trades_come_in_the_order_the_host_tells_them() -> None:
    async with feeding(Host([a_notice(n) for n in range(3)], []), Chain(3)) as deliveries:
        assert await units(deliveries, 3) == [1, 2, 3]


async def test_what_happened_while_the_socket_was_down_is_filled_from_history() -> None:
    chain = Chain(5)
    async with feeding(Host([a_notice(0)], [a_notice(5)], []), chain) as deliveries:
        assert await units(deliveries, 6) == [1, 2, 3, 4, 5, 6]
    assert chain.asked[0] == 100


async def test_a_restart_goes_on_after_its_cursor() -> None:
    cursor = json.dumps({"signature": signature(1), "slot": 101}).encode()
    async with feeding(Host([], []), Chain(4), cursor=cursor) as deliveries:
        assert await units(deliveries, 2) == [3, 4]


async def test_a_repeated_notice_has_the_same_event_id() -> None:
    async with feeding(Host([a_notice(0), a_notice(0)], []), Chain(1)) as deliveries:
        first, second = await anext(deliveries), await anext(deliveries)

    assert first.events == second.events


async def test_a_transaction_that_history_cannot_give_is_told_and_the_rest_goes_on() -> None:
    chain = Chain(3)
    chain.missing = {1}
    cursor = json.dumps({"signature": signature(0), "slot": 100}).encode()
    async with feeding(Host([], []), chain, cursor=cursor) as deliveries:
        first, second = await anext(deliveries), await anext(deliveries)

    assert [error.field for error in first.bad] == ["transaction"]
    assert len(second.events) == 1


@pytest.mark.parametrize(
    "message",
    [
        "not json",
        "[]",
        '{"method":"transactionNotification","params":{"result":{"signature":"x"}}}',
        '{"method":"logsNotification","params":{"result":5}}',
    ],
)
async def test_a_message_that_makes_no_sense_is_refused_and_the_next_is_read(message: str) -> None:
    async with feeding(Host([message, a_notice(0)], []), Chain(1)) as deliveries:
        first, second = await anext(deliveries), await anext(deliveries)

    assert isinstance(first.bad[0], BadInput)
    assert len(second.events) == 1


async def test_a_silent_socket_is_given_up_and_made_again() -> None:
    async with feeding(Host([], [a_notice(0)], []), Chain(1), idle_s_max=0.2) as deliveries:
        assert await units(deliveries, 1) == [1]


async def test_a_host_without_transaction_subscriptions_is_asked_for_logs() -> None:
    logs = [f"Program {PUMP_PROGRAM} invoke [1]", f"Program data: {base64.b64encode(the_event(0)).decode()}"]
    value = {"signature": signature(0), "err": None, "logs": logs}
    notice = {"method": "logsNotification", "params": {"subscription": 1, "result": {"context": {"slot": 100}, "value": value}}}
    async with feeding(Host([json.dumps(notice)], [], refuse="transactionSubscribe"), Chain(0)) as deliveries:
        assert await units(deliveries, 1) == [1]


async def test_an_rpc_that_is_away_during_the_fill_costs_a_reconnect_and_no_trade() -> None:
    class Shaky(Chain):
        async def since(self, address: str, signature: str, slot: int, limit: int) -> History:
            if not self.asked:
                self.asked.append(slot)
                raise Unavailable("rpc", "gone")
            return await super().since(address, signature, slot, limit)

    cursor = json.dumps({"signature": signature(0), "slot": 100}).encode()
    async with feeding(Host([], [], []), Shaky(3), cursor=cursor) as deliveries:
        assert await units(deliveries, 2) == [2, 3]


async def test_a_notice_that_overtakes_its_acknowledgement_is_not_lost() -> None:
    async with feeding(Host([a_notice(1)], [], early=a_notice(0)), Chain(2)) as deliveries:
        assert await units(deliveries, 2) == [1, 2]


async def test_a_notice_of_a_subscription_that_ended_is_passed_over() -> None:
    async with feeding(Host([a_notice(0, subscription=7), a_notice(1)], []), Chain(2)) as deliveries:
        assert await units(deliveries, 1) == [2]


async def test_a_subscription_is_asked_for_again_on_every_new_socket() -> None:
    host = Host([a_notice(0)], [a_notice(1)], [a_notice(2)], [])
    async with feeding(host, Chain(0)) as deliveries:
        assert await units(deliveries, 3) == [1, 2, 3]

    assert host.methods[:3] == ["transactionSubscribe"] * 3


async def test_drops_and_repeats_reach_the_streams_as_each_trade_once(bus: RedisBus, tmp_path: Path) -> None:
    before = REGISTRY.get_sample_value("memesnipe_market_duplicates_total", {"source": "chain"}) or 0.0
    now_ns = 1_757_812_470 * 10**9
    bounds = Bounds(3_600 * 10**9, 60 * 10**9)
    publisher = Publisher(bus, EventClock(now_ns), bounds, Rejected(tmp_path / "rejected.jsonl"), Watch(), lambda _: None)
    host = Host([a_notice(0), a_notice(1), a_notice(1)], [a_notice(2), a_notice(1), a_notice(4)], [a_notice(4), a_notice(5)], [])

    async with feeding(host, Chain(5)) as deliveries, asyncio.timeout(60):
        while True:
            await publisher.publish([await anext(deliveries)])
            told = [event.trade_units for entry in await bus.fold(PRICE.name) for event in entry.message.events]
            if 6 in told:
                break

    assert told == [1, 2, 3, 4, 5, 6]
    assert (REGISTRY.get_sample_value("memesnipe_market_duplicates_total", {"source": "chain"}) or 0.0) > before
    assert not (tmp_path / "rejected.jsonl").exists()


class Balancer:
    """Passes bytes on between a client and a host until told to lose the host; the client's socket stays open all the same."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.passing = asyncio.Event()
        self.passing.set()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passing, (host_reader, host_writer) = self.passing, await asyncio.open_connection("127.0.0.1", self._port)
        with contextlib.suppress(OSError):
            await asyncio.gather(self._pass(passing, reader, host_writer), self._pass(passing, host_reader, writer))

    async def _pass(self, passing: asyncio.Event, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if passing.is_set():
                writer.write(data)

    def lose_the_host(self) -> None:
        """For all connections there are; new ones pass again."""
        self.passing.clear()
        self.passing = asyncio.Event()
        self.passing.set()


async def test_a_host_that_answers_no_pings_is_given_up() -> None:
    async with serve(Host([a_notice(0)], [a_notice(1)], []), "127.0.0.1", 0, close_timeout=0.2) as behind:
        balancer = Balancer(next(iter(behind.sockets)).getsockname()[1])
        async with await asyncio.start_server(balancer, "127.0.0.1", 0) as front:
            wire = Wire(f"ws://127.0.0.1:{front.sockets[0].getsockname()[1]}", 3_600.0, ping_s=0.2, backoff_s=BACKOFF_S)
            deliveries: Any = ChainFeed(wire, Chain(1), "confirmed", 10).deliveries(b"")
            assert await units(deliveries, 1) == [1]
            balancer.lose_the_host()

            assert 2 in await units(deliveries, 1)
            await deliveries.aclose()
