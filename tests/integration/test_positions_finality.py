"""A fork takes what was confirmed and booked: the ledger follows the final chain to the lamport, and never on one host's word alone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession

from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import KILL_SWITCH
from memesnipe.chain.clients.rpc_types import Landed
from memesnipe.chain.programs import WRAPPED_SOL_MINT
from memesnipe.kernel.clock import SystemClock
from memesnipe.ledger import read
from memesnipe.ledger.engine import ledger_url
from memesnipe.ledger.write import Verdict
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import SOL, Wallet, running
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.orders import Fill
from memesnipe.positions.adopt import walk
from memesnipe.positions.finality import Finality, as_landed
from memesnipe.positions.history import WalletHistory
from memesnipe.positions.store import Store
from memesnipe.reconcile.run import Report, reconcile
from memesnipe.testing.builders import MINT, a_fill, an_intent
from memesnipe.testing.still_market import opened

Json = Any
DEPTH = 6
FINALITY_SLOTS = 32
BLOCKHASH_LIFE = 150


class Booked:
    """A wallet on a localnet, its ledger, and the look."""

    def __init__(self, wallet: Wallet, url: str, bus: RedisBus) -> None:
        self.wallet, self.url, self.bus = wallet, url, bus
        self.store, self.history = Store(url), WalletHistory.at(wallet.base, wallet.me)
        self.finality = Finality(self.store, self.history, bus, SystemClock())

    async def buys(self) -> Fill:
        """Buy, and book the fill as wallet_guard says it when the block is confirmed."""
        built = await self.wallet.quote(WRAPPED_SOL_MINT, MINT, SOL // 10, slippageBps=2_000)
        landed = await self.wallet.land(self.wallet.swap(built), skipPreflight=True)
        signature = landed["transaction"]["signatures"][0]
        raw = await self.wallet.result(
            "getTransaction", signature, {"encoding": "base64", "maxSupportedTransactionVersion": 1, "commitment": "confirmed"}
        )
        empty = a_fill(an_intent(), mode=Mode.LIVE, signature=signature, time_ns=SystemClock().now_ns(), mint=MINT)
        fill = as_landed(empty, msgspec.convert(raw, type=Landed, strict=False), self.wallet.me)
        await self.store.record([fill], [])
        return fill

    async def passes(self, slots: int) -> None:
        """Let slots pass, with a look now and then."""
        for _ in range(-(-slots // 40)):
            await self.wallet.tick(40)
            await walk(self.store, self.history)
            await self.finality.look()

    async def differences(self) -> Report:
        return await asyncio.to_thread(reconcile, self.url, self.wallet.base, self.wallet.me, patience_s=0.0)

    async def units(self) -> int:
        return sum(one.units for one in (await self.store.holdings()).positions)

    async def halts(self) -> list[HaltState]:
        return [entry.message.state for entry in await self.bus.fold(KILL_SWITCH.name)]


@pytest.fixture
async def booked(bus: RedisBus, tmp_path: Path) -> AsyncIterator[Booked]:
    async with running(LocalnetSettings(slot_ms=0, seed=11, moved_by="admin")) as base, ClientSession() as session:
        wallet = Wallet(session, base)
        await opened(wallet)
        await wallet.tick(FINALITY_SLOTS + 1)
        booked = Booked(wallet, ledger_url(str(tmp_path)), bus)
        await booked.store.migrate()
        yield booked
        await booked.history.close()
        booked.store.close()


async def test_a_fill_that_stays_is_looked_at_once_and_left_as_it_is(booked: Booked) -> None:
    fill = await booked.buys()

    await booked.passes(50)

    assert await booked.store.ask(lambda connection: read.unsettled(connection, 0)) == []
    assert await booked.store.ask(read.all_fills) == [fill]
    assert (await booked.differences()).differences == []


async def test_a_fill_that_a_fork_took_is_no_fill_once_its_blockhash_is_dead(booked: Booked) -> None:
    await booked.wallet.post("/localnet/faults", {"forks": 1, "fork_depth_slots": DEPTH})
    await booked.buys()
    held = await booked.units()

    await booked.passes(FINALITY_SLOTS + 100)
    waiting = await booked.units()
    await booked.passes(BLOCKHASH_LIFE)

    assert held == waiting > 0
    assert await booked.units() == 0
    assert (await booked.differences()).differences == []
    assert await booked.halts() == [HaltState.REDUCE_ONLY]


async def test_a_fill_that_landed_again_has_the_numbers_of_the_block_that_holds_it(booked: Booked) -> None:
    await booked.wallet.post("/localnet/faults", {"forks": 1, "fork_depth_slots": DEPTH, "fork_again_slots": 3})
    fill = await booked.buys()

    await booked.passes(FINALITY_SLOTS + 30)

    (real,) = await booked.store.ask(read.all_fills)
    assert real.slot > fill.slot
    assert (await booked.differences()).differences == []
    assert await booked.halts() == []


async def test_two_fills_of_one_token_that_one_fork_took_both_go(booked: Booked) -> None:
    kept = await booked.buys()
    await booked.passes(FINALITY_SLOTS + 10)
    await booked.wallet.post("/localnet/faults", {"forks": 1, "fork_depth_slots": DEPTH})
    for _ in range(2):
        await booked.buys()

    await booked.passes(FINALITY_SLOTS + 2 * BLOCKHASH_LIFE)

    assert await booked.store.ask(read.all_fills) == [kept]
    assert (await booked.differences()).differences == []


async def test_a_host_that_forgot_a_transaction_takes_no_fill_back(booked: Booked) -> None:
    fill = await booked.buys()
    await booked.wallet.post("/localnet/faults", {"hidden_slots": 10_000})

    await booked.passes(FINALITY_SLOTS + 2 * BLOCKHASH_LIFE)

    assert await booked.store.ask(read.all_fills) == [fill]
    assert await booked.halts() == []


async def test_an_answer_about_another_transaction_changes_no_fill(booked: Booked) -> None:
    first = await booked.buys()
    second = await booked.buys()
    await booked.wallet.tick(FINALITY_SLOTS)
    await booked.wallet.post("/localnet/faults", {"wrong_transactions": 1})

    await booked.finality.look()
    left = await booked.store.ask(lambda connection: read.unsettled(connection, 0))
    await booked.finality.look()

    assert left == [first]
    assert await booked.store.ask(read.all_fills) == [first, second]
    assert await booked.store.ask(lambda connection: read.unsettled(connection, 0)) == []


async def test_an_undone_fill_that_is_said_again_stays_undone(booked: Booked) -> None:
    await booked.wallet.post("/localnet/faults", {"forks": 1, "fork_depth_slots": DEPTH})
    fill = await booked.buys()
    await booked.passes(FINALITY_SLOTS + BLOCKHASH_LIFE + 60)

    (again,) = await booked.store.record([fill], [])

    assert again.verdict is Verdict.KNOWN
    assert await booked.units() == 0


async def test_a_deposit_that_a_fork_took_was_never_booked(booked: Booked) -> None:
    await booked.passes(10)
    before = (await booked.differences()).transfers
    await booked.wallet.post("/localnet/faults", {"forks": 1, "fork_depth_slots": DEPTH})
    await booked.wallet.fund(SOL)

    await booked.passes(FINALITY_SLOTS + 60)

    assert (await booked.differences()).transfers == before
    assert (await booked.differences()).differences == []
