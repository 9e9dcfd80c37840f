"""A cluster that takes another fork: what was confirmed is undone to the lamport, what was finalized never is."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from solders.pubkey import Pubkey

from memesnipe.chain.programs import WRAPPED_SOL_MINT
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import READ, SOL, Wallet, running

Json = Any
FRIEND = str(Pubkey.from_bytes(bytes([5]) * 32))
MINT = str(Pubkey.from_bytes(bytes([9]) * 32))
DEPTH = 4


@pytest.fixture
async def wallet() -> AsyncIterator[Wallet]:
    async with running(LocalnetSettings(slot_ms=0, moved_by="admin")) as base, ClientSession() as session:
        wallet = Wallet(session, base)
        await wallet.fund(10 * SOL)
        await wallet.post("/localnet/pool", {"mint": MINT})
        await wallet.tick(40)
        yield wallet


async def seen(wallet: Wallet) -> Json:
    """All that a swap changes."""
    pools = await wallet.get("/localnet/pools")
    vaults = [await wallet.balance(pools[0][name]) for name in ("base_vault", "quote_vault", "address")]
    return await wallet.balance(), await wallet.tokens(MINT), pools, vaults


async def bought(wallet: Wallet) -> str:
    landed = await wallet.land(wallet.swap(await wallet.quote(WRAPPED_SOL_MINT, MINT, SOL, slippageBps=1000)))
    signature: str = landed["transaction"]["signatures"][0]
    return signature


async def test_a_fork_undoes_a_confirmed_swap_to_the_lamport(wallet: Wallet) -> None:
    before = await seen(wallet)
    await wallet.post("/localnet/faults", {"forks": 1, "fork_depth_slots": DEPTH})
    signature = await bought(wallet)
    confirmed = await seen(wallet)

    await wallet.tick(DEPTH)

    assert confirmed != before
    assert await seen(wallet) == before
    assert await wallet.result("getTransaction", signature, READ) is None
    assert signature not in str(await wallet.result("getSignaturesForAddress", wallet.me, {"commitment": "confirmed"}))


async def test_what_a_fork_undid_lands_again_as_the_same_transaction(wallet: Wallet) -> None:
    await wallet.post("/localnet/faults", {"forks": 1, "fork_depth_slots": DEPTH, "fork_again_slots": 2})
    signature = await bought(wallet)
    first = await wallet.result("getTransaction", signature, READ)

    await wallet.tick(DEPTH + 5)
    again = await wallet.result("getTransaction", signature, READ)

    assert again["slot"] > first["slot"]
    assert again["meta"]["err"] is None
    assert await wallet.tokens(MINT) > 0


async def test_slots_and_heights_never_go_back(wallet: Wallet) -> None:
    await wallet.post("/localnet/faults", {"forks": 1, "fork_depth_slots": DEPTH})
    await bought(wallet)

    heights = []
    for _ in range(DEPTH + 2):
        await wallet.tick()
        heights.append(await wallet.result("getBlockHeight", {"commitment": "processed"}))

    assert heights == list(range(heights[0], heights[0] + DEPTH + 2))


async def test_a_finalized_swap_is_never_undone(wallet: Wallet) -> None:
    signature = await bought(wallet)
    await wallet.tick(40)
    held = await wallet.tokens(MINT)

    await wallet.post("/localnet/faults", {"forks": 5, "fork_depth_slots": 10_000})
    await wallet.tick(40)

    assert await wallet.tokens(MINT) == held > 0
    assert (await wallet.result("getTransaction", signature, READ))["meta"]["err"] is None


async def test_an_undone_swap_may_be_sent_again_while_its_blockhash_lives(wallet: Wallet) -> None:
    await wallet.post("/localnet/faults", {"forks": 1, "fork_depth_slots": DEPTH})
    tx = wallet.swap(await wallet.quote(WRAPPED_SOL_MINT, MINT, SOL, slippageBps=1000))
    await wallet.land(tx)
    await wallet.tick(DEPTH)
    undone = await wallet.tokens(MINT)

    again = await wallet.land(tx)

    assert undone == 0
    assert again["meta"]["err"] is None


async def test_what_a_fork_undid_is_gone_after_a_restart_too(tmp_path: Path) -> None:
    settings = LocalnetSettings(slot_ms=0, moved_by="admin", data_dir=tmp_path)
    async with ClientSession() as session:
        async with running(settings) as base:
            wallet = Wallet(session, base)
            await wallet.fund(10 * SOL)
            await wallet.post("/localnet/pool", {"mint": MINT})
            await wallet.tick(40)
            before = await seen(wallet)
            await wallet.post("/localnet/faults", {"forks": 1, "fork_depth_slots": DEPTH})
            signature = await bought(wallet)
            await wallet.tick(DEPTH)

        async with running(settings) as base:
            wallet = Wallet(session, base)

            assert await seen(wallet) == before
            assert await wallet.result("getTransaction", signature, READ) is None


async def test_vaults_are_the_pools_after_a_fork_among_agents() -> None:
    async with running(LocalnetSettings(slot_ms=0)) as base, ClientSession() as session:
        wallet = Wallet(session, base)
        await wallet.fund(10 * SOL)
        await wallet.tick(40)
        await wallet.post("/localnet/faults", {"forks": 1, "fork_depth_slots": DEPTH})
        await wallet.send(await wallet.signed(wallet.pay(FRIEND, SOL)))
        before = {pool["mint"]: pool for pool in await wallet.get("/localnet/pools")}
        await wallet.tick(1 + DEPTH)
        moved = {pool["mint"]: pool for pool in await wallet.get("/localnet/pools")}
        await wallet.tick()

        for pool in await wallet.get("/localnet/pools"):
            kept = 206_900_000_000_000 if pool["kind"] == "bonding_curve" else 0
            vault = await wallet.result("getTokenAccountBalance", pool["base_vault"])
            assert int(vault["value"]["amount"]) == pool["real_base_units"] + kept

    assert moved != before
