"""The study behind the gate's figures: its market is fair, its strategies are any strategies, and a sample of it is judged as it should be.

`make long` runs it whole (python -m memesnipe.testing.calibration); docs/explanation/evidence.md has the figures.
"""

import numpy as np
import pytest

from memesnipe.messages.market import PriceTick
from memesnipe.testing.calibration.drawing import a_worthless, settings_of
from memesnipe.testing.calibration.markets import DEPTH_LAMPORTS, Kind, a_market
from memesnipe.testing.calibration.rules import ENTRIES
from memesnipe.testing.calibration.running import Ground, daily
from memesnipe.testing.calibration.study import ROWS, Task, judged
from memesnipe.testing.calibration.table import interval, lines, passes, rates

FREE, _, PLANTED = range(len(ROWS))


def test_the_market_without_an_edge_pays_nobody_who_reads_it() -> None:
    crowd, after = [], []
    for number in range(40):
        ticks = [tick for tick in a_market((3, number), Kind(days=200)) if isinstance(tick, PriceTick)]
        for mint in {tick.mint for tick in ticks}:
            own = [tick for tick in ticks if tick.mint == mint]
            crowd += [1.0 if tick.trade_side == "buy" else -1.0 for tick in own[:-1]]
            after += list(
                np.diff([tick.quote_lamports / tick.base_units for tick in own]) / [DEPTH_LAMPORTS / one.base_units for one in own[:-1]]
            )

    mean, beside = np.mean(after), np.corrcoef(crowd, after)[0, 1]
    assert abs(mean) < 4 * np.std(after) / np.sqrt(len(after))
    assert abs(beside) < 4 / np.sqrt(len(after))


def test_the_same_seed_makes_the_same_market_and_another_seed_another_one() -> None:
    kind = Kind(days=5)

    assert a_market((1, 2), kind) == a_market((1, 2), kind)
    assert a_market((1, 2), kind) != a_market((1, 3), kind)


def test_without_costs_an_order_costs_nothing_but_the_least_fee_an_event_can_state() -> None:
    ground = Ground(a_market((1, 2), Kind(days=60, fee_bps=1)), free=True)

    fills = ground.run(a_worthless(np.random.default_rng(1))).fills

    assert len(fills) > 20
    assert {fill.fee_lamports + fill.tip_lamports + fill.rent_lamports for fill in fills} == {0}
    assert max(fill.venue_fee_lamports / abs(fill.sol_delta_lamports) for fill in fills if fill.sol_delta_lamports) < 2e-4


def test_every_rule_trades_and_none_raises() -> None:
    ground, first = Ground(a_market((1, 2), Kind(days=120)), free=False), a_worthless(np.random.default_rng(1))

    results = {entry: ground.run(first.model_copy(update={"entry": entry})) for entry in ENTRIES}

    assert {entry: result.faults for entry, result in results.items() if result.faults} == {}
    assert [entry for entry, result in results.items() if len(result.trades) < 5] == []


def test_a_search_tries_settings_that_differ_and_returns_a_day_each() -> None:
    ground, settings = Ground(a_market((1, 2), Kind(days=60)), free=False), settings_of(a_worthless(np.random.default_rng(1)))

    returns = [daily(ground.run(setting)) for setting in settings]

    assert len({setting.model_dump_json() for setting in settings}) == len(settings)
    assert {len(one) for one in returns} == {60}


@pytest.mark.timeout(600)
def test_a_sample_of_noise_fails_and_a_sample_of_planted_edges_passes() -> None:
    noise = [judged(Task(FREE, number, seed=1)) for number in range(3)]
    edges = [judged(Task(PLANTED, number, seed=1)) for number in range(2)]

    print("", *lines(rates([*noise, *edges])), sep="\n")
    assert [one.number for one in noise if passes(one.metrics)] == []
    assert [one.number for one in edges if not passes(one.metrics)] == []
    assert min(one.trades for one in (*noise, *edges)) >= 100


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"), [(0, 1_000, 0.0, 0.00383), (10, 1_000, 0.00544, 0.01831), (92, 100, 0.8500, 0.9589)]
)
def test_intervals_are_wilsons(hits: int, count: int, low: float, high: float) -> None:
    assert interval(hits, count) == pytest.approx((low, high), abs=5e-5)
