"""The market in the box: seeded evolution, recordings, restarts, and what subscribers are told."""

import base64
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from memesnipe.chain.programs import PUMP_CREATE_EVENT, PUMP_PROGRAM, PUMP_TRADE_EVENT, WRAPPED_SOL_MINT
from memesnipe.kernel.errors import ConfigError
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import READ, SOL, Wallet, running

Json = Any
MINT = str(Pubkey.from_bytes(bytes([9]) * 32))


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


async def evolution(session: ClientSession, seed: int) -> Json:
    async with running(LocalnetSettings(slot_ms=0, seed=seed)) as base:
        wallet = Wallet(session, base)
        await wallet.tick(300)
        return await wallet.get("/localnet/pools")


async def test_one_seed_is_one_market(session: ClientSession) -> None:
    first, again, other = await evolution(session, 1), await evolution(session, 1), await evolution(session, 2)

    assert first == again
    assert first != other
    assert len(first) > 6


async def test_prices_move_within_seconds(session: ClientSession) -> None:
    async with running(LocalnetSettings(slot_ms=0)) as base:
        wallet = Wallet(session, base)
        before = {pool["mint"]: pool["price_lamports"] for pool in await wallet.get("/localnet/pools")}
        await wallet.tick(15)
        after = {pool["mint"]: pool["price_lamports"] for pool in await wallet.get("/localnet/pools")}

    assert sum(after[mint] != price for mint, price in before.items()) >= 4


async def test_reserves_on_chain_are_the_pools(session: ClientSession) -> None:
    async with running(LocalnetSettings(slot_ms=0)) as base:
        wallet = Wallet(session, base)
        await wallet.tick(100)
        for pool in await wallet.get("/localnet/pools"):
            vault = await wallet.result("getTokenAccountBalance", pool["base_vault"])
            kept = 206_900_000_000_000 if pool["kind"] == "bonding_curve" else 0
            assert int(vault["value"]["amount"]) == pool["real_base_units"] + kept
            quote = int((await wallet.result("getTokenAccountBalance", pool["quote_vault"]))["value"]["amount"])
            assert quote >= pool["real_quote_lamports"]


async def test_a_curve_account_has_the_programs_layout(session: ClientSession) -> None:
    async with running(LocalnetSettings(slot_ms=0)) as base:
        wallet = Wallet(session, base)
        pool = (await wallet.get("/localnet/pools"))[0]
        account = (await wallet.result("getAccountInfo", pool["address"], {"encoding": "base64"}))["value"]

    seeds = [b"bonding-curve", bytes(Pubkey.from_string(pool["mint"]))]
    data = base64.b64decode(account["data"][0])
    assert pool["address"] == str(Pubkey.find_program_address(seeds, Pubkey.from_string(PUMP_PROGRAM))[0])
    assert (account["owner"], account["space"], data[:8].hex()) == (PUMP_PROGRAM, 151, "17b7f83760d8ac60")
    names = ("virtual_base_units", "virtual_quote_lamports", "real_base_units", "real_quote_lamports", "supply_units")
    assert struct.unpack_from("<5Q", data, 8) == tuple(pool[name] for name in names)


async def test_a_restart_keeps_balances_history_pools_and_time(session: ClientSession, tmp_path: Path) -> None:
    settings = LocalnetSettings(slot_ms=0, seed=4, data_dir=tmp_path)
    async with running(settings) as base:
        wallet = Wallet(session, base)
        await wallet.fund(10 * SOL)
        mint = (await wallet.get("/localnet/pools"))[0]["mint"]
        landed = await wallet.land(wallet.swap(await wallet.quote(WRAPPED_SOL_MINT, mint, SOL, slippageBps=3000)))
        before = await memory(wallet, mint)

    async with running(settings) as base:
        again = Wallet(session, base)
        signature = landed["transaction"]["signatures"][0]
        assert await again.result("getTransaction", signature, READ) == landed
        after = await memory(again, mint)
        resent = await again.send(VersionedTransaction.from_bytes(await raw(again, signature)))
        await again.tick(3)
        assert resent["result"] == signature
        assert (await memory(again, mint))[:2] == before[:2]

    assert after[:3] == before[:3]
    assert after[3] == before[3] + 1


async def memory(wallet: Wallet, mint: str) -> tuple[int, int, Json, int]:
    history = await wallet.result("getSignaturesForAddress", wallet.me, {"commitment": "processed"})
    lines = [(one["signature"], one["slot"], one["err"]) for one in history]
    return await wallet.balance(), await wallet.tokens(mint), lines, (await wallet.get("/localnet/state"))["slot"]


async def raw(wallet: Wallet, signature: str) -> bytes:
    told = await wallet.result("getTransaction", signature, {**READ, "encoding": "base64"})
    return base64.b64decode(told["transaction"][0])


async def test_a_restart_continues_the_same_market(session: ClientSession, tmp_path: Path) -> None:
    settings = LocalnetSettings(slot_ms=0, seed=1, data_dir=tmp_path)
    async with running(settings) as base:
        await Wallet(session, base).tick(150)
    async with running(settings) as base:
        await Wallet(session, base).tick(149)
        resumed = await Wallet(session, base).get("/localnet/pools")

    assert resumed == await evolution(session, 1)


async def test_data_of_another_seed_is_refused(session: ClientSession, tmp_path: Path) -> None:
    async with running(LocalnetSettings(slot_ms=0, seed=1, data_dir=tmp_path)):
        pass

    with pytest.raises(ConfigError, match="seed 1"):
        async with running(LocalnetSettings(slot_ms=0, seed=2, data_dir=tmp_path)):
            pass


async def test_a_folder_serves_one_localnet_at_a_time(session: ClientSession, tmp_path: Path) -> None:
    settings = LocalnetSettings(slot_ms=0, seed=1, data_dir=tmp_path)
    async with running(settings):
        with pytest.raises(ConfigError, match="in use"):
            async with running(settings):
                pass


async def test_a_recording_moves_the_pool_idempotently_and_is_told_as_a_trade(session: ClientSession) -> None:
    async with running(LocalnetSettings(slot_ms=0, moved_by="admin")) as base, session.ws_connect(base) as socket:
        wallet = Wallet(session, base)
        await socket.send_json(subscribe_transactions(1, PUMP_PROGRAM))
        await socket.receive_json()
        created = await wallet.post("/localnet/pool", {"mint": MINT, "symbol": "REC"})
        state = {"mint": MINT, "virtual_quote_lamports": 30987654320, "virtual_base_units": 1038800796845859}
        state |= {"real_quote_lamports": 987654320, "real_base_units": 758900796845859}
        changed = [(await wallet.post("/localnet/pool", state))["changed"] for _ in range(2)]
        await wallet.tick()
        told = [event(await socket.receive_json()) for _ in range(2)]

    assert created["changed"]
    assert changed == [True, False]
    assert [one[:8] for one in told] == [PUMP_CREATE_EVENT, PUMP_TRADE_EVENT]
    assert struct.unpack_from("<QQ?", told[1], 40) == (987654320, 34199203154141, True)
    assert struct.unpack_from("<4Q", told[1], 97) == (30987654320, 1038800796845859, 987654320, 758900796845859)
    assert struct.unpack_from("<QQ", told[1], 161) == (95, 9382717)


def subscribe_transactions(identity: int, account: str) -> Json:
    options = {"commitment": "processed", "encoding": "base64", "transactionDetails": "full", "maxSupportedTransactionVersion": 1}
    params = [{"accountInclude": [account], "vote": False, "failed": False}, options]
    return {"jsonrpc": "2.0", "id": identity, "method": "transactionSubscribe", "params": params}


def event(notification: Json) -> bytes:
    result = notification["params"]["result"]
    VersionedTransaction.from_bytes(base64.b64decode(result["transaction"]["transaction"][0]))
    line = next(line for line in result["transaction"]["meta"]["logMessages"] if line.startswith("Program data: "))
    return base64.b64decode(line.removeprefix("Program data: "))


async def test_subscribers_hear_of_slots_signatures_accounts_and_logs(session: ClientSession) -> None:
    async with running(LocalnetSettings(slot_ms=0, moved_by="admin")) as base, session.ws_connect(base) as socket:
        wallet = Wallet(session, base)
        await wallet.fund(SOL)
        tx = await wallet.signed(wallet.pay(str(Pubkey.from_bytes(bytes([5]) * 32)), SOL // 2))
        asked = [
            ("slotSubscribe", []),
            ("signatureSubscribe", [str(tx.signatures[0]), {"commitment": "confirmed"}]),
            ("accountSubscribe", [wallet.me, {"encoding": "base64", "commitment": "processed"}]),
            ("logsSubscribe", [{"mentions": [wallet.me]}, {"commitment": "processed"}]),
        ]
        for number, (method, params) in enumerate(asked):
            await socket.send_json({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        ids = {(await socket.receive_json())["id"] for _ in asked}
        await wallet.send(tx)
        await wallet.tick(2)
        heard = [(await socket.receive_json())["method"] for _ in range(5)]
        await socket.send_json({"jsonrpc": "2.0", "id": 9, "method": "slotUnsubscribe", "params": [10**9]})
        refused = await socket.receive_json()

    assert ids == {0, 1, 2, 3}
    expected = ("slot", "slot", "account", "logs", "signature")
    assert sorted(heard) == sorted(f"{kind}Notification" for kind in expected)
    assert refused["error"]["code"] == -32602
