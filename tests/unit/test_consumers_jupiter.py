"""Prices and depth are told in integers that a fill can be computed from, or not at all."""

from typing import Any

import httpx
import pytest

from memesnipe.chain.clients.jupiter import Jupiter, Price
from memesnipe.chain.clients.limits import Rate
from memesnipe.chain.clients.transport import Transport
from memesnipe.chain.programs import WRAPPED_SOL_MINT
from memesnipe.consumers.api import Delivery
from memesnipe.consumers.frames import EVENTS_MAX, frames_of
from memesnipe.consumers.sources.jupiter import Asking, JupiterPrices, tick_of
from memesnipe.consumers.watch import Watch
from memesnipe.kernel.clock import EventClock
from memesnipe.kernel.errors import BadInput
from memesnipe.market.curves import buy_exact_in, pool_of
from memesnipe.market.depth import depth_of
from memesnipe.messages.market import PriceTick

MINT = "8gQkv453h8zzwBNDvJdtVo74DYX5kqAAog1tdHNypump"
OTHER = "7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU"
NOW = 1_757_812_456 * 10**9
S = 10**9
SOL = Price(usd_price=150.0, decimals=9)


def a_tick(n: int = 1, mint: str = MINT, time_ns: int = NOW) -> PriceTick:
    return PriceTick(f"t{n}", time_ns, n, mint, "pumpfun", 30 * S, 1_073 * 10**12, 6)


def test_a_price_implies_reserves_of_half_the_liquidity_each() -> None:
    tick = tick_of(MINT, Price(usd_price=0.003, decimals=6, liquidity=30_000.0, block_id=7), SOL, NOW)

    assert tick.quote_lamports == 100 * S
    assert tick.base_units == 5_000_000 * 10**6
    assert tick.price_sol() == pytest.approx(0.003 / 150)


@pytest.mark.parametrize("usd", [1e-300, 1e12])
def test_a_price_that_implies_no_amounts_is_refused(usd: float) -> None:
    with pytest.raises(BadInput, match="usdPrice"):
        tick_of(MINT, Price(usd_price=usd, decimals=0, liquidity=1.0), SOL, NOW)


def test_depth_of_a_curve_is_what_its_reserves_give() -> None:
    tick = a_tick()

    depth = depth_of(tick, (S, 10 * S), NOW)

    assert [level.out_units for level in depth.levels] == [buy_exact_in(pool_of(tick), size).units for size in (S, 10 * S)]
    assert 0 < depth.levels[0].impact_bps < depth.levels[1].impact_bps
    assert (depth.reserve_lamports, depth.reserve_units) == (30 * S, 1_073 * 10**12)


def test_only_mints_traded_lately_are_active_latest_first() -> None:
    watch = Watch()
    watch.see([a_tick(1, MINT, NOW - 100 * S), a_tick(2, MINT[::-1], NOW)])

    assert [tick.mint for tick in watch.active(NOW, 60, 10)] == [MINT[::-1]]
    assert [tick.mint for tick in watch.active(NOW, 600, 10)] == [MINT[::-1], MINT]


def test_a_token_that_left_its_curve_is_priced_by_jupiter() -> None:
    watch = Watch(["asked"])

    watch.migrate([MINT])

    assert watch.unfed() == ["asked", MINT]


def test_a_burst_travels_in_frames_of_one_kind_in_order() -> None:
    ticks = [a_tick(n) for n in range(EVENTS_MAX + 3)]

    frames = [frame for _, frame in frames_of([*ticks, depth_of(ticks[0], (S,), NOW)])]

    assert [len(frame.events) for frame in frames] == [EVENTS_MAX, 3, 1]
    assert [event for frame in frames[:2] for event in frame.events] == ticks


async def priced(answer: dict[str, Any], *mints: str) -> Delivery:
    """Return the first round of prices of a host that gives this answer."""
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=answer)))
    jupiter = Jupiter(Transport("jupiter", "https://host.example", rate=Rate(per_s=1e6, burst=1_000, reserved=0), http=http))
    deliveries: Any = JupiterPrices(jupiter, Watch(mints), EventClock(NOW), Asking(1, 1, 1, 1, (S,), MINT)).deliveries(b"")
    delivery: Delivery = await anext(deliveries)
    await deliveries.aclose()
    return delivery


SOL_TOLD = {WRAPPED_SOL_MINT: {"usdPrice": 150.0, "decimals": 9}}


async def test_a_mint_that_jupiter_leaves_out_has_no_price_rather_than_zero() -> None:
    told = await priced(SOL_TOLD | {MINT: {"usdPrice": 0.003, "decimals": 6}, OTHER: None}, MINT, MINT[::-1], OTHER)

    assert [event.mint for event in told.events if isinstance(event, PriceTick)] == [MINT]
    assert told.bad == ()


@pytest.mark.parametrize("nonsense", [{"usdPrice": -1}, {"usdPrice": "free"}, {"usdPrice": 1.0, "decimals": 99}, 7, {}])
async def test_one_tokens_nonsense_does_not_hide_the_price_that_another_ones_stop_waits_for(nonsense: Any) -> None:
    told = await priced(SOL_TOLD | {OTHER: nonsense, MINT: {"usdPrice": 0.003, "decimals": 6}}, OTHER, MINT)

    assert [event.mint for event in told.events if isinstance(event, PriceTick)] == [MINT]
