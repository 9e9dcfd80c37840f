"""What a search would have earned by choosing on training and trading on the test: walk-forward, and every path of CPCV.

Each trial is run once over the whole time. A run is causal (`lookahead` holds it to that), so its returns on a stretch are what it would
have earned there, and choosing among trials is all that training means.
"""

from collections.abc import Iterable

import msgspec
import numpy as np

from memesnipe.kernel.errors import BadInput
from memesnipe.research.splits.combinatorial import Combinatorial
from memesnipe.research.splits.walk_forward import Fold
from memesnipe.research.stats.series import Floats, Ints, many_series, sharpe


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """A walk-forward, joined."""

    positions: Ints
    """(observations,): which observations were tested, in time order."""
    chosen: Ints
    """(observations,): which trial each was traded with."""
    returns: Floats
    """(observations,): what that earned."""


def walk(returns: Floats, folds: Iterable[Fold]) -> Joined:
    """Trade each fold's test with the trial that was best in its training; `returns` is (observations, trials).

    The same `chosen` picks the returns of stressed runs: `stressed[walked.positions, walked.chosen]`. Raises BadInput without a fold.
    """
    values = many_series(returns)
    steps = [(fold.test, np.full(len(fold.test), best_of(values[fold.train]))) for fold in folds]
    if not steps:
        raise BadInput("folds", "nothing was tested")
    positions, chosen = (np.concatenate(parts).astype(np.int64) for parts in zip(*steps, strict=True))
    return Joined(positions=positions, chosen=chosen, returns=values[positions, chosen])


def paths(returns: Floats, splits: Combinatorial) -> Floats:
    """Return what choosing earned on each path of CPCV, shape (paths, observations): a spread of results instead of one."""
    values = many_series(returns)
    return splits.join([values[fold.test, best_of(values[fold.train])] for fold in splits.folds])


def best_of(returns: Floats) -> int:
    """Return the trial with the highest Sharpe ratio, shape (observations, trials); one that never moved is worth 0."""
    return int(np.argmax(np.nan_to_num([sharpe(column) for column in returns.T], nan=0.0)))
