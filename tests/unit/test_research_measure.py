"""What goes into the gate is measured on the right series, can be repeated, and refuses series that do not fit each other."""

import msgspec
import numpy as np
import pytest

from memesnipe.evidence.verdict import Thresholds, judge
from memesnipe.kernel.errors import BadInput
from memesnipe.research.gate.measure import Searched, measure
from memesnipe.research.lookahead import Report
from memesnipe.research.stats.series import Floats, sharpe
from memesnipe.research.stats.sharpe import deflated, moments
from memesnipe.research.trials.values import Census

DRAW = np.random.default_rng(12)
RETURNS: Floats = 0.005 * (DRAW.standard_normal((800, 8)) + np.linspace(0.0, 0.3, 8))
OUTSIDE: Floats = RETURNS[400:, 7]


def searched(**changes: object) -> Searched:
    found = Searched(
        trials=RETURNS,
        chosen=7,
        census=Census(trials=8, finished=8, sharpe_variance=float(np.var([sharpe(column) for column in RETURNS.T], ddof=1))),
        out_of_sample=OUTSIDE,
        trade_profits=OUTSIDE[OUTSIDE != 0],
        double_costs=OUTSIDE - 0.0001,
        two_slots_later=OUTSIDE - 0.0002,
        lookahead=Report(prefixes=64, actions=10),
    )
    return msgspec.structs.replace(found, **changes)


def test_a_strong_edge_passes_and_all_is_measured() -> None:
    found = measure(searched(), seed=1)

    assert judge(found, Thresholds()).passed
    assert (found.observations, found.trades, found.trials, found.lookahead_prefixes) == (400, 400, 8, 64)
    assert found.sharpe == sharpe(OUTSIDE)
    assert found.net_return_double_costs == pytest.approx(float(OUTSIDE.sum()) - 0.04)


def test_the_same_seed_measures_the_same() -> None:
    assert measure(searched(), seed=1) == measure(searched(), seed=1)


def test_every_try_of_the_registry_deflates_not_only_those_with_returns() -> None:
    more = Census(trials=400, finished=8, sharpe_variance=0.01)

    found = measure(searched(census=more), seed=1)

    assert found.dsr == deflated(moments(RETURNS[:, 7]), 400, 0.01)
    assert found.trials == 400


def test_an_incumbent_with_more_leverage_is_not_thereby_better() -> None:
    weak = RETURNS[:, 0]

    calm, wild = (measure(searched(incumbent=size * weak, incumbent_out_of_sample=size * weak[400:]), seed=1) for size in (1.0, 20.0))

    assert calm.spa_p == wild.spa_p == 0.0
    assert calm.incumbent_sharpe == pytest.approx(wild.incumbent_sharpe)


def test_an_incumbent_that_is_as_good_keeps_its_place() -> None:
    found = measure(searched(incumbent=RETURNS[:, 7], incumbent_out_of_sample=OUTSIDE), seed=1)

    assert "spa" in [failure.demand for failure in judge(found, Thresholds()).failures]


def test_a_good_trial_of_the_search_does_not_carry_a_bad_one_through() -> None:
    good, bad = (measure(searched(chosen=chosen), seed=1) for chosen in (7, 0))

    assert "spa" not in [failure.demand for failure in judge(good, Thresholds()).failures]
    assert "spa" in [failure.demand for failure in judge(bad, Thresholds()).failures]


def test_what_was_not_run_is_not_known() -> None:
    found = measure(searched(double_costs=None, two_slots_later=None, lookahead=None), seed=1)

    assert (found.net_return_double_costs, found.net_return_two_slots_later, found.lookahead_clean) == (None, None, False)


def test_a_strategy_that_never_traded_is_measured_and_fails() -> None:
    nothing = np.zeros((800, 8))
    found = measure(searched(trials=nothing, out_of_sample=nothing[400:, 0], trade_profits=np.array([])), seed=1)

    assert (found.sharpe, found.psr, found.dsr, found.sharpe_low, found.best_trade_share) == (None, None, None, None, None)
    assert not judge(found, Thresholds()).passed


def test_a_record_too_short_to_split_is_not_called_well_chosen() -> None:
    found = measure(searched(trials=RETURNS[:20], incumbent=None, out_of_sample=OUTSIDE), seed=1)

    assert found.pbo is None
    assert "pbo" in [failure.demand for failure in judge(found, Thresholds()).failures]


@pytest.mark.parametrize(
    "wrong",
    [
        {"chosen": 8},
        {"chosen": -1},
        {"census": Census(trials=7, finished=7, sharpe_variance=0.1)},
        {"incumbent": OUTSIDE},
        {"double_costs": OUTSIDE[1:]},
        {"incumbent_out_of_sample": RETURNS[:, 0]},
        {"trials": np.where(RETURNS > 0.01, np.nan, RETURNS)},
        {"out_of_sample": np.array([0.1])},
        {"trade_profits": np.array([0.1, np.nan])},
    ],
)
def test_series_that_do_not_fit_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        measure(searched(**wrong), seed=1)
