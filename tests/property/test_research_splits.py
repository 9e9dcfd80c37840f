"""Whatever the observations' horizons: nothing of a test is known in training, and every observation is tested as often as promised."""

from itertools import pairwise
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from memesnipe.kernel.errors import BadInput
from memesnipe.research.splits.combinatorial import Combinatorial
from memesnipe.research.splits.walk_forward import Fold, Spans, purged_kfold, walk_forward


@st.composite
def spans(draw: st.DrawFn) -> Spans:
    gaps = draw(st.lists(st.integers(0, 5), min_size=12, max_size=60))
    starts = np.cumsum(gaps)
    horizons = draw(st.lists(st.integers(0, 12), min_size=len(gaps), max_size=len(gaps)))
    return Spans(starts, starts + np.array(horizons))


EMBARGO = st.integers(0, 8)


def overlapping(observed: Spans, fold: Fold) -> list[tuple[int, int]]:
    """Every pair of a trained and a tested observation whose spans touch, by the plainest definition."""
    return [
        (int(trained), int(tested))
        for trained in fold.train
        for tested in fold.test
        if observed.starts[trained] <= observed.ends[tested] and observed.starts[tested] <= observed.ends[trained]
    ]


def within_embargo(observed: Spans, fold: Fold, embargo: int) -> list[tuple[int, int]]:
    """Every trained observation that starts after a tested one ended, and not later than the embargo."""
    return [
        (int(trained), int(tested))
        for trained in fold.train
        for tested in fold.test
        if observed.ends[tested] < observed.starts[trained] <= observed.ends[tested] + embargo
    ]


@given(spans(), EMBARGO, st.integers(2, 6))
def test_no_fold_trains_on_what_overlaps_its_test_or_follows_it_too_soon(observed: Spans, embargo: int, folds: int) -> None:
    try:
        found = list(purged_kfold(observed, folds=folds, embargo=embargo))
    except BadInput:
        assume(False)

    for fold in found:
        assert overlapping(observed, fold) == []
        assert within_embargo(observed, fold, embargo) == []


@given(spans(), st.integers(2, 6))
def test_every_observation_is_tested_once_by_the_folds(observed: Spans, folds: int) -> None:
    try:
        found = list(purged_kfold(observed, folds=folds))
    except BadInput:
        assume(False)

    assert sorted(np.concatenate([fold.test for fold in found]).tolist()) == list(range(len(observed)))


@given(spans(), EMBARGO, st.integers(1, 5), st.one_of(st.none(), st.integers(1, 10)))
def test_walking_forward_never_trains_on_the_future_or_on_what_is_not_yet_known(
    observed: Spans, embargo: int, folds: int, rolling: int | None
) -> None:
    try:
        found = list(walk_forward(observed, folds=folds, train_min=5, embargo=embargo, rolling=rolling))
    except BadInput:
        assume(False)

    for fold in found:
        assert overlapping(observed, fold) == []
        assert fold.train.max() < fold.test.min()
        assert observed.ends[fold.train].max() + embargo < observed.starts[fold.test].min()
        assert rolling is None or len(fold.train) <= rolling
    assert np.concatenate([fold.test for fold in found]).tolist() == list(range(5, len(observed)))


@given(spans(), EMBARGO, st.integers(3, 6), st.integers(1, 3))
def test_combinatorial_splits_are_clean_and_test_each_observation_as_often_as_promised(
    observed: Spans, embargo: int, groups: int, tested: int
) -> None:
    assume(tested < groups)
    try:
        made = Combinatorial(observed, groups_count=groups, tested=tested, embargo=embargo)
    except BadInput:
        assume(False)

    for fold in made.folds:
        assert overlapping(observed, fold) == []
        assert within_embargo(observed, fold, embargo) == []
    times = np.bincount(np.concatenate([fold.test for fold in made.folds]), minlength=len(observed))
    assert len(made.folds) == comb(groups, tested)
    assert set(times.tolist()) == {comb(groups - 1, tested - 1)}


@given(spans(), st.integers(3, 6), st.integers(1, 3))
def test_paths_use_each_test_once_and_cover_all_of_history(observed: Spans, groups: int, tested: int) -> None:
    assume(tested < groups)
    try:
        made = Combinatorial(observed, groups_count=groups, tested=tested)
    except BadInput:
        assume(False)
    marked = [(1_000 * split + fold.test).astype(np.float64) for split, fold in enumerate(made.folds)]

    joined = made.join(marked)

    assert joined.shape == (comb(groups - 1, tested - 1), len(observed))
    assert (joined.astype(np.int64) % 1_000).tolist() == [list(range(len(observed)))] * len(joined)
    assert sorted(joined.ravel().tolist()) == sorted(np.concatenate(marked).tolist())


@given(spans())
def test_a_whole_path_was_tested_in_order_of_time(observed: Spans) -> None:
    try:
        folds = list(walk_forward(observed, folds=3, train_min=5))
    except BadInput:
        assume(False)

    assert all(first.test.max() < second.test.min() for first, second in pairwise(folds))


@pytest.mark.parametrize(("starts", "ends"), [([2, 1], [2, 2]), ([1, 2], [0, 3]), ([1], [1, 2]), ([], []), ([0.5], [1.5])])
def test_spans_that_are_no_history_are_refused(starts: list[int], ends: list[int]) -> None:
    with pytest.raises(BadInput):
        Spans(starts, ends)
