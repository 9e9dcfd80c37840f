"""What every statistic starts from: returns that are finite numbers in time order, and the plain Sharpe ratio."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from memesnipe.kernel.errors import BadInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FLAT = 1e-12
"""A spread this small beside the returns themselves is rounding: a constant series would else have a Sharpe ratio of 10**16."""


def one_series(returns: ArrayLike, observations_min: int = 2) -> Floats:
    """Return returns of shape (observations,). Raises BadInput on another shape, too few, or a value that is no finite number."""
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 1 or values.shape[0] < observations_min:
        raise BadInput("returns", f"want one series of at least {observations_min} observations, got shape {values.shape}")
    return _finite(values)


def many_series(returns: ArrayLike, observations_min: int = 2) -> Floats:
    """Return returns of shape (observations, trials). Raises BadInput as `one_series` does."""
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] < observations_min or values.shape[1] < 1:
        raise BadInput("returns", f"want observations x trials with at least {observations_min} observations, got shape {values.shape}")
    return _finite(values)


def sharpe(returns: Floats) -> float:
    """Return mean over standard deviation (n - 1) for each observation, not annualised.

    NaN for a series that does not vary, and for one observation or none: numpy would answer the same, and warn.
    """
    if len(returns) < 2:
        return float("nan")
    spread = float(np.std(returns, ddof=1))
    if not (spread > FLAT * float(np.max(np.abs(returns)))):
        return float("nan")
    return float(np.mean(returns)) / spread


def known(value: float) -> float | None:
    """Return a number as a record holds it: None for NaN and infinity, which mean that it could not be measured."""
    return value if np.isfinite(value) else None


def max_drawdown(returns: Floats) -> float:
    """Return the deepest fall of the running sum of returns from its peak, in units of the returns (0 or more).

    Returns are fractions of fixed capital, as sizing by capital pays them, so that they add up; the start counts as a peak.
    """
    return float(np.max(falls(returns)))


def falls(returns: Floats) -> Floats:
    """Return how far below its peak the running sum of returns was, at the start and after each observation (0 or more)."""
    equity = np.concatenate(([0.0], np.cumsum(returns)))
    below: Floats = np.maximum.accumulate(equity) - equity
    return below


def _finite(values: Floats) -> Floats:
    if not np.all(np.isfinite(values)):
        raise BadInput("returns", "NaN or infinity among the returns: find the trade that made it")
    return values
