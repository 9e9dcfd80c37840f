"""Walking forward trades only with what the past recommended, and tells stressed runs which trial that was."""

import numpy as np
import pytest

from memesnipe.kernel.errors import BadInput
from memesnipe.research.splits.combinatorial import Combinatorial
from memesnipe.research.splits.walk_forward import Spans, walk_forward
from memesnipe.research.splits.walked import best_of, paths, walk
from memesnipe.research.stats.series import Floats

BARS = Spans(np.arange(120), np.arange(120))


def fading() -> Floats:
    """Trial 0 earns in the first half, trial 1 in the second."""
    noise = 0.01 * np.random.default_rng(1).standard_normal((120, 2))
    noise[:60, 0] += 0.02
    noise[60:, 1] += 0.02
    return noise


def test_the_trial_of_the_past_is_traded_until_the_past_says_otherwise() -> None:
    returns = fading()

    walked = walk(returns, walk_forward(BARS, folds=4, train_min=40, rolling=30))

    assert walked.positions.tolist() == list(range(40, 120))
    assert walked.chosen.tolist() == [0] * 40 + [1] * 40
    assert np.array_equal(walked.returns, returns[walked.positions, walked.chosen])


def test_nothing_of_the_test_decides_what_is_traded_in_it() -> None:
    returns, changed = fading(), fading()
    changed[100:] *= -50.0

    before, after = (walk(one, walk_forward(BARS, folds=4, train_min=40)) for one in (returns, changed))

    assert np.array_equal(before.chosen, after.chosen)


def test_every_path_is_a_whole_history_traded_by_what_did_not_see_it() -> None:
    returns = np.random.default_rng(2).standard_normal((120, 5))
    returns[:, 3] += 0.8

    found = paths(returns, Combinatorial(BARS, groups_count=6, tested=2, embargo=2))

    assert found.shape == (5, 120)
    assert all(np.array_equal(path, returns[:, 3]) for path in found)


def test_a_trial_that_never_moved_is_better_than_one_that_loses() -> None:
    assert best_of(np.stack([-0.1 + 0.01 * np.arange(9) % 0.03, np.zeros(9)], axis=1)) == 1


def test_a_walk_without_a_step_is_refused() -> None:
    with pytest.raises(BadInput):
        walk(fading(), [])


def test_a_trial_that_shines_only_where_it_is_tested_is_not_chosen_for_it() -> None:
    returns = 0.01 * np.random.default_rng(3).standard_normal((120, 6))
    for group in range(6):
        returns[20 * group : 20 * group + 20, group] += 0.1

    (path,) = paths(returns, Combinatorial(BARS, groups_count=6, tested=1))

    assert not any(np.array_equal(path[20 * group : 20 * group + 20], returns[20 * group : 20 * group + 20, group]) for group in range(6))


@pytest.mark.filterwarnings("error")
def test_a_training_of_one_observation_prefers_nobody_and_warns_of_nothing() -> None:
    returns = np.random.default_rng(1).normal(0, 0.01, (8, 3))
    days = np.arange(8)

    walked = walk(returns, walk_forward(Spans(days, days), folds=7, train_min=1))

    assert walked.chosen[0] == 0
