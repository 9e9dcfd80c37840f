"""A market that crashes under a position on a localnet: it is sold within the policy's limits, through the real live path."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from aiohttp import ClientSession
from solders.pubkey import Pubkey

from memesnipe.bus.api import Bus
from memesnipe.chain import programs
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import Wallet, open_to_view
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import ExitLimits
from memesnipe.testing import forked, mints
from memesnipe.testing.builders import MINT, limits
from memesnipe.testing.crashes.localnet import Held
from memesnipe.testing.crashes.row import Row
from memesnipe.testing.live_stage import SERVICES, Stage
from memesnipe.testing.still_market import opened

PROCESSES = forked.warm(SERVICES)
LOOKS_S = 0.2
WITHIN_S = 60.0
"""For a loaded machine; what it took is the row's."""


class Scenario(NamedTuple):
    """`crash` makes it; `loss_bps_max` is what may be lost of all that was paid, rent and fees too."""

    made: str
    must: str
    cause: str
    crash: Callable[[Held, Wallet], Awaitable[object]]
    loss_bps_max: int = 3_500
    feed: bool = True
    again: bool = False
    """The crash goes on: whenever the mint was first looked at, the next look finds it worse."""
    policy: dict[str, Any] = {}  # noqa: RUF012 - read only


async def mint_becomes(wallet: Wallet, data: bytes) -> None:
    told = {"address": MINT, "owner": programs.TOKEN_PROGRAM, "data": base64.b64encode(data).decode()}
    assert "error" not in await wallet.post("/localnet/account", told)


async def minted(_: Held, wallet: Wallet) -> None:
    supply = int((await wallet.result("getTokenSupply", MINT))["value"]["amount"])
    await mint_becomes(wallet, mints.mint(supply=supply * 11 // 10))


async def freezable(_: Held, wallet: Wallet) -> None:
    await mint_becomes(wallet, mints.mint(supply=programs.PUMP_SUPPLY_UNITS, freezer=Pubkey.new_unique()))


async def drained_in_a_halt(held: Held, _: Wallet) -> None:
    await held.halt(HaltState.HALTED)
    await held.reserves(0.1, 0.1)


async def nothing(held: Held, _: Wallet) -> None:
    """The feed stops: the test says no more prices."""


NO_PRICE_STOPS = {"stop_loss_bps": 0, "take_profit_bps": 0}
SCENARIOS = {
    "price falls by a third": Scenario(
        "somebody sells: a fifth of the pool's SOL goes, the product is kept", "sold at the stop (20% below the price paid)", "stop_loss",
        lambda held, _: held.reserves(0.8, 1.25), 5_500,
    ),
    "rug pull": Scenario(
        "the creator dumps ten times what the pool holds: 90% of its SOL goes", "sold at once, for what is left", "stop_loss",
        lambda held, _: held.reserves(0.1, 10.0), 10_000,
    ),
    "liquidity drained": Scenario(
        "90% of both sides leave the pool, the price stays", "sold at once, before the rest leaves", "liquidity",
        lambda held, _: held.reserves(0.1, 0.1), policy={"exits": ExitLimits(drain_bps=5_000)},
    ),
    "liquidity drained in a halt": Scenario(
        "the same while everything is Halted", "sold all the same: a halt traps nothing", "liquidity",
        drained_in_a_halt, policy={"exits": ExitLimits(drain_bps=5_000)},
    ),
    "mint authority used": Scenario(
        "the supply grows by a tenth, again and again", "sold after two looks at the mint", "token",
        minted, again=True, policy={"exits": ExitLimits(supply_rise_bps=100)},
    ),
    "freeze authority appears": Scenario(
        "somebody new can freeze the token", "sold after two looks at the mint", "token",
        freezable, again=True,
    ),
    "feed stops": Scenario(
        "no more prices", "sold after `staleExitS` (2 s here) without any", "stale_price",
        nothing, feed=False, policy={"exits": ExitLimits(stale_exit_s=2)} | NO_PRICE_STOPS,
    ),
    "feed stops, `staleExitS` off": Scenario(
        "no more prices", "told of (`memesnipe_positions_price_stale`); sold by its age, `timeStopS` (4 s here)", "time_stop",
        nothing, feed=False, policy={"time_stop_s": 4},
    ),
}  # fmt: skip


@pytest.fixture
async def wallet() -> AsyncIterator[Wallet]:
    async with ClientSession() as session:
        yield Wallet(session, "")


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_position_is_closed_when_its_market_crashes(
    name: str, bus: Bus, valkey_url: str, wallet: Wallet, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    scenario = SCENARIOS[name]
    async with open_to_view(LocalnetSettings(slot_ms=20, seed=11, moved_by="admin")) as (wallet.base, _):
        await opened(wallet, symbol="CRASH")
        stage = Stage(bus, valkey_url, wallet, tmp_path, PROCESSES)
        try:
            await stage.prepare()
            await stage.start_signer()
            stage.start_guard()
            stage.start_positions(TOKEN_WATCH_S=str(LOOKS_S))
            held = Held(stage)
            await held.open(limits(**scenario.policy))
            await scenario.crash(held, wallet)
            again = partial(scenario.crash, held, wallet) if scenario.again else None
            closed_s = await held.ends(feed=scenario.feed, within_s=WITHIN_S, worse=again)
            cause, left, loss_bps = await held.outcome()
        finally:
            stage.close()

    row = Row("localnet", name, scenario.made, scenario.must, cause, closed_s, loss_bps)
    record_property("crash", msgspec.json.encode(row).decode())
    assert (cause, left) == (scenario.cause, 0)
    assert loss_bps <= scenario.loss_bps_max
