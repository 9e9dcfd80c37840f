"""CSCV against a second implementation, written from the paper's six steps with no thought of speed."""

from itertools import combinations

import numpy as np
import pytest

from memesnipe.kernel.errors import BadInput
from memesnipe.research.stats import overfit
from memesnipe.research.stats.series import Floats


def by_the_book(matrix: Floats, blocks: int) -> tuple[float, float, float]:
    """Return PBO, probability of loss and median logit as Bailey et al. (2017), section 2.2, describe them."""
    cut = np.array_split(matrix[len(matrix) % blocks :], blocks)
    logits, outside_at_best = [], []
    for choice in combinations(range(blocks), blocks // 2):
        training = np.concatenate([cut[block] for block in choice])
        testing = np.concatenate([cut[block] for block in range(blocks) if block not in choice])
        inside = [np.mean(column) / np.std(column, ddof=1) for column in training.T]
        outside = [np.mean(column) / np.std(column, ddof=1) for column in testing.T]
        best = inside.index(max(inside))
        rank = sorted(outside).index(outside[best]) + 1
        relative = rank / (matrix.shape[1] + 1)
        logits.append(np.log(relative / (1 - relative)))
        outside_at_best.append(outside[best])
    return float(np.mean([logit <= 0 for logit in logits])), float(np.mean([one <= 0 for one in outside_at_best])), float(np.median(logits))


@pytest.mark.parametrize(("trials", "blocks", "edge"), [(5, 8, 0.0), (10, 10, 0.0), (7, 6, 0.3), (2, 4, 0.1), (9, 8, 1.0)])
def test_the_fast_way_finds_what_the_book_finds(trials: int, blocks: int, edge: float) -> None:
    draw = np.random.default_rng(trials * blocks)
    matrix = draw.standard_t(4, (203, trials)) + edge * (np.arange(trials) == 1)

    found = overfit.probability(matrix, blocks)

    assert (found.probability, found.loss_probability, found.median_logit) == pytest.approx(by_the_book(matrix, blocks))


def test_choosing_among_pure_noise_is_overfit_about_half_of_the_time() -> None:
    draw = np.random.default_rng(3)

    found = [overfit.probability(draw.standard_normal((320, 20)), 8).probability for _ in range(60)]

    assert 0.4 < float(np.mean(found)) < 0.6


def test_one_strong_trial_among_noise_is_found_again_in_the_other_half() -> None:
    matrix = np.random.default_rng(4).standard_normal((800, 20))
    matrix[:, 3] += 0.4

    assert overfit.probability(matrix).probability == 0.0


def test_trials_that_only_fit_their_half_are_exposed() -> None:
    matrix = 0.1 * np.random.default_rng(5).standard_normal((160, 16))
    for trial in range(16):  # each shines in one block and pays for it in all others
        matrix[:, trial] -= 0.1
        matrix[trial * 10 : trial * 10 + 10, trial] += 1.0

    assert overfit.probability(matrix).probability > 0.9


def test_trials_that_never_traded_count_as_nothing_earned() -> None:
    found = overfit.probability(np.zeros((64, 4)), 8)

    assert (found.probability, found.loss_probability) == (1.0, 1.0)


@pytest.mark.parametrize(("shape", "blocks"), [((64, 1), 8), ((15, 4), 8), ((64, 4), 7), ((64, 4), 0), ((640, 4), 20)])
def test_what_cannot_be_split_is_refused(shape: tuple[int, int], blocks: int) -> None:
    with pytest.raises(BadInput):
        overfit.probability(np.random.default_rng(0).standard_normal(shape), blocks)
