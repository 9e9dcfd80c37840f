"""Is the best of these strategies really better than the incumbent, once it is said how many were looked at? Hansen's SPA.

Source: Hansen, "A Test for Superior Predictive Ability", Journal of Business and Economic Statistics 23(4), 2005: studentised, with
the consistent recentering that hopeless trials cannot blunt, and a stationary bootstrap that keeps dependence between trials and
over time.
"""

import math

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from memesnipe.research.stats.bootstrap import REPLICATIONS, block_length, stationary_indices
from memesnipe.research.stats.series import FLAT, Floats, many_series


class Superior(msgspec.Struct, frozen=True, kw_only=True):
    """p-values of "none is better than the incumbent": a small `consistent` says that one is; lower and upper bound it."""

    statistic: float
    lower: float
    consistent: float
    upper: float
    block_length: float


def against(
    gains: ArrayLike, *, seed: int, chosen: int | None = None, replications: int = REPLICATIONS, length: float | None = None
) -> Superior:
    """Test gains over the incumbent, shape (observations, trials): each trial's return less the incumbent's at the same time.

    Against cash the gains are the returns. With `chosen` the question is about that trial, still against the best that chance brings
    among all (Romano and Wolf's single step): another trial's merit is not its own. Trials that never differ from the incumbent are
    left out; where none is left, or the chosen one is as the incumbent, p is 1. Raises BadInput on fewer than 8 observations or a value
    that is no finite number.
    """
    given = many_series(gains, 8)
    differing = np.ptp(given, axis=0) > FLAT * np.max(np.abs(given), axis=0)
    if not np.any(differing) or (chosen is not None and not differing[chosen]):
        return Superior(statistic=0.0, lower=1.0, consistent=1.0, upper=1.0, block_length=1.0)
    values = given[:, differing]
    asked = int(np.argmax(values.mean(axis=0) / values.std(axis=0))) if chosen is None else int(np.sum(differing[:chosen]))
    blocks = block_length(values[:, asked]) if length is None else length
    scaled = values / np.sqrt(long_run_variances(values, blocks))
    root = math.sqrt(len(values))
    means = scaled.mean(axis=0)
    observed = max(0.0, root * float(np.max(means) if chosen is None else means[asked]))
    highest = root * _simulated_maxima(scaled, blocks, replications, np.random.default_rng(seed))
    lower, consistent, upper = (float(np.mean(np.maximum(column, 0.0) >= observed)) for column in highest.T)
    return Superior(statistic=observed, lower=lower, consistent=consistent, upper=upper, block_length=float(blocks))


def long_run_variances(values: Floats, length: float) -> Floats:
    """Return n times the variance of each mean under the stationary bootstrap (Hansen's omega squared), shape (trials,)."""
    n = len(values)
    centred = values - values.mean(axis=0)
    stay = 1.0 - 1.0 / length
    variances: Floats = (centred**2).sum(axis=0) / n
    for lag in range(1, n):
        weight = (1.0 - lag / n) * stay**lag + (lag / n) * stay ** (n - lag)
        if weight > 1e-9:
            variances = variances + 2.0 * weight * (centred[: n - lag] * centred[lag:]).sum(axis=0) / n
    floor = FLAT * np.max(np.abs(values), axis=0) ** 2
    above: Floats = np.maximum(variances, floor)
    return above


def _simulated_maxima(scaled: Floats, length: float, replications: int, draw: np.random.Generator) -> Floats:
    """Return the largest recentred mean of each resample, shape (replications, 3): lower, consistent, upper."""
    n = len(scaled)
    means = scaled.mean(axis=0)
    hopeless = means < -math.sqrt(2.0 * math.log(math.log(n)) / n)
    centres = np.stack([np.maximum(means, 0.0), np.where(hopeless, 0.0, means), means])
    highest = np.empty((replications, 3))
    for row in range(replications):
        counts = np.bincount(stationary_indices(n, length, 1, draw)[0], minlength=n)
        highest[row] = np.max(counts @ scaled / n - centres, axis=1)
    return highest
