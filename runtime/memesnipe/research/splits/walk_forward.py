"""Cutting history into training and test so that nothing of a test is known in training: walk-forward, purge and embargo.

An observation is made at `starts[i]` and its outcome is known at `ends[i]` (the label's horizon: when the trade it opens is closed).
Two observations overlap when these spans touch. Training drops every observation that overlaps one under test (purge), and every
one that starts within `embargo` after one under test ended, because what is autocorrelated leaks backwards (embargo).

Source: Lopez de Prado, "Advances in Financial Machine Learning", Wiley 2018, chapter 7. Chapter 12 is `combinatorial`.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from memesnipe.kernel.errors import BadInput
from memesnipe.research.stats.series import Ints


class Fold(NamedTuple):
    """Positions of observations, ascending: what a search may see, and what it is then judged on."""

    train: Ints
    test: Ints


class Spans:
    """When each observation was made and when its outcome was known, in one unit of time (nanoseconds, slots or bars).

    Raises BadInput unless both are integers of one length, in order of start, and nothing ends before it starts.
    """

    def __init__(self, starts: ArrayLike, ends: ArrayLike) -> None:
        self.starts, self.ends = _whole(starts, "starts"), _whole(ends, "ends")
        if self.starts.shape != self.ends.shape or len(self.starts) == 0:
            raise BadInput("spans", "want as many ends as starts, and at least one")
        if np.any(np.diff(self.starts) < 0):
            raise BadInput("starts", "observations must be in time order")
        if np.any(self.ends < self.starts):
            raise BadInput("ends", "an outcome is known before its observation was made")

    def __len__(self) -> int:
        return len(self.starts)

    def clear_of(self, candidates: Ints, test: Ints, embargo: int) -> Ints:
        """Return those candidates that may be trained on when `test` is tested.

        `test` may be several runs of observations; each run of neighbours is judged by its own first start and last end.
        """
        keep = np.ones(len(candidates), dtype=np.bool_)
        starts, ends = self.starts[candidates], self.ends[candidates]
        for run in _runs(test):
            first, last = self.starts[run[0]], np.max(self.ends[run])
            keep &= (ends < first) | (starts > last + embargo)
        return candidates[keep]


def walk_forward(spans: Spans, *, folds: int, train_min: int, embargo: int = 0, rolling: int | None = None) -> Iterator[Fold]:
    """Yield folds in time order: train on the past, test on what comes next; together the tests are all but the first observations.

    `train_min` observations at least come before the first test; `rolling` keeps only so many of the newest to train on (None: all).
    `embargo` is in the spans' unit of time. Before a test it widens the purge: an observation is trained on only if its outcome was
    known more than `embargo` before the test begins. Raises BadInput where that leaves a fold without training or test.
    """
    count = len(spans)
    if folds < 1 or train_min < 1 or embargo < 0 or count - train_min < folds:
        raise BadInput("folds", f"{count} observations do not give {folds} tests after {train_min} to train on")
    edges = np.linspace(train_min, count, folds + 1).astype(np.int64)
    for begin, end in pairwise(edges):
        past = np.arange(begin, dtype=np.int64)
        known = past[spans.ends[:begin] < spans.starts[begin] - embargo]
        train = known if rolling is None else known[-rolling:]
        if len(train) == 0:
            raise BadInput("folds", f"purge and embargo leave nothing to train on before observation {begin}")
        yield Fold(train, np.arange(begin, end, dtype=np.int64))


def purged_kfold(spans: Spans, *, folds: int, embargo: int = 0) -> Iterator[Fold]:
    """Yield each of `folds` runs of neighbours as a test once, trained on what is clear of it before and after."""
    for test in groups(len(spans), folds):
        yield Fold(trained_beside(spans, test, embargo), test)


def trained_beside(spans: Spans, test: Ints, embargo: int) -> Ints:
    """Return all that may be trained on when `test` is tested. Raises BadInput where nothing is left, or on a negative embargo."""
    if embargo < 0:
        raise BadInput("embargo", f"want 0 or more, got {embargo}")
    others = np.setdiff1d(np.arange(len(spans), dtype=np.int64), test, assume_unique=True)
    train = spans.clear_of(others, test, embargo)
    if len(train) == 0:
        raise BadInput("folds", f"purge and embargo leave nothing to train on beside observations {test[0]} to {test[-1]}")
    return train


def groups(count: int, number: int) -> list[Ints]:
    """Return `number` runs of neighbours whose lengths differ by one at most. Raises BadInput where one would be empty."""
    if not 2 <= number <= count:
        raise BadInput("groups", f"want 2 to {count} groups of {count} observations, got {number}")
    return [part.astype(np.int64) for part in np.array_split(np.arange(count), number)]


def _runs(positions: Ints) -> list[Ints]:
    return np.split(positions, np.flatnonzero(np.diff(positions) != 1) + 1)


def _whole(values: ArrayLike, name: str) -> Ints:
    array: NDArray[np.generic] = np.asarray(values)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        raise BadInput(name, "want one row of whole numbers (nanoseconds, slots or bars)")
    return array.astype(np.int64)
