"""Swaps through the localnet: real signed transactions built from `/swap/v2/build`, exact to the unit."""

import base64
import random
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession
from solders.compute_budget import set_compute_unit_price
from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address

from memesnipe.chain.programs import JITO_TIP_ACCOUNTS, JUPITER_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM, WRAPPED_SOL_MINT
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import SOL, Wallet, encoded, read_instruction, running

Json = Any
RENT = {TOKEN_PROGRAM: 2_039_280, TOKEN_2022_PROGRAM: 2_074_080}


@pytest.fixture
async def wallet() -> AsyncIterator[Wallet]:
    async with running(LocalnetSettings(slot_ms=0, seed=11)) as base, ClientSession() as session:
        wallet = Wallet(session, base)
        await wallet.fund(10 * SOL)
        yield wallet


@pytest.fixture
async def still(wallet: Wallet) -> AsyncIterator[Wallet]:
    """A market in which nobody else trades."""
    async with running(LocalnetSettings(slot_ms=0, seed=11, moved_by="admin")) as base:
        quiet = Wallet(wallet.session, base)
        await quiet.fund(10 * SOL)
        await quiet.post("/localnet/pool", {"mint": MINT, "symbol": "STILL"})
        yield quiet


MINT = str(Pubkey.from_bytes(bytes([9]) * 32))


async def a_pool(wallet: Wallet, kind: str, program: str = TOKEN_PROGRAM) -> Json:
    return next(pool for pool in await wallet.get("/localnet/pools") if (pool["kind"], pool["token_program"]) == (kind, program))


def deltas(landed: Json) -> dict[str, int]:
    """Token deltas of a transaction by token account owner and mint."""
    out: dict[str, int] = {}
    for sign, name in ((-1, "preTokenBalances"), (1, "postTokenBalances")):
        for one in landed["meta"][name]:
            key = f"{one['owner']}/{one['mint']}"
            out[key] = out.get(key, 0) + sign * int(one["uiTokenAmount"]["amount"])
    return out


@pytest.mark.parametrize(
    ("kind", "program"),
    [("bonding_curve", TOKEN_PROGRAM), ("bonding_curve", TOKEN_2022_PROGRAM), ("constant_product", TOKEN_PROGRAM)],
)
async def test_a_buy_and_a_sell_conserve_every_unit(wallet: Wallet, kind: str, program: str) -> None:
    pool = await a_pool(wallet, kind, program)
    mint, vault = pool["mint"], pool["address"]
    start = await wallet.balance()

    bought = await wallet.land(wallet.swap(await wallet.quote(WRAPPED_SOL_MINT, mint, SOL // 10, slippageBps=2000)))
    held, paid = await wallet.tokens(mint), start - await wallet.balance()
    sold = await wallet.land(wallet.swap(await wallet.quote(mint, WRAPPED_SOL_MINT, held, slippageBps=2000)))

    assert bought["meta"]["err"] is None
    assert paid == SOL // 10 + RENT[program] + bought["meta"]["fee"]
    assert deltas(bought) == {f"{wallet.me}/{mint}": held, f"{vault}/{mint}": -held, f"{vault}/{WRAPPED_SOL_MINT}": SOL // 10}
    received = -deltas(sold)[f"{vault}/{WRAPPED_SOL_MINT}"]
    assert deltas(sold)[f"{vault}/{mint}"] == held
    assert await wallet.balance() == start - paid + received - sold["meta"]["fee"]


async def test_a_landed_swap_shows_its_transfers_as_inner_instructions_of_jupiter(wallet: Wallet) -> None:
    pool = await a_pool(wallet, "bonding_curve")
    built = await wallet.quote(WRAPPED_SOL_MINT, pool["mint"], SOL // 10, slippageBps=2000)

    landed = await wallet.land(wallet.swap(built))

    message = landed["transaction"]["message"]
    loaded = landed["meta"]["loadedAddresses"]
    keys = message["accountKeys"] + loaded["writable"] + loaded["readonly"]
    at = next(at for at, ix in enumerate(message["instructions"]) if keys[ix["programIdIndex"]] == JUPITER_PROGRAM)
    inner = next(group for group in landed["meta"]["innerInstructions"] if group["index"] == at)["instructions"]
    assert [keys[step["programIdIndex"]] for step in inner[:2]] == [TOKEN_PROGRAM, TOKEN_PROGRAM]
    assert keys[inner[0]["accounts"][2]] == pool["quote_vault"]
    assert (keys[inner[1]["accounts"][0]], keys[inner[1]["accounts"][3]]) == (pool["base_vault"], pool["address"])
    assert sum(line.startswith("Program data: ") for line in landed["meta"]["logMessages"]) == 1


async def test_a_quote_is_what_the_pool_pays_when_nobody_else_trades(still: Wallet) -> None:
    built = await still.quote(WRAPPED_SOL_MINT, MINT, 3 * SOL, slippageBps=0)

    await still.land(still.swap(built))

    assert built["outAmount"] == "96449438144093"
    assert await still.tokens(MINT) == 96_449_438_144_093


async def test_slippage_charges_the_fee_and_nothing_else(wallet: Wallet) -> None:
    pool = await a_pool(wallet, "bonding_curve")
    built = await wallet.quote(WRAPPED_SOL_MINT, pool["mint"], SOL // 10, slippageBps=0)
    data = base64.b64decode(built["swapInstruction"]["data"])
    data = data[:16] + struct.pack("<Q", int(built["outAmount"]) * 2) + data[24:]
    built["swapInstruction"]["data"] = base64.b64encode(data).decode()
    tx, start = wallet.swap(built), await wallet.balance()

    refused = await wallet.send(tx)
    landed = await wallet.land(tx, skipPreflight=True)

    at = len(tx.message.instructions) - 2
    assert refused["error"]["code"] == -32002
    assert refused["error"]["data"]["err"] == landed["meta"]["err"] == {"InstructionError": [at, {"Custom": 6001}]}
    assert landed["meta"]["logMessages"][-1] == f"Program {JUPITER_PROGRAM} failed: custom program error: 0x1771"
    assert await wallet.balance() == start - landed["meta"]["fee"]
    assert await wallet.tokens(pool["mint"]) == 0
    assert landed["meta"]["postTokenBalances"] == landed["meta"]["preTokenBalances"]


async def test_a_sale_of_more_than_is_held_is_insufficient_funds(still: Wallet) -> None:
    await still.land(still.swap(await still.quote(WRAPPED_SOL_MINT, MINT, SOL, slippageBps=0)))
    held = await still.tokens(MINT)

    landed = await still.land(still.swap(await still.quote(MINT, WRAPPED_SOL_MINT, held + 1, slippageBps=0)), skipPreflight=True)

    assert landed["meta"]["err"]["InstructionError"][1] == {"Custom": 6024}
    assert await still.tokens(MINT) == held


async def test_a_redirected_destination_really_gets_the_tokens(still: Wallet) -> None:
    """The localnet does what the bytes say: catching a poisoned build is the signer's work."""
    thief = Wallet(still.session, still.base, seed=66)
    await thief.fund(SOL)
    await thief.land(thief.swap(await thief.quote(WRAPPED_SOL_MINT, MINT, SOL // 100, slippageBps=100)))
    stolen_before = await thief.tokens(MINT)
    built = await still.quote(WRAPPED_SOL_MINT, MINT, SOL, slippageBps=100)
    built["swapInstruction"]["accounts"][2]["pubkey"] = str(get_associated_token_address(thief.key.pubkey(), Pubkey.from_string(MINT)))

    landed = await still.land(still.swap(built))

    assert landed["meta"]["err"] is None
    assert (await still.tokens(MINT), await thief.tokens(MINT) - stolen_before) == (0, int(built["outAmount"]))


async def test_a_price_without_a_limit_is_charged_on_the_default_limit_of_the_signed_instructions(still: Wallet) -> None:
    built = await still.quote(WRAPPED_SOL_MINT, MINT, SOL, slippageBps=0)
    told = [*built["setupInstructions"], built["swapInstruction"], built["cleanupInstruction"]]

    landed = await still.land(await still.signed(set_compute_unit_price(1_000_000), *(read_instruction(one) for one in told)))

    assert landed["meta"]["err"] is None
    assert landed["meta"]["fee"] == 5_000 + 3_000 * 2 + 200_000 * 5


async def test_simulation_tells_the_swap_and_changes_nothing(still: Wallet) -> None:
    tx = still.swap(await still.quote(WRAPPED_SOL_MINT, MINT, SOL, slippageBps=0))
    start, pools = await still.balance(), await still.get("/localnet/pools")

    told = await still.result("simulateTransaction", encoded(tx), {"encoding": "base64", "sigVerify": True})

    assert told["value"]["err"] is None
    assert told["value"]["unitsConsumed"] > 0
    assert (await still.balance(), await still.get("/localnet/pools")) == (start, pools)


async def test_a_bundle_that_fails_puts_the_pool_back(still: Wallet) -> None:
    tip = still.pay(JITO_TIP_ACCOUNTS[0], 10_000)
    swap = still.swap(await still.quote(WRAPPED_SOL_MINT, MINT, SOL, slippageBps=0), tip)
    hopeless = await still.signed(still.pay(MINT, 500 * SOL))
    start, pools = await still.balance(), await still.get("/localnet/pools")
    curve = await still.result("getAccountInfo", pools[0]["address"], {"encoding": "base64"})

    await still.result("sendBundle", [encoded(swap), encoded(hopeless)], {"encoding": "base64"}, path="/api/v1/bundles")
    await still.tick(2)

    assert (await still.balance(), await still.get("/localnet/pools")) == (start, pools)
    assert (await still.result("getAccountInfo", pools[0]["address"], {"encoding": "base64"}))["value"] == curve["value"]
    landed = await still.land(swap)
    assert landed["meta"]["err"] is None


async def test_many_swaps_of_two_wallets_lose_no_lamport_and_no_unit(still: Wallet) -> None:
    """Wallets, vault and fees always add up to what the faucet gave; tokens to the supply."""
    chance = random.Random(1)
    pair = (still, Wallet(still.session, still.base, seed=44))
    await pair[1].fund(10 * SOL)
    pool = (await still.get("/localnet/pools"))[0]
    spent = 0
    for _ in range(20):
        wallet = chance.choice(pair)
        held = await wallet.tokens(MINT)
        buys = not held or chance.random() < 0.6
        legs = (WRAPPED_SOL_MINT, MINT) if buys else (MINT, WRAPPED_SOL_MINT)
        built = await wallet.quote(*legs, chance.randint(1, SOL) if buys else held, slippageBps=0)
        if "errorCode" in built:
            continue
        landed = await wallet.land(wallet.swap(built))
        spent += landed["meta"]["fee"]

    vault = int((await still.result("getTokenAccountBalance", pool["quote_vault"]))["value"]["amount"])
    tokens = int((await still.result("getTokenAccountBalance", pool["base_vault"]))["value"]["amount"])
    lamports, units = [await one.balance() for one in pair], [await one.tokens(MINT) for one in pair]
    rents = sum([len((await one.result("getTokenAccountsByOwner", one.me, {"mint": MINT}))["value"]) * RENT[TOKEN_PROGRAM] for one in pair])
    assert sum(lamports) + vault + spent + rents == 20 * SOL
    assert sum(units) + tokens == 10**15


async def test_prices_omit_what_has_none_and_build_says_why_not(wallet: Wallet) -> None:
    pool = await a_pool(wallet, "bonding_curve")
    stranger = str(Pubkey.new_unique())

    prices = await wallet.get("/price/v3", ids=f"{pool['mint']},{stranger},{WRAPPED_SOL_MINT}")
    codes = [
        (await wallet.quote(give, take, amount))["errorCode"]
        for give, take, amount in (
            (WRAPPED_SOL_MINT, stranger, SOL),
            (WRAPPED_SOL_MINT, WRAPPED_SOL_MINT, SOL),
            (pool["mint"], stranger, SOL),
            (WRAPPED_SOL_MINT, pool["mint"], 10**15),
        )
    ]

    assert set(prices) == {pool["mint"], WRAPPED_SOL_MINT}
    assert prices[pool["mint"]]["decimals"] == 6
    assert codes == ["TOKEN_NOT_TRADABLE", "CIRCULAR_ARBITRAGE_IS_DISABLED", "NO_ROUTES_FOUND", "NO_ROUTES_FOUND"]
