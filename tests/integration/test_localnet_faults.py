"""The localnet misbehaves when told to, and survives being killed."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientSession
from solders.pubkey import Pubkey

from memesnipe.chain.programs import WRAPPED_SOL_MINT
from memesnipe.kernel.ports import free_port
from memesnipe.localnet.testing import READ, SOL, Wallet, a_quiet_market, encoded

Json = Any
FRIEND = str(Pubkey.from_bytes(bytes([5]) * 32))
MINT = str(Pubkey.from_bytes(bytes([9]) * 32))


@pytest.fixture
async def wallet() -> AsyncIterator[Wallet]:
    async with a_quiet_market(MINT) as wallet:
        yield wallet


async def status(wallet: Wallet, method: str, *params: Json) -> int:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    async with wallet.session.post(wallet.base, json=body) as answer:
        return answer.status


async def test_refusals_are_spent_one_by_one(wallet: Wallet) -> None:
    await wallet.post("/localnet/faults", {"too_many_requests": 1, "unavailable": 1})

    assert [await status(wallet, "getHealth") for _ in range(3)] == [429, 503, 200]


async def test_a_lost_answer_hides_a_transaction_that_lands(wallet: Wallet) -> None:
    await wallet.post("/localnet/faults", {"lost_answers": 1})
    tx = await wallet.signed(wallet.pay(FRIEND, SOL))

    answered = await status(wallet, "sendTransaction", encoded(tx), {"encoding": "base64"})
    await wallet.tick()

    assert (answered, await wallet.balance(FRIEND)) == (503, SOL)


async def test_a_lost_send_never_lands_until_it_is_sent_again(wallet: Wallet) -> None:
    await wallet.post("/localnet/faults", {"lost_sends": 1})
    tx = await wallet.signed(wallet.pay(FRIEND, SOL))

    first = await wallet.land(tx)
    second = await wallet.land(tx)

    assert first is None
    assert second["meta"]["err"] is None


async def test_a_late_send_lands_late(wallet: Wallet) -> None:
    await wallet.post("/localnet/faults", {"late_slots": 5})
    signature = (await wallet.send(await wallet.signed(wallet.pay(FRIEND, SOL))))["result"]

    await wallet.tick(5)
    before = await wallet.balance(FRIEND)
    await wallet.tick(2)

    assert (before, await wallet.balance(FRIEND)) == (0, SOL)
    assert (await wallet.result("getTransaction", signature, READ))["meta"]["err"] is None


async def test_a_lying_quote_fails_on_chain(wallet: Wallet) -> None:
    await wallet.post("/localnet/faults", {"quote_lie_bps": 500})

    landed = await wallet.land(wallet.swap(await wallet.quote(WRAPPED_SOL_MINT, MINT, SOL, slippageBps=100)), skipPreflight=True)

    assert landed["meta"]["err"]["InstructionError"][1] == {"Custom": 6001}


async def test_unknown_faults_are_refused(wallet: Wallet) -> None:
    assert "error" in await wallet.post("/localnet/faults", {"gremlins": 1})


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_killed_process_comes_back_with_its_money(tmp_path: Path, number: signal.Signals) -> None:
    async with ClientSession() as session:
        process, wallet = await started(session, tmp_path)
        await wallet.result("requestAirdrop", wallet.me, SOL)
        await until(wallet, "getBalance", lambda body: body["result"]["value"] == SOL)
        slot = (await wallet.get("/localnet/state"))["slot"]
        process.send_signal(number)
        code = await process.wait()

        process, wallet = await started(session, tmp_path)
        after = await wallet.balance(), (await wallet.get("/localnet/state"))["slot"]
        process.terminate()
        await process.wait()

    assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    assert after[0] == SOL
    assert after[1] > slot


async def started(session: ClientSession, folder: Path) -> tuple[asyncio.subprocess.Process, Wallet]:
    port = free_port()
    arguments = ("-m", "memesnipe.localnet", "--port", str(port), "--slot-ms", "20", "--data-dir", str(folder))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments)
    wallet = Wallet(session, f"http://127.0.0.1:{port}")
    await until(wallet, "getHealth", lambda body: body["result"] == "ok")
    return process, wallet


async def until(wallet: Wallet, method: str, holds: Any) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                if holds(await wallet.rpc(method, wallet.me)):
                    return
            except ClientConnectionError:
                pass
            await asyncio.sleep(0.02)
