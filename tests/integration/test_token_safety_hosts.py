"""Hosts that fail, lie or say nothing while a token is checked: the buy is refused as unchecked, never let through; exits do not ask."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import msgspec
import pytest
from aiohttp import ClientSession
from prometheus_client import REGISTRY

from memesnipe.chain.clients.jupiter import Jupiter
from memesnipe.chain.clients.limits import Rate
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.transport import Transport
from memesnipe.guard.token_limits import Limits
from memesnipe.guard.token_safety import TokenSafety
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode as R
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import SOL, Wallet, running
from memesnipe.messages.orders import Intent
from memesnipe.testing.builders import OTHER_MINT, a_sale, an_exit, an_intent
from memesnipe.testing.still_market import opened

RATE = Rate(1_000.0, 1_000, 10)
Json = Any
Meddling = Callable[[Json], Json]
READS = ("getTokenLargestAccounts", "getMultipleAccounts", "simulateTransaction")


class Meddler(httpx.AsyncBaseTransport):
    """The way to a real host, with one call's answers meddled with. `asked` counts the calls by name."""

    def __init__(self) -> None:
        self.way = httpx.AsyncHTTPTransport()
        self.call = ""
        self.meddling: Meddling | httpx.Response | Exception | None = None
        self.asked = Counter[str]()
        self.before: Callable[[str], Awaitable[None]] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Pass a request on, unless it is the one."""
        name = "build" if request.method == "GET" else json.loads(request.content)["method"]
        if self.before is not None:
            await self.before(name)
        self.asked[name] += 1
        if name != self.call or self.meddling is None:
            return await self.way.handle_async_request(request)
        if isinstance(self.meddling, Exception):
            raise self.meddling
        if isinstance(self.meddling, httpx.Response):
            return httpx.Response(self.meddling.status_code, content=self.meddling.content)
        answer = await self.way.handle_async_request(request)
        return httpx.Response(answer.status_code, json=self.meddling(json.loads(await answer.aread())))

    async def aclose(self) -> None:
        """Close the way."""
        await self.way.aclose()


class Checks:
    """Token checks over hosts that can be meddled with; `now_s` moves by hand."""

    def __init__(self, wallet: Wallet, meddler: Meddler) -> None:
        http = httpx.AsyncClient(transport=meddler)
        self.wallet, self.meddler, self.now_s = wallet, meddler, 0.0
        self.rpc = SolanaRpc(Transport("rpc", wallet.base, rate=RATE, http=http))
        self.jupiter = Jupiter(Transport("jupiter", wallet.base, rate=RATE, http=http))
        self.safety = self.with_limits()

    def with_limits(self, **limits: Any) -> TokenSafety:
        """Return checks with these limits."""
        return TokenSafety(self.rpc, self.jupiter, Limits(**limits), lambda: self.now_s)

    async def refusal(self, intent: Intent | None = None) -> R | None:
        """Return why an order is refused."""
        try:
            await self.safety.require_safe(intent or an_intent(), self.wallet.me)
        except Refused as refused:
            return refused.code
        return None


@pytest.fixture
async def checks() -> AsyncIterator[Checks]:
    async with running(LocalnetSettings(slot_ms=0, seed=11, moved_by="admin")) as base, ClientSession() as session:
        wallet = Wallet(session, base)
        await opened(wallet)
        checks = Checks(wallet, Meddler())
        yield checks
        await checks.rpc.close()
        await checks.jupiter.close()


def rpc_error(code: int) -> httpx.Response:
    return httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": "no"}})


ANSWERS: dict[str, httpx.Response | Exception] = {
    "invalid params": rpc_error(-32602),
    "method not found": rpc_error(-32601),
    "internal error": rpc_error(-32603),
    "node behind": rpc_error(-32005),
    "503": httpx.Response(503),
    "no json": httpx.Response(200, content=b"<html>"),
    "null": httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "result": None}),
    "no value": httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "result": {"context": {"slot": 1}}}),
    "wrong types": httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "result": {"context": {"slot": 1}, "value": "good"}}),
    "time-out": httpx.ReadTimeout("slow"),
    "refused": httpx.ConnectError("down"),
}


@pytest.mark.parametrize("call", READS)
@pytest.mark.parametrize("answer", ANSWERS)
async def test_a_check_that_a_host_does_not_answer_is_a_refusal(checks: Checks, call: str, answer: str) -> None:
    checks.meddler.call, checks.meddler.meddling = call, ANSWERS[answer]

    assert await checks.refusal() is R.TOKEN_UNCHECKED


@pytest.mark.parametrize("answer", [httpx.Response(500), httpx.Response(200, content=b"{}"), httpx.ReadTimeout("slow")])
async def test_a_quote_that_cannot_be_had_is_a_refusal(checks: Checks, answer: httpx.Response | Exception) -> None:
    checks.meddler.call, checks.meddler.meddling = "build", answer

    assert await checks.refusal() is R.TOKEN_UNCHECKED


def _fewer(answer: Json) -> Json:
    answer["result"]["value"].pop()
    return answer


def _no_mint(answer: Json) -> Json:
    answer["result"]["value"] = [None for _ in answer["result"]["value"]]
    return answer


def _not_base64(answer: Json) -> Json:
    for account in answer["result"]["value"]:
        if account:
            account["data"][0] = "!" + account["data"][0]
    return answer


def _negative(answer: Json) -> Json:
    answer["result"]["value"][0]["amount"] = "-1"
    return answer


def _no_balances(answer: Json) -> Json:
    answer["result"]["value"]["preBalances"] = None
    return answer


def _sells_for_nothing(answer: Json) -> Json:
    answer["result"]["value"]["postBalances"][0] -= SOL
    return answer


def _sell_fails(answer: Json) -> Json:
    answer["result"]["value"]["err"] = {"InstructionError": [11, {"Custom": 6001}]}
    return answer


LIES: dict[str, tuple[str, Meddling, R]] = {
    "accounts left out": ("getMultipleAccounts", _fewer, R.TOKEN_UNCHECKED),
    "no such mint": ("getMultipleAccounts", _no_mint, R.TOKEN_MINT),
    "data that is not base64": ("getMultipleAccounts", _not_base64, R.TOKEN_UNCHECKED),
    "holders below zero": ("getTokenLargestAccounts", _negative, R.TOKEN_UNCHECKED),
    "a simulation without balances": ("simulateTransaction", _no_balances, R.TOKEN_UNCHECKED),
    "a simulation that pays nothing back": ("simulateTransaction", _sells_for_nothing, R.TOKEN_UNSELLABLE),
    "a simulation whose sell fails": ("simulateTransaction", _sell_fails, R.TOKEN_UNSELLABLE),
}


@pytest.mark.parametrize("lie", LIES)
async def test_an_answer_that_cannot_be_or_tells_of_a_loss_is_a_refusal(checks: Checks, lie: str) -> None:
    call, meddling, reason = LIES[lie]
    checks.meddler.call, checks.meddler.meddling = call, meddling

    assert await checks.refusal() is reason


async def test_another_order_that_lands_meanwhile_does_not_make_a_good_token_a_bad_one(checks: Checks) -> None:
    """Half of the wallet goes while the token is checked: the measure is the simulation's own before and after."""

    async def spend(call: str) -> None:
        if call == "simulateTransaction":
            await checks.wallet.land(await checks.wallet.signed(checks.wallet.pay(OTHER_MINT, 5 * SOL)))

    checks.meddler.before = spend

    assert await checks.refusal() is None
    assert await checks.wallet.balance() < 5 * SOL


async def test_a_host_that_never_answers_costs_no_more_than_the_time_allowed(checks: Checks) -> None:
    checks.safety = checks.with_limits(timeout_s=0.2)
    await checks.wallet.post("/localnet/faults", {"slow_ms": 30_000})

    async with asyncio.timeout(25):
        assert await checks.refusal() is R.TOKEN_UNCHECKED


@pytest.mark.parametrize("intent", [an_exit(), a_sale()])
async def test_an_exit_and_a_sell_ask_nobody(checks: Checks, intent: Intent) -> None:
    checks.meddler.call, checks.meddler.meddling = "getTokenLargestAccounts", httpx.ConnectError("down")

    assert await checks.refusal(intent) is None
    assert checks.meddler.asked.total() == 0


async def test_a_second_order_of_the_same_size_a_moment_later_asks_nobody(checks: Checks) -> None:
    first = await checks.refusal()
    asked = checks.meddler.asked.total()
    checks.now_s += 2.9

    assert (first, await checks.refusal()) == (None, None)
    assert checks.meddler.asked.total() == asked


@pytest.mark.parametrize("later_s", [3.0, 1_000.0])
async def test_an_answer_is_not_believed_for_longer_than_the_setting_says(checks: Checks, later_s: float) -> None:
    await checks.refusal()
    checks.now_s += later_s
    checks.meddler.call, checks.meddler.meddling = "getMultipleAccounts", rpc_error(-32602)

    assert await checks.refusal() is R.TOKEN_UNCHECKED


async def test_a_refusal_is_remembered_too(checks: Checks) -> None:
    checks.meddler.call, checks.meddler.meddling = "simulateTransaction", _sell_fails
    first = await checks.refusal()
    checks.meddler.meddling = None

    assert (first, await checks.refusal()) == (R.TOKEN_UNSELLABLE, R.TOKEN_UNSELLABLE)


async def test_an_answer_for_one_size_is_none_for_another(checks: Checks) -> None:
    await checks.refusal()
    checks.meddler.call, checks.meddler.meddling = "simulateTransaction", _sell_fails
    larger = msgspec.structs.replace(an_intent(), size_lamports=an_intent().size_lamports + 1)

    assert await checks.refusal(larger) is R.TOKEN_UNSELLABLE


async def test_checks_are_counted_by_how_they_ended(checks: Checks) -> None:
    def counted(outcome: str) -> float:
        return REGISTRY.get_sample_value("memesnipe_guard_token_checks_total", {"outcome": outcome}) or 0.0

    passed, unchecked = counted("passed"), counted("token_unchecked")
    await checks.refusal()
    checks.now_s += 10.0
    checks.meddler.call, checks.meddler.meddling = "getMultipleAccounts", rpc_error(-32602)
    await checks.refusal()

    assert (counted("passed"), counted("token_unchecked")) == (passed + 1, unchecked + 1)
