"""The Sharpe ratio of a moving window: an edge that was there for one week and gone since does not show in the whole."""

import math
from collections.abc import Sequence

from memesnipe.research.backtest.result import Result
from memesnipe.research.backtest.returns import DAY_S, MINUTE_S, returns_of

OBSERVATIONS_MIN = 30
WINDOW_MIN = 10
WINDOWS = 10
"""A window is so much of the whole."""
PERIODS_S = (DAY_S, 3_600, 600, MINUTE_S)
RENEWED_EVERY = 4_096
"""Running sums are taken anew so often: what rounding adds to them must not look like a return."""
FLAT = 1e-12
"""Of the largest mean square since the sums were taken anew: less spread than this is what rounding left."""


def window_of(observations: int) -> int:
    """Return how many observations a window holds."""
    return max(WINDOW_MIN, observations // WINDOWS)


def rolling_sharpe(returns: Sequence[float], window: int) -> list[float | None]:
    """Return the Sharpe ratio of the last `window` returns at each observation; None before there are so many, and where nothing varies.

    For one observation, not annualised.
    """
    found: list[float | None] = []
    total = square = largest = 0.0
    for at, value in enumerate(returns):
        total, square = total + value, square + value * value
        if at >= window:
            old = returns[at - window]
            total, square = total - old, square - old * old
        if not (at + 1) % RENEWED_EVERY:
            last = returns[max(0, at + 1 - window) : at + 1]
            total, square = math.fsum(last), math.fsum(value * value for value in last)
            largest = 0.0
        largest = max(largest, square)
        found.append(_ratio(total, square, window, FLAT * largest / window) if at + 1 >= window else None)
    return found


def period_of(result: Result) -> int | None:
    """Return the longest period of which a run has enough to speak of, in seconds; None where there is none."""
    span_s = (result.last_ns - result.first_ns) / 1e9
    return next((period for period in PERIODS_S if span_s / period >= OBSERVATIONS_MIN), None)


def of_result(result: Result) -> tuple[list[float | None], int] | None:
    """Return a run's rolling Sharpe ratio and the period of an observation in seconds; None where the run is too short for one."""
    period_s = period_of(result)
    if period_s is None or not result.capital_lamports > 0:
        return None
    returns = returns_of(result, period_s)
    return rolling_sharpe(returns, window_of(len(returns))), period_s


def _ratio(total: float, square: float, count: int, flat: float) -> float | None:
    mean = total / count
    variance = (square - count * mean * mean) / (count - 1)
    return mean / math.sqrt(variance) if variance > flat else None
