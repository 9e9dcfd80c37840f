"""Checks before a buy, by the shipped clients against a real localnet: good tokens pass, each bad one is refused with its reason."""

import base64
from collections.abc import AsyncIterator
from struct import pack
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession
from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.chain.clients.jupiter import Jupiter
from memesnipe.chain.clients.limits import Rate
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.token_rules import TokenRules
from memesnipe.guard.token_limits import Limits
from memesnipe.guard.token_liquidity import associated
from memesnipe.guard.token_safety import TokenSafety
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode as R
from memesnipe.localnet.poisons import STRANGER
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import SOL, Wallet, running
from memesnipe.testing import mints
from memesnipe.testing.builders import MINT, OTHER_MINT, an_intent
from memesnipe.testing.mints import SOMEBODY, TOKEN, TOKEN_2022
from memesnipe.testing.still_market import RESERVES

RATE = Rate(1_000.0, 1_000, 10)
CURVE = {
    "virtual_quote_lamports": 40 * SOL,
    "virtual_base_units": programs.PUMP_VIRTUAL_BASE_START_UNITS * 30 // 40,
    "real_quote_lamports": 10 * SOL,
    "real_base_units": programs.PUMP_REAL_BASE_START_UNITS - programs.PUMP_VIRTUAL_BASE_START_UNITS // 4,
}
SUPPLY = programs.PUMP_SUPPLY_UNITS
KEY, NOBODY = bytes(SOMEBODY), bytes(32)
Json = Any


class Market:
    """A localnet that nobody moves, with one curve and one constant-product pool, and a wallet that can pay."""

    def __init__(self, wallet: Wallet, rpc: SolanaRpc, jupiter: Jupiter) -> None:
        self.wallet, self.rpc, self.jupiter = wallet, rpc, jupiter

    async def refusal(self, mint: str = MINT, *, size_sol: float = 0.1, wallet: str = "", **limits: Any) -> R | None:
        """Return why a buy is refused, None when it may go."""
        safety = TokenSafety(self.rpc, self.jupiter, Limits(**limits))
        try:
            await safety.require_safe(msgspec.structs.replace(an_intent(size_sol=size_sol), mint=mint), wallet or self.wallet.me)
        except Refused as refused:
            return refused.code
        return None

    async def put(self, address: str, owner: str, data: bytes) -> None:
        """Write an account."""
        told = {"address": address, "owner": owner, "data": base64.b64encode(data).decode()}
        assert await self.wallet.post("/localnet/account", told) == {"address": address}

    async def pool(self, mint: str = MINT) -> Json:
        """Return a mint's pool."""
        return next(pool for pool in await self.wallet.get("/localnet/pools") if pool["mint"] == mint)

    async def data(self, address: str) -> bytes:
        """Return an account's bytes."""
        found = await self.wallet.result("getAccountInfo", address, {"encoding": "base64"})
        return base64.b64decode(found["value"]["data"][0])


@pytest.fixture
async def market() -> AsyncIterator[Market]:
    async with running(LocalnetSettings(slot_ms=0, seed=11, moved_by="admin")) as base, ClientSession() as session:
        wallet, rpc, jupiter = Wallet(session, base), SolanaRpc.at(base, RATE), Jupiter.at(base, "", RATE)
        await wallet.fund(10 * SOL)
        await wallet.post("/localnet/pool", {"mint": MINT, "kind": "bonding_curve", "creator": str(SOMEBODY), **CURVE})
        await wallet.post("/localnet/pool", {"mint": OTHER_MINT, "kind": "constant_product", **RESERVES})
        yield Market(wallet, rpc, jupiter)
        await rpc.close()
        await jupiter.close()


@pytest.mark.parametrize("mint", [MINT, OTHER_MINT])
async def test_an_ordinary_token_may_be_bought(market: Market, mint: str) -> None:
    assert await market.refusal(mint) is None


async def test_every_token_of_the_seeded_market_may_be_bought() -> None:
    async with running(LocalnetSettings(slot_ms=0, seed=7)) as base, ClientSession() as session:
        market = Market(Wallet(session, base), SolanaRpc.at(base, RATE), Jupiter.at(base, "", RATE))
        await market.wallet.fund(10 * SOL)
        await market.wallet.tick(200)

        listed = [pool["mint"] for pool in await market.wallet.get("/localnet/pools")]
        found = {mint: await market.refusal(mint) for mint in listed}

        assert len(found) > 6
        assert set(found.values()) == {None}
        await market.rpc.close()
        await market.jupiter.close()


@pytest.mark.parametrize(
    ("owner", "data", "reason"),
    [
        (TOKEN, mints.mint(minter=SOMEBODY), R.TOKEN_AUTHORITY),
        (TOKEN, mints.mint(freezer=SOMEBODY), R.TOKEN_AUTHORITY),
        (TOKEN_2022, mints.mint((mints.DELEGATE, KEY)), R.TOKEN_EXTENSION),
        (TOKEN_2022, mints.mint((mints.HOOK, KEY + KEY)), R.TOKEN_EXTENSION),
        (TOKEN_2022, mints.mint((mints.PAUSABLE, KEY + b"\0")), R.TOKEN_EXTENSION),
        (TOKEN_2022, mints.mint((mints.NON_TRANSFERABLE, b"")), R.TOKEN_EXTENSION),
        (TOKEN_2022, mints.mint((mints.DEFAULT_STATE, b"\x02")), R.TOKEN_EXTENSION),
        (TOKEN_2022, mints.mint((mints.CONFIDENTIAL, bytes(65))), R.TOKEN_EXTENSION),
        (TOKEN_2022, mints.mint((mints.CLOSE_AUTHORITY, KEY)), R.TOKEN_EXTENSION),
        (TOKEN_2022, mints.mint(mints.fee(0, 500)), R.TOKEN_FEE),
        (TOKEN, mints.mint(decimals=19), R.TOKEN_MINT),
        (str(SOMEBODY), mints.mint(), R.TOKEN_MINT),
        (TOKEN, b"not a mint", R.TOKEN_UNCHECKED),  # the node itself does not take it for one
    ],
)
async def test_a_token_whose_mint_went_bad_is_refused_with_the_reason(market: Market, owner: str, data: bytes, reason: R) -> None:
    await market.put(MINT, owner, data)

    assert await market.refusal() in (reason, R.TOKEN_UNCHECKED if reason is R.TOKEN_MINT else reason)


async def test_a_token_of_which_one_holder_has_too_much_is_refused(market: Market) -> None:
    whale = Pubkey.new_unique()
    held = bytes(Pubkey.from_string(MINT)) + KEY + pack("<Q", SUPPLY // 4) + bytes(36) + b"\x01" + bytes(56)
    await market.put(str(whale), TOKEN, held)

    assert await market.refusal() is R.TOKEN_HOLDERS
    assert await market.refusal(holder_bps_max=2_500) is None


@pytest.mark.parametrize("owner", [programs.INCINERATOR, "wallet"])
async def test_what_is_burnt_or_ours_is_no_holder(market: Market, owner: str) -> None:
    owner = market.wallet.me if owner == "wallet" else owner
    held = bytes(Pubkey.from_string(MINT)) + bytes(Pubkey.from_string(owner)) + pack("<Q", SUPPLY // 2) + bytes(36) + b"\x01" + bytes(56)
    await market.put(associated(owner, MINT, TOKEN), TOKEN, held)

    assert await market.refusal() is None


@pytest.mark.parametrize(("left", "reason"), [(10**11, None), (10**11 + 10**8, R.TOKEN_LIQUIDITY), (10**12, R.TOKEN_LIQUIDITY)])
async def test_a_pool_whose_lp_tokens_are_not_burnt_is_refused(market: Market, left: int, reason: R | None) -> None:
    pool = await market.data((await market.pool(OTHER_MINT))["address"])
    await market.put(str(Pubkey(pool[136:168])), TOKEN, mints.mint(supply=left, minter=SOMEBODY))

    assert await market.refusal(OTHER_MINT) is reason


@pytest.mark.parametrize("owner", [str(SOMEBODY), programs.RAYDIUM_CLMM_PROGRAM, programs.METEORA_DLMM_PROGRAM, programs.PUMPSWAP_PROGRAM])
async def test_a_pool_of_a_venue_whose_liquidity_can_go_is_refused(market: Market, owner: str) -> None:
    address = (await market.pool(OTHER_MINT))["address"]
    await market.put(address, owner, await market.data(address))

    assert await market.refusal(OTHER_MINT) is R.TOKEN_LIQUIDITY
    assert await market.refusal(OTHER_MINT, lp_burnt_bps_min=0) is None


async def test_a_pool_that_keeps_too_much_of_a_round_trip_is_refused(market: Market) -> None:
    await market.wallet.post("/localnet/pool", {"mint": OTHER_MINT, "kind": "constant_product", "protocol_fee_bps": 1_500})

    assert await market.refusal(OTHER_MINT) is R.TOKEN_UNSELLABLE


async def test_an_order_too_large_for_its_pool_is_refused(market: Market) -> None:
    assert await market.refusal(size_sol=8, round_trip_bps_max=1_000) is R.TOKEN_UNSELLABLE
    assert await market.refusal(size_sol=0.1, round_trip_bps_max=1_000) is None


async def test_a_token_that_arrives_and_cannot_be_sold_is_refused_by_the_simulation(market: Market) -> None:
    """The quotes are good; in the transaction itself the tokens come to somebody else, and there is nothing to sell."""
    await market.put(STRANGER, TOKEN, bytes(Pubkey.from_string(MINT)) + KEY + bytes(44) + b"\x01" + bytes(56))
    await market.wallet.post("/localnet/faults", {"poison": "destination"})

    assert await market.refusal() is R.TOKEN_UNSELLABLE
    assert await market.refusal(simulated=False) is None


async def test_a_wallet_that_cannot_pay_is_judged_by_the_quotes_alone(market: Market) -> None:
    assert await market.refusal(wallet=str(Pubkey.new_unique())) is None


async def test_a_creator_of_too_many_tokens_is_refused(market: Market) -> None:
    once = await market.refusal(creator_launches_max=1)
    third = str(Pubkey.new_unique())
    await market.wallet.post("/localnet/pool", {"mint": third, "kind": "bonding_curve", "creator": str(SOMEBODY)})

    assert once is None
    assert await market.refusal(creator_launches_max=1) is R.TOKEN_CREATOR
    assert await market.refusal(creator_launches_max=2) is None


async def test_a_creator_who_is_not_known_is_unchecked_where_the_setting_asks_for_one(market: Market) -> None:
    assert await market.refusal(OTHER_MINT, creator_launches_max=1) is R.TOKEN_UNCHECKED


async def test_a_fee_that_a_person_allowed_is_let_through_to_the_other_checks(market: Market) -> None:
    await market.put(MINT, TOKEN_2022, mints.mint(mints.fee(100, 100)))

    allowed = await market.refusal(rules=TokenRules(transfer_fee_bps_max=100), simulated=False)

    assert allowed is not R.TOKEN_FEE
