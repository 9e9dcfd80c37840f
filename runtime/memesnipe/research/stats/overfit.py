"""Does choosing the best trial in one half of the data pick a good one in the other half? Probability of backtest overfitting.

Source: Bailey, Borwein, Lopez de Prado and Zhu, "The Probability of Backtest Overfitting", Journal of Computational Finance 20(4),
2017: combinatorially symmetric cross-validation (CSCV). Every way of splitting S blocks of time into two halves is tried; the
best trial of one half is ranked in the other; PBO is the share of splits where it ends in the lower half.
"""

from functools import lru_cache
from itertools import combinations

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from memesnipe.kernel.errors import BadInput
from memesnipe.research.stats.series import FLAT, Floats, many_series

BLOCKS = 16
"""The paper's S: 12,870 splits."""
BLOCKS_MAX = 18


class Overfit(msgspec.Struct, frozen=True, kw_only=True):
    """What CSCV found."""

    probability: float
    """PBO: the share of splits whose chosen trial does no better than the median trial outside."""
    loss_probability: float
    """The share of splits whose chosen trial has no positive Sharpe ratio outside."""
    median_logit: float
    """Of rank / (1 - rank): above 0 the choice carries over, below 0 it does worse than a draw."""
    splits: int


def probability(returns: ArrayLike, blocks: int = BLOCKS) -> Overfit:
    """Judge a search from the returns of ALL its trials, shape (observations, trials), trials on the same observations.

    The oldest observations that fill no block are left out. A trial that never moved counts as Sharpe ratio 0. Raises BadInput on
    fewer than two trials (nothing was chosen), fewer than two observations a block, or blocks that are not even and 2 to 18.
    """
    outside, at_best = _outside(returns, blocks)
    logits = _logits(outside, at_best)
    return Overfit(
        probability=float(np.mean(logits <= 0.0)),
        loss_probability=float(np.mean(at_best <= 0.0)),
        median_logit=float(np.median(logits)),
        splits=len(logits),
    )


def logits_of(returns: ArrayLike, blocks: int = BLOCKS) -> Floats:
    """Return each split's logit of the chosen trial's relative rank outside, shape (splits,). Takes and raises what `probability` does."""
    return _logits(*_outside(returns, blocks))


def _outside(returns: ArrayLike, blocks: int) -> tuple[Floats, Floats]:
    """Return the trials' Sharpe ratios outside, (splits, trials), and that of the one that was best inside, (splits, 1)."""
    values = many_series(returns)
    _demand(values.shape, blocks)
    chosen, outside = _halves(values, blocks)
    best = np.argmax(chosen, axis=1)
    return outside, np.take_along_axis(outside, best[:, None], axis=1)


def _demand(shape: tuple[int, ...], blocks: int) -> None:
    if blocks % 2 or not 2 <= blocks <= BLOCKS_MAX:
        raise BadInput("blocks", f"want an even number from 2 to {BLOCKS_MAX}, got {blocks}")
    if shape[1] < 2:
        raise BadInput("returns", "one trial: nothing was chosen, so nothing can be overfit by choosing")
    if shape[0] < 2 * blocks:
        raise BadInput("returns", f"{shape[0]} observations do not fill {blocks} blocks of two")


def _halves(values: Floats, blocks: int) -> tuple[Floats, Floats]:
    """Return the trials' Sharpe ratios inside and outside, each (splits, trials), from sums by block instead of 12,870 copies."""
    length = values.shape[0] // blocks
    cut = values[values.shape[0] - length * blocks :].reshape(blocks, length, -1)
    inside = _choices(blocks)
    sums, squares = cut.sum(axis=1), (cut**2).sum(axis=1)
    count = length * blocks // 2
    return _ratios(inside @ sums, inside @ squares, count), _ratios((1 - inside) @ sums, (1 - inside) @ squares, count)


@lru_cache(maxsize=4)
def _choices(blocks: int) -> NDArray[np.float64]:
    """Return a row of 0 and 1 for each half of the blocks."""
    picked = np.array(list(combinations(range(blocks), blocks // 2)))
    choices = np.zeros((len(picked), blocks))
    np.put_along_axis(choices, picked, 1.0, axis=1)
    return choices


def _ratios(sums: Floats, squares: Floats, count: int) -> Floats:
    means = sums / count
    variances = (squares - count * means**2) / (count - 1)
    moves = variances > FLAT * squares / count
    return np.where(moves, means / np.sqrt(np.where(moves, variances, 1.0)), 0.0)


def _logits(outside: Floats, at_best: Floats) -> Floats:
    """Return the logit of the chosen trial's relative rank in (0, 1); equal trials share the middle of their ranks."""
    trials = outside.shape[1]
    ranks = ((outside < at_best).sum(axis=1) + (outside <= at_best).sum(axis=1) + 1) / 2
    relative = ranks / (trials + 1)
    logits: Floats = np.log(relative / (1 - relative))
    return logits
