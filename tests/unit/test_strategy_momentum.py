"""Momentum fires on the breakout it is for, on nothing else, and always finds its way out."""

import math
import random
from typing import Any

import pytest
from pydantic import ValidationError

from memesnipe.messages.bounds import Side
from memesnipe.messages.market import PriceTick
from memesnipe.testing.builders import MINT, OTHER_MINT, START_NS, a_launch, a_tick
from memesnipe.testing.strategies import Rehearsal
from memesnipe_strategies.momentum import Momentum, MomentumParameters

BASE = 10**15
FAST: dict[str, Any] = {"warmup_s": 5, "warmup_ticks": 5, "fast_s": 3, "slow_s": 10, "flow_lamports_min": 10**8, "cooldown_s": 30}


def ticks(
    prices: list[float], *, start_s: float = 0.0, side: Side | None = Side.BUY, mint: str = MINT, lamports: int = 10**8
) -> list[PriceTick]:
    """Return one tick a second; a price of 1.0 is 30 SOL of reserves."""
    return [
        a_tick(
            time_ns=START_NS + int((start_s + second) * 10**9), mint=mint, quote_lamports=int(price * 30 * 10**9), base_units=BASE,
            trade_side=side, trade_lamports=lamports,
        )
        for second, price in enumerate(prices)
    ]  # fmt: skip


QUIET = [1.0 + 0.002 * (second % 2) for second in range(15)]
BREAKOUT = [1.02, 1.05, 1.09, 1.13, 1.17]


def test_it_buys_a_breakout_that_is_carried_by_buying() -> None:
    rehearsal = Rehearsal(Momentum, **FAST)

    orders = rehearsal.play(*ticks(QUIET + BREAKOUT))

    assert [(order.side, order.reason) for order in orders] == [(Side.BUY, "breakout")]


def test_a_breakout_on_selling_is_not_bought() -> None:
    rehearsal = Rehearsal(Momentum, **FAST)

    assert rehearsal.play(*ticks(QUIET), *ticks(BREAKOUT, start_s=15, side=Side.SELL, lamports=10**9)) == []


def test_a_breakout_in_quotes_without_trades_is_not_bought() -> None:
    assert Rehearsal(Momentum, **FAST).play(*ticks(QUIET + BREAKOUT, side=None)) == []


def test_a_rise_that_is_this_tokens_ordinary_noise_is_not_bought() -> None:
    wild = [1.0 if second % 2 else 1.12 for second in range(40)]

    assert Rehearsal(Momentum, **FAST).play(*ticks([*wild, 1.13])) == []


def test_a_spike_is_not_chased() -> None:
    assert Rehearsal(Momentum, **FAST).play(*ticks([*QUIET, 2.0])) == []


def test_a_token_just_seen_is_not_bought() -> None:
    assert Rehearsal(Momentum, **FAST).play(*ticks(BREAKOUT)) == []


@pytest.mark.parametrize("seed", range(8))
def test_noise_is_not_bought(seed: int) -> None:
    noise = random.Random(seed)
    prices, price = [], 1.0
    for _ in range(400):
        price *= math.exp(noise.gauss(0, 0.004) - 0.02 * math.log(price))
        prices.append(price)

    assert Rehearsal(Momentum).play(*ticks(prices)) == []


def test_ticks_of_one_block_are_one_move() -> None:
    burst = [a_tick(time_ns=START_NS, quote_lamports=30 * 10**9 + step * 10**8, base_units=BASE) for step in range(100)]

    assert Rehearsal(Momentum, **FAST).play(*burst) == []


def held() -> Rehearsal:
    rehearsal = Rehearsal(Momentum, **FAST)
    [order] = rehearsal.play(*ticks(QUIET + BREAKOUT))
    assert order.side is Side.BUY
    return rehearsal


@pytest.mark.parametrize(
    ("prices", "cause"),
    [([1.3, 1.5, 1.2], "trailing"), ([1.16 - 0.006 * second for second in range(25)], "trend_lost"), ([1.2] * 1_000, "time")],
)
def test_it_sells_all_it_holds_when_trend_or_price_gives_way_or_time_is_up(prices: list[float], cause: str) -> None:
    rehearsal = held()
    units = rehearsal.book.holdings()[MINT].units

    first, *_ = rehearsal.play(*ticks(prices, start_s=25))

    assert (first.side, first.size_units, first.reason) == (Side.SELL, units, cause)


def test_a_sell_that_failed_is_tried_again_but_not_on_every_tick() -> None:
    rehearsal = held()
    rehearsal.play(*ticks([1.3], start_s=25))
    sells = []

    for tick in ticks([1.0] * 10, start_s=26):
        orders = rehearsal.tell(tick)
        rehearsal.reject(*orders)
        sells += orders

    assert len(sells) == 4


def test_nothing_is_ordered_while_an_order_is_in_flight() -> None:
    rehearsal = Rehearsal(Momentum, **FAST)

    orders = rehearsal.tell(*ticks(QUIET + BREAKOUT + [1.2, 1.25, 1.3]))

    assert len(orders) == 1


def test_a_token_that_was_left_rests_for_the_cooldown() -> None:
    rehearsal = held()
    rehearsal.play(*ticks([1.3, 1.0], start_s=25))
    assert rehearsal.book.holdings() == {}

    again = rehearsal.play(*ticks([1.0, 1.05, 1.1, 1.2, 1.3, 1.4], start_s=28))

    assert again == []


def test_it_spends_its_share_of_the_capital_and_no_more_than_the_pool_bears() -> None:
    [rich] = Rehearsal(Momentum, capital_sol=1_000, **FAST).play(*ticks(QUIET + BREAKOUT))
    [poor] = Rehearsal(Momentum, capital_sol=1, **FAST).play(*ticks(QUIET + BREAKOUT))

    assert rich.size_lamports <= min(500_000_000, rich.quote_lamports // 50)
    assert poor.size_lamports == 10**8


@pytest.mark.parametrize("capital_sol", [0, 0.05])
def test_without_capital_it_does_not_ask(capital_sol: float) -> None:
    assert Rehearsal(Momentum, capital_sol=capital_sol, **FAST).play(*ticks(QUIET + BREAKOUT)) == []


def test_more_positions_than_allowed_are_not_opened() -> None:
    rehearsal = Rehearsal(Momentum, **FAST, positions_max=1)
    first = ticks(QUIET + BREAKOUT)
    second = ticks(QUIET + BREAKOUT, mint=OTHER_MINT)

    orders = rehearsal.play(*(tick for pair in zip(first, second, strict=True) for tick in pair))

    assert [order.mint for order in orders] == [MINT]


def test_time_that_runs_backwards_changes_no_average() -> None:
    rehearsal = Rehearsal(Momentum, **FAST)
    rehearsal.tell(*ticks(QUIET))
    before = rehearsal.seat.strategy.snapshot()["tracks"][0][4:6]

    rehearsal.tell(*ticks([5.0], start_s=-100))

    assert rehearsal.seat.strategy.snapshot()["tracks"][0][4:6] == before


def test_memory_is_bounded_and_a_held_token_is_never_forgotten() -> None:
    rehearsal = Rehearsal(Momentum, **FAST, tracked_mints_max=3)
    rehearsal.play(*ticks(QUIET + BREAKOUT))

    for letter in "ABCDEFGH":
        rehearsal.tell(*ticks([1.0], start_s=30, mint=letter * 40))

    tracked = [track[0] for track in rehearsal.seat.strategy.snapshot()["tracks"]]
    assert len(tracked) == 3
    assert MINT in tracked


def test_an_event_of_another_kind_is_no_action() -> None:
    assert Rehearsal(Momentum).tell(a_launch()) == []


@pytest.mark.parametrize(
    "bad",
    [
        {"fast_s": 50}, {"fast_s": math.nan}, {"size_bps": 0}, {"size_bps": 10_001}, {"slippage_bps_max": 6_000}, {"fastest_s": 1},
        {"size_lamports_min": 2, "size_lamports_max": 1}, {"breakout_bps": 6_000}, {"hold_s_max": math.inf}, {"positions_max": 0},
    ],
)  # fmt: skip
def test_parameters_out_of_bounds_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MomentumParameters(**bad)
