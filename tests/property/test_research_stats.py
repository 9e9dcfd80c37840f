"""What must hold of the statistics for all returns: units do not matter, more tries never help, more evidence never hurts."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from memesnipe.research.stats import bootstrap, overfit
from memesnipe.research.stats.series import Floats, max_drawdown, sharpe
from memesnipe.research.stats.sharpe import Moments, deflated, expected_maximum, moments, probabilistic, track_record_min

RETURNS = st.lists(st.integers(-10_000, 10_000), min_size=20, max_size=80).map(lambda drawn: np.array(drawn) / 1e4)
SHARPES = st.floats(-0.5, 0.5)
COUNTS = st.integers(2, 10_000)


@given(RETURNS, st.floats(0.001, 1_000))
def test_units_of_the_returns_do_not_matter(returns: Floats, unit: float) -> None:
    assume(not math.isnan(sharpe(returns)))

    here, there = moments(returns), moments(unit * returns)

    assert (there.sharpe, there.skew, there.kurtosis) == pytest.approx((here.sharpe, here.skew, here.kurtosis), rel=1e-6, abs=1e-9)


@given(RETURNS)
def test_the_spread_of_a_sharpe_ratio_is_never_negative_however_wild_the_tails(returns: Floats) -> None:
    assume(not math.isnan(sharpe(returns)))

    # The sample's kurtosis is at least its squared skew + 1, so the term under the root cannot fall below 0.
    assert 0.0 <= probabilistic(moments(returns)) <= 1.0 or math.isnan(probabilistic(moments(returns)))


@given(SHARPES, COUNTS, st.integers(1, 5_000), st.integers(1, 5_000), st.floats(0.0, 0.1))
def test_more_tries_never_make_a_result_more_believable(ratio: float, count: int, trials: int, more: int, variance: float) -> None:
    record = Moments(observations=count, sharpe=ratio)

    assert deflated(record, trials + more, variance) <= deflated(record, trials, variance) + 1e-12
    assert deflated(record, 1, variance) == probabilistic(record)


@given(st.integers(1, 5_000), st.floats(0.0, 1.0))
def test_luck_is_never_negative(trials: int, variance: float) -> None:
    assert expected_maximum(trials, variance) >= 0.0


@given(st.floats(0.001, 0.5), COUNTS, COUNTS)
def test_a_longer_record_of_the_same_quality_convinces_more(ratio: float, count: int, more: int) -> None:
    short, longer = (Moments(observations=n, sharpe=ratio) for n in (count, count + more))

    assert probabilistic(longer) >= probabilistic(short)
    assert (probabilistic(short) >= 0.95) == (count >= track_record_min(short) - 1e-9)


@given(RETURNS, st.integers(0, 2**32))
def test_an_interval_is_in_order_and_never_wider_than_asked_for(returns: Floats, seed: int) -> None:
    wide = bootstrap.sharpe_interval(returns + 1e-3 * np.arange(len(returns)), seed=seed, confidence=0.9, replications=50)
    narrow = bootstrap.sharpe_interval(returns + 1e-3 * np.arange(len(returns)), seed=seed, confidence=0.5, replications=50)

    assert wide.low <= narrow.low <= narrow.high <= wide.high


@given(st.integers(2, 6), st.integers(8, 40), st.integers(0, 2**32))
def test_a_copy_of_the_search_in_other_units_is_as_overfit(trials: int, count: int, seed: int) -> None:
    returns = np.random.default_rng(seed).standard_normal((count, trials))

    assert overfit.probability(returns, 4) == overfit.probability(0.5 * returns, 4)


@given(RETURNS)
def test_a_drawdown_is_the_deepest_of_all_falls(returns: Floats) -> None:
    equity = [0.0, *np.cumsum(returns).tolist()]

    deepest = max(high - low for at, high in enumerate(equity) for low in equity[at:])

    assert max_drawdown(returns) == pytest.approx(deepest)
