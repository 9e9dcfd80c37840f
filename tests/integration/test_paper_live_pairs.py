"""What paper promises is held against what live did, order by order: real services on a localnet that other traders move."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientSession

from memesnipe.bus import topology
from memesnipe.bus.api import Bus
from memesnipe.evidence.gap import Gap, gap_of, objection
from memesnipe.kernel.clock import SystemClock
from memesnipe.ledger import read
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.localnet.settings import LocalnetSettings
from memesnipe.localnet.testing import SOL, Wallet, running
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import Fill, Intent, OrderIntent
from memesnipe.messages.pairs import BPS, Pair
from memesnipe.testing import forked
from memesnipe.testing.builders import STRATEGY, a_sale, an_intent
from memesnipe.testing.live_stage import SERVICES, Stage
from memesnipe.testing.polling import until

SLOT_MS = 400
"""As on mainnet."""
CONSUMERS = "memesnipe.consumers.service"
PROCESSES = forked.warm((*SERVICES, CONSUMERS))
ORDERS_MIN = 20
SLOTS_MAX = 12
"""Of the paper of a machine that does ten other things: it lands its orders late, and a model of it has to say so."""
FAILING_ORDERS = 8
UNEXPLAINED_BPS_MAX = 25
HEAD = "side  end     slots live/paper/most  gap bps  there bps      band bps  odds bps  in band"


class Trader:
    """Plays a strategy on whatever the market says: buys every curve it has a price of, then sells what it got."""

    def __init__(self, stage: Stage, bus: Bus) -> None:
        self._stage, self._bus = stage, bus

    async def prices(self) -> dict[str, PriceTick]:
        """Return the newest price of each token on a curve."""
        ticks = [event for entry in await self._bus.fold(topology.PRICE.name) for event in entry.message.events]
        return {tick.mint: tick for tick in ticks if tick.venue == "pumpfun"}

    async def round(self, count: int) -> None:
        """Buy `count` tokens, and sell them again."""
        bought = await self.buy(count)
        prices = await self.prices()
        await self._orders([_sell(prices[fill.mint], fill.token_delta_units) for fill in bought if fill.token_delta_units > 0])

    async def buy(self, count: int, times: int = 1) -> list[Fill]:
        """Buy `count` tokens, each `times` times at once; return what was filled."""
        prices = await until(lambda: self._prices_of(count), timeout_s=60)
        return await self._orders([_buy(tick) for tick in [*prices.values()][:count] for _ in range(times)])

    async def _prices_of(self, count: int) -> dict[str, PriceTick]:
        return found if len(found := await self.prices()) >= count else {}

    async def _orders(self, intents: Sequence[Intent]) -> list[Fill]:
        """Send orders side by side; return what was filled."""
        for intent in intents:
            await self._stage.order(intent)

        async def ended() -> bool:
            heard = {one.intent_id for one in await self._stage.said()}
            return all(intent.id in heard for intent in intents)

        await until(ended, timeout_s=60)
        ours = {intent.id for intent in intents}
        return [one for one in await self._stage.said() if isinstance(one, Fill) and one.intent_id in ours and one.token_delta_units]


def _buy(tick: PriceTick) -> OrderIntent:
    return _at(an_intent(size_sol=0.05, slippage_bps_max=3_000), tick)


def _sell(tick: PriceTick, units: int) -> OrderIntent:
    return _at(a_sale(size_units=units, slippage_bps_max=3_000), tick)


def _at(intent: OrderIntent, tick: PriceTick) -> OrderIntent:
    seen = {"mint": tick.mint, "slot": tick.slot, "quote_lamports": tick.quote_lamports, "base_units": tick.base_units}
    return msgspec.structs.replace(intent, time_ns=SystemClock().now_ns(), **seen)


def line(pair: Pair) -> str:
    slots = f"{pair.live_slots}/{pair.paper_slots}/{pair.slots_max}"
    cells = (pair.side.value, pair.end.value, slots, pair.gap_bps, pair.there_bps, band_bps(pair), pair.failure_bps, pair.in_band)
    return "{:<5} {:<7} {:>21} {!s:>8} {!s:>10} {!s:>13} {:>9} {!s:>8}".format(*cells)


def band_bps(pair: Pair) -> list[int | None]:
    """Return the band as seen from the live order."""
    ends = (pair.low_lamports, pair.high_lamports)
    return [None if end is None else (end - pair.live_lamports) * BPS // pair.size_lamports for end in ends]


def pairs_in(folder: Path) -> list[Pair]:
    engine = open_engine(ledger_url(str(folder)))
    try:
        with engine.connect() as connection:
            return read.last_pairs(connection, STRATEGY, 1_000)
    finally:
        engine.dispose()


def show(pairs: Sequence[Pair]) -> None:
    print("\n" + "\n".join([HEAD, *map(line, pairs), str(gap_of(pairs))]))


async def told(bus: Bus, pairs: int) -> Gap:
    """Return what the gates read, once it is about so many pairs."""

    async def gap() -> Gap | None:
        raw = await bus.get(topology.PAPER_GAP_KEY.format(strategy=STRATEGY))
        found = msgspec.json.decode(raw, type=Gap) if raw else Gap()
        return found if found.pairs >= pairs else None

    found: Gap = await until(gap)
    return found


@pytest.fixture
async def stage(bus: Bus, valkey_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with running(LocalnetSettings(slot_ms=SLOT_MS, seed=7)) as base, ClientSession() as session:
        wallet = Wallet(session, base)
        await wallet.fund(10 * SOL)
        await until(wallet.balance)
        stage = Stage(bus, valkey_url, wallet, tmp_path, PROCESSES)
        try:
            await stage.open()
            stage.start(CONSUMERS, RPC_URL=base, WS_URL=base.replace("http", "ws"), RECORD="false", TOKEN_CHECKS="false")
            stage.start_positions()
            yield stage
        finally:
            stage.close()


async def paired(folder: Path, orders: int) -> list[Pair]:
    """Return the ledger's pairs once there are so many."""

    async def enough() -> list[Pair]:
        found = await asyncio.to_thread(pairs_in, folder)
        return found if len(found) >= orders else []

    found: list[Pair] = await until(enough, timeout_s=90)
    return found


@pytest.mark.timeout(300)
async def test_live_orders_end_where_paper_says_they_can(stage: Stage, bus: Bus, tmp_path: Path) -> None:
    trader = Trader(stage, bus)
    stage.start_guard(PAPER_SLOTS_MAX=str(SLOTS_MAX))

    for _ in range(3):
        await trader.round(4)
    pairs = await paired(tmp_path, len({one.intent_id for one in await stage.said()}))
    gap = await told(bus, len(pairs))

    show(pairs)
    assert gap.pairs >= ORDERS_MIN
    assert objection(gap) == ""
    # What no delay explains: prices, fees and rounding of the model itself.
    assert [one for one in pairs if one.there_bps is not None and abs(one.there_bps) > UNEXPLAINED_BPS_MAX] == []


@pytest.mark.timeout(300)
async def test_a_chain_on_which_more_orders_fail_than_paper_has_odds_for_is_told_by_the_gap(stage: Stage, bus: Bus, tmp_path: Path) -> None:
    await stage.wallet.post("/localnet/faults", {"reverted_swaps": FAILING_ORDERS})
    stage.start_guard()

    await Trader(stage, bus).buy(4, times=FAILING_ORDERS // 4)
    pairs = await paired(tmp_path, FAILING_ORDERS)
    gap = await told(bus, FAILING_ORDERS)

    show(pairs)
    assert all(one.in_band for one in pairs)  # each by itself is one that can be
    assert "failed or never landed" in objection(gap, pairs_min=FAILING_ORDERS)
