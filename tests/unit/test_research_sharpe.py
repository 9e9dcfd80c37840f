"""Sharpe ratios against the numbers that their papers print."""

import math

import numpy as np
import pytest

from memesnipe.kernel.errors import BadInput
from memesnipe.research.stats.series import max_drawdown, sharpe
from memesnipe.research.stats.sharpe import Moments, deflated, expected_maximum, moments, probabilistic, track_record_min

DAYS = 250
"""A year of the papers."""
PAPER = Moments(observations=5 * DAYS, sharpe=2.5 / math.sqrt(DAYS), skew=-3.0, kurtosis=10.0)
"""Bailey and Lopez de Prado 2014, "A numerical example": the strategy found by a search whose trials' annual Sharpe ratios vary by 1/2."""
VARIANCE = 0.5 / DAYS


def test_the_best_of_a_hundred_worthless_trials_is_what_the_paper_prints() -> None:
    assert expected_maximum(100, VARIANCE) == pytest.approx(0.1132, abs=5e-5)


def test_the_deflated_ratio_of_the_papers_example_is_reproduced() -> None:
    assert deflated(PAPER, 100, VARIANCE) == pytest.approx(0.9004, abs=5e-5)


def test_fewer_trials_or_normal_returns_pass_as_the_paper_says() -> None:
    normal = Moments(observations=PAPER.observations, sharpe=PAPER.sharpe)

    assert deflated(PAPER, 46, VARIANCE) == pytest.approx(0.9505, abs=5e-5)
    assert deflated(normal, 88, VARIANCE) == pytest.approx(0.9505, abs=5e-5)


def test_a_hedge_funds_two_years_shrink_once_its_tails_are_counted_as_in_the_paper() -> None:
    thin = Moments(observations=24, sharpe=0.458)
    fat = Moments(observations=24, sharpe=0.458, skew=-2.448, kurtosis=10.164)

    assert probabilistic(thin) == pytest.approx(0.982, abs=5e-4)
    assert probabilistic(fat) == pytest.approx(0.913, abs=5e-4)


@pytest.mark.parametrize(("periods", "years"), [(250, 2.73), (52, 2.83), (12, 3.24)])
def test_an_annual_sharpe_of_two_beats_one_after_as_long_as_the_paper_says(periods: int, years: float) -> None:
    record = Moments(observations=2, sharpe=2.0 / math.sqrt(periods))

    needed = track_record_min(record, 1.0 / math.sqrt(periods), 0.95)

    assert needed / periods == pytest.approx(years, abs=5e-3)


def test_a_track_record_of_the_minimum_length_has_just_the_asked_confidence() -> None:
    record = Moments(observations=2, sharpe=0.1, skew=-1.0, kurtosis=8.0)
    needed = track_record_min(record, 0.02, 0.97)

    longer = Moments(observations=math.ceil(needed), sharpe=0.1, skew=-1.0, kurtosis=8.0)

    assert 0.97 <= probabilistic(longer, 0.02) < 0.9705


def test_a_strategy_below_its_benchmark_never_gets_a_track_record() -> None:
    assert track_record_min(Moments(observations=10, sharpe=0.1), 0.1) == math.inf


def test_one_trial_is_judged_as_if_nothing_was_chosen() -> None:
    assert deflated(PAPER, 1, 0.0) == probabilistic(PAPER)


def test_a_search_without_a_known_spread_cannot_be_deflated() -> None:
    assert math.isnan(deflated(PAPER, 100, float("nan")))
    assert math.isnan(deflated(PAPER, 0, 0.1))


def test_a_constant_series_has_no_sharpe_ratio_however_its_rounding_falls() -> None:
    found = moments(np.full(1_000, 0.1) + 1e-18)

    assert math.isnan(found.sharpe)
    assert math.isnan(probabilistic(found))


@pytest.mark.parametrize("bad", [[0.1, float("nan")], [0.1, float("inf")], [0.1], [[0.1, 0.2]]])
def test_returns_that_are_no_series_of_numbers_are_refused(bad: list[float]) -> None:
    with pytest.raises(BadInput):
        moments(bad)


def test_the_spread_is_the_samples_with_one_degree_of_freedom_gone() -> None:
    assert sharpe(np.array([1.0, 2.0, 3.0])) == pytest.approx(2.0)


def test_moments_are_those_of_a_coin_that_falls_heads_nine_times_of_ten() -> None:
    found = moments([1.0] * 900 + [-9.0] * 100)

    assert found.sharpe == pytest.approx(0.0)
    assert found.skew == pytest.approx(-(0.9 - 0.1) / math.sqrt(0.09))
    assert found.kurtosis == pytest.approx(3 + (1 - 6 * 0.09) / 0.09)


def test_a_fall_from_the_start_counts_as_a_drawdown() -> None:
    assert max_drawdown(np.array([-0.2, -0.1, 0.5, -0.1])) == pytest.approx(0.3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("returns", [[], [0.1]])
def test_fewer_than_two_observations_have_no_sharpe_ratio_and_numpy_is_not_asked(returns: list[float]) -> None:
    assert math.isnan(sharpe(np.array(returns)))
