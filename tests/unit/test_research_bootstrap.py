"""The stationary bootstrap and Hansen's test, against the reference library arch 8.0.0 and what the papers promise.

arch is not a dependency: it brings pandas and statsmodels. Its answers on the series below were printed once and stand here. Its SPA
does not divide by the standard deviations as Hansen's paper does, so it was given gains divided by them, which is the same test.
"""

import numpy as np
import pytest

from memesnipe.kernel.errors import BadInput
from memesnipe.research.stats import bootstrap, superior
from memesnipe.research.stats.series import Floats


def noise(count: int, seed: int) -> Floats:
    """Nearly normal numbers of a plain congruential generator: the same in every release of numpy, and in the reference's script."""
    state, numbers = seed, []
    for _ in range(count):
        total = 0
        for _ in range(4):
            state = (6364136223846793005 * state + 1442695040888963407) % 2**64
            total += state >> 32
        numbers.append((total / 2**32 - 2.0) * 3**0.5)
    return np.array(numbers)


def remembering(count: int, seed: int, memory: float) -> Floats:
    values = noise(count, seed)
    for t in range(1, count):
        values[t] += memory * values[t - 1]
    return values


def gains(edges: list[float]) -> Floats:
    """Gains of five trials with other spreads, in units of which the edges are given."""
    return np.stack([(remembering(400, 11 + k, 0.3) + edge) * (1 + k) for k, edge in enumerate(edges)], axis=1)


@pytest.mark.parametrize(("memory", "length"), [(0.5, 7.819008746384711), (0.9, 25.775853885705086), (-0.3, 7.548292772629754)])
def test_block_lengths_are_those_of_the_reference(memory: float, length: float) -> None:
    assert bootstrap.block_length(remembering(500, 7, memory)) == pytest.approx(length, rel=1e-9)


def test_independent_returns_are_drawn_one_by_one() -> None:
    assert bootstrap.block_length(remembering(500, 7, 0.0)) == 1.0


def test_blocks_have_the_asked_mean_length_and_every_observation_its_turn() -> None:
    indices = bootstrap.stationary_indices(200, 10.0, 400, np.random.default_rng(1))

    broken = np.mean(np.diff(indices, axis=1) % 200 != 1)
    assert broken == pytest.approx(0.1 * 199 / 200, abs=0.005)
    assert np.bincount(indices.ravel(), minlength=200) / 400 == pytest.approx(np.ones(200), abs=0.35)


def test_the_same_seed_draws_the_same_interval() -> None:
    returns = remembering(300, 5, 0.4)

    assert bootstrap.sharpe_interval(returns, seed=9) == bootstrap.sharpe_interval(returns, seed=9)
    assert bootstrap.sharpe_interval(returns, seed=9) != bootstrap.sharpe_interval(returns, seed=10)


def test_a_ninety_percent_interval_holds_the_truth_about_nine_times_of_ten() -> None:
    draw = np.random.default_rng(2)
    found = [bootstrap.sharpe_interval(0.1 + draw.standard_normal(250), seed=seed, replications=300) for seed in range(300)]

    covered = np.mean([one.low <= 0.1 <= one.high for one in found])

    assert 0.84 <= covered <= 0.95


def test_dependent_returns_get_the_wider_interval_they_deserve() -> None:
    returns = remembering(500, 7, 0.6)

    apart, together = (bootstrap.sharpe_interval(returns, seed=1, length=length) for length in (1.0, 15.0))

    assert together.high - together.low > 1.3 * (apart.high - apart.low)


def test_long_run_variances_are_those_of_the_reference() -> None:
    reference = [1.6644136118069366, 7.438494804128284, 12.069636866797346, 23.81547188968162, 55.036101238432536]

    assert superior.long_run_variances(gains([0.0] * 5), 6.0) == pytest.approx(np.array(reference), rel=1e-9)


@pytest.mark.parametrize(
    ("edges", "reference"),
    [
        ([0.0, 0.0, 0.0, 0.0, 0.0], (0.6724, 0.82325, 0.82325)),
        ([0.1, 0.0, 0.0, -0.2, -1.0], (0.5113, 0.6363, 0.82325)),
        ([0.12, 0.05, -1.0, -1.0, -1.0], (0.18915, 0.18915, 0.40925)),
        ([0.25, 0.0, 0.0, 0.0, 0.0], (0.0115, 0.01505, 0.01505)),
    ],
)
def test_p_values_are_those_of_the_reference(edges: list[float], reference: tuple[float, float, float]) -> None:
    found = superior.against(gains(edges), seed=4, replications=8_000, length=6.0)

    assert (found.lower, found.consistent, found.upper) == pytest.approx(reference, abs=0.018)


def test_hopeless_trials_do_not_hide_a_good_one() -> None:
    draw = np.random.default_rng(6)
    good = draw.standard_normal((400, 1)) + 0.16
    bad = draw.standard_normal((400, 60)) - 1.0

    found = superior.against(np.hstack([good, bad]), seed=1)

    assert found.consistent <= 0.01 < found.upper


def test_another_trials_merit_is_not_the_chosen_ones() -> None:
    draw = np.random.default_rng(9)
    returns = draw.standard_normal((400, 3)) + np.array([0.3, 0.0, 0.3])

    best, chosen = superior.against(returns, seed=1), superior.against(returns, seed=1, chosen=1)

    assert best.consistent <= 0.01
    assert chosen.consistent > 0.05


def test_the_chosen_trial_is_found_when_others_are_left_out() -> None:
    returns = np.random.default_rng(9).standard_normal((400, 4)) + np.array([0.0, 0.0, 0.3, 0.0])
    returns[:, 1] = 0.0

    assert superior.against(returns, seed=1, chosen=2).consistent <= 0.01
    assert superior.against(returns, seed=1, chosen=1).consistent == 1.0


def test_nothing_that_is_as_the_incumbent_is_better_than_it() -> None:
    assert superior.against(np.zeros((50, 3)), seed=1).consistent == 1.0


def test_no_better_trials_are_called_better_once_in_twenty_times_at_most() -> None:
    draw = np.random.default_rng(8)

    found = [superior.against(draw.standard_normal((200, 10)), seed=seed, replications=200).consistent for seed in range(200)]

    assert np.mean(np.array(found) <= 0.05) <= 0.09


@pytest.mark.parametrize("length", [0.5, float("nan")])
def test_a_block_shorter_than_one_observation_is_refused(length: float) -> None:
    with pytest.raises(BadInput):
        bootstrap.stationary_indices(10, length, 1, np.random.default_rng(0))
