"""What a person who sets up a walk-forward meets: the paper's example, and refusals that say what to change."""

import numpy as np
import pytest

from memesnipe.kernel.errors import BadInput
from memesnipe.research.splits.combinatorial import Combinatorial
from memesnipe.research.splits.walk_forward import Spans, groups, trained_beside, walk_forward

BARS = Spans(np.arange(60), np.arange(60) + 2)
"""Each observation's outcome is known two bars later."""


def test_six_groups_two_at_a_time_make_the_books_fifteen_splits_and_five_paths() -> None:
    made = Combinatorial(BARS, groups_count=6, tested=2)

    assert len(made.folds) == 15
    assert made.paths().shape == (5, 6)
    assert made.paths()[0].tolist() == [0, 0, 1, 2, 3, 4]


def test_observations_around_a_test_are_dropped_before_and_after_it() -> None:
    middle = Combinatorial(BARS, groups_count=6, tested=1, embargo=3).folds[2]

    assert middle.test.tolist() == list(range(20, 30))
    assert middle.train.tolist() == [*range(18), *range(35, 60)]  # 18 and 19 end in the test; 30 to 31 began in it, 32 to 34 too soon after


def test_walking_forward_starts_after_enough_history_and_keeps_its_distance() -> None:
    first, second = walk_forward(BARS, folds=2, train_min=30, embargo=4)

    assert (first.train[-1], first.test[0], first.test[-1]) == (23, 30, 44)
    assert (second.train[0], second.train[-1], second.test[-1]) == (0, 38, 59)


def test_a_rolling_window_forgets_the_old() -> None:
    (fold,) = walk_forward(BARS, folds=1, train_min=30, rolling=10)

    assert fold.train.tolist() == list(range(18, 28))


@pytest.mark.parametrize("wrong", [{"folds": 0}, {"folds": 41}, {"train_min": 60}, {"embargo": -1}, {"embargo": 1_000}])
def test_a_walk_with_nothing_to_train_on_or_to_test_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(BadInput):
        list(walk_forward(BARS, **({"folds": 3, "train_min": 20} | wrong)))


@pytest.mark.parametrize("wrong", [{"tested": 0}, {"tested": 6}, {"groups_count": 61}, {"groups_count": 24, "tested": 12}, {"embargo": 99}])
def test_combinations_that_cannot_be_tested_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(BadInput):
        Combinatorial(BARS, **({"groups_count": 6, "tested": 2} | wrong))


def test_training_is_clear_of_each_run_of_a_test_that_has_several() -> None:
    spans = Spans(np.arange(12), np.arange(12) + 1)

    assert trained_beside(spans, np.array([0, 1, 8, 9]), 0).tolist() == [3, 4, 5, 6, 11]


@pytest.mark.parametrize(
    ("starts", "ends", "field"),
    [
        ([0, 1], [0], "spans"),
        ([], [], "starts"),
        ([0.5, 1.5], [1, 2], "starts"),
        ([[0], [1]], [1, 2], "starts"),
        ([0, 1], [1.5, 2.5], "ends"),
        ([1, 0], [1, 1], "starts"),
        ([0, 5], [3, 4], "ends"),
    ],
)
def test_spans_that_are_no_time_are_refused_by_name(starts: list[int], ends: list[int], field: str) -> None:
    with pytest.raises(BadInput) as error:
        Spans(starts, ends)

    assert error.value.field == field


@pytest.mark.parametrize(("wrong", "field"), [({"folds": 41}, "folds"), ({"embargo": 1_000}, "folds"), ({"train_min": 60}, "folds")])
def test_a_refused_walk_says_which_number_to_change(wrong: dict[str, int], field: str) -> None:
    with pytest.raises(BadInput) as error:
        list(walk_forward(BARS, **({"folds": 3, "train_min": 20} | wrong)))

    assert error.value.field == field


def test_results_that_do_not_fit_their_tests_are_not_joined() -> None:
    made = Combinatorial(BARS, groups_count=3, tested=1)

    with pytest.raises(BadInput, match="results"):
        made.join([np.zeros(20), np.zeros(20), np.zeros(19)])


def test_groups_differ_in_length_by_one_at_most() -> None:
    assert [len(group) for group in groups(11, 3)] == [4, 4, 3]
