"""Intervals for returns that depend on their past: blocks of random length are drawn, so runs of losses stay runs.

Sources: Politis and Romano, "The Stationary Bootstrap", JASA 89, 1994; Politis and White, "Automatic Block-Length Selection for
the Dependent Bootstrap", Econometric Reviews 23(1), 2004, with the correction by Patton, Politis and White, same journal 28(4), 2009.
"""

import math

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from memesnipe.kernel.errors import BadInput
from memesnipe.research.stats.series import Floats, Ints, one_series

REPLICATIONS = 1_000
_CELLS_MAX = 1_000_000
"""Drawn at a time: some 50 MB in all."""


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A two-sided percentile interval and what it was made with."""

    low: float
    high: float
    confidence: float
    block_length: float


def block_length(returns: ArrayLike) -> float:
    """Return the mean length of blocks that suits the dependence in a series (observations, 1 or more)."""
    values = one_series(returns, 8)
    n = len(values)
    covariances, insignificant = _autocovariances(values - np.mean(values))
    lags = np.arange(1, insignificant + 1)
    weights = np.where(lags <= insignificant / 2, 1.0, 2.0 * (1.0 - lags / insignificant))  # the flat-top kernel
    slope = float(np.sum(2.0 * weights * lags * covariances[1 : insignificant + 1]))
    level = float(covariances[0] + np.sum(2.0 * weights * covariances[1 : insignificant + 1]))
    longest = math.ceil(min(3.0 * math.sqrt(n), n / 3.0))
    if level == 0.0:
        return 1.0
    return float(min(max((slope**2 / level**2) ** (1 / 3) * n ** (1 / 3), 1.0), longest))


def stationary_indices(observations: int, length: float, replications: int, draw: np.random.Generator) -> Ints:
    """Return positions to resample by, shape (replications, observations): blocks of geometric length with mean `length`, in a ring."""
    if not (length >= 1.0) or observations < 1 or replications < 1:
        raise BadInput("bootstrap", "want a block of at least 1 observation, and at least one observation and replication")
    starts = draw.integers(0, observations, size=(replications, observations))
    fresh = draw.random((replications, observations)) < 1.0 / length
    fresh[:, 0] = True
    positions = np.arange(observations)
    born = np.maximum.accumulate(np.where(fresh, positions, 0), axis=1)
    indices: Ints = (np.take_along_axis(starts, born, axis=1) + positions - born) % observations
    return indices


def sharpe_interval(
    returns: ArrayLike, *, seed: int, confidence: float = 0.90, replications: int = REPLICATIONS, length: float | None = None
) -> Interval:
    """Return the interval of the Sharpe ratio (for one observation). NaN bounds where a resample does not vary."""
    values = one_series(returns, 8)
    blocks = block_length(values) if length is None else length
    draw = np.random.default_rng(seed)
    ratios = np.concatenate([_resampled_ratios(values, blocks, rows, draw) for rows in _portions(len(values), replications)])
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(ratios, [tail, 1.0 - tail])
    return Interval(low=float(low), high=float(high), confidence=confidence, block_length=float(blocks))


def _portions(observations: int, replications: int) -> list[int]:
    rows = max(1, _CELLS_MAX // observations)
    return [min(rows, replications - start) for start in range(0, replications, rows)]


def _resampled_ratios(values: Floats, length: float, replications: int, draw: np.random.Generator) -> Floats:
    drawn = values[stationary_indices(len(values), length, replications, draw)]
    spreads = np.std(drawn, axis=1, ddof=1)
    ratios: Floats = np.divide(np.mean(drawn, axis=1), spreads, out=np.full(replications, np.nan), where=spreads > 0.0)
    return ratios


def _autocovariances(centred: Floats) -> tuple[Floats, int]:
    """Return autocovariances by lag, and the bandwidth: twice the lag after which a run of autocorrelations is noise."""
    n = len(centred)
    run = max(5, int(math.log10(n)))
    lags = min(math.ceil(math.sqrt(n)) + run, n - 2)
    products = np.array([centred[lag:] @ centred[: n - lag] for lag in range(lags + 1)])
    noise = 2.0 * math.sqrt(math.log10(n) / n)
    scale = np.array(
        [
            math.sqrt((centred[lag + 1 :] @ centred[lag + 1 :]) * (centred[: n - lag - 1] @ centred[: n - lag - 1]))
            for lag in range(lags + 1)
        ]
    )
    quiet = np.abs(products) < noise * scale
    last = next((end - run for end in range(run, lags + 1) if np.all(quiet[end - run : end])), None)
    return products / n, lags if last is None else min(2 * max(last, 1), lags)
