"""How likely a Sharpe ratio is more than luck: one track record (PSR), the best of many trials (DSR), and how long is long enough.

All Sharpe ratios here are for one observation, not annualised: divide an annual one by the root of the observations a year.

Sources:
- PSR and minimum track record length: Bailey and Lopez de Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2), 2012.
- Expected maximum and DSR: Bailey and Lopez de Prado, "The Deflated Sharpe Ratio: Correcting for Selection Bias, Backtest
  Overfitting and Non-Normality", Journal of Portfolio Management 40(5), 2014.
"""

import math
from statistics import NormalDist

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from memesnipe.research.stats.series import one_series, sharpe

EULER_MASCHERONI = 0.577_215_664_901_532_9
_NORMAL = NormalDist()


class Moments(msgspec.Struct, frozen=True, kw_only=True):
    """What PSR needs of a track record. `kurtosis` is 3 for a normal distribution, not 0."""

    observations: int
    sharpe: float
    skew: float = 0.0
    kurtosis: float = 3.0


def moments(returns: ArrayLike) -> Moments:
    """Return the moments of returns of shape (observations,). Sharpe, skew and kurtosis are NaN for a series that does not vary."""
    values = one_series(returns)
    ratio = sharpe(values)
    if math.isnan(ratio):
        return Moments(observations=len(values), sharpe=ratio, skew=ratio, kurtosis=ratio)
    scaled = (values - np.mean(values)) / np.std(values)
    return Moments(observations=len(values), sharpe=ratio, skew=float(np.mean(scaled**3)), kurtosis=float(np.mean(scaled**4)))


def probabilistic(record: Moments, benchmark: float = 0.0) -> float:
    """Return the probability that the true Sharpe ratio is above `benchmark`; NaN where it cannot be told.

    PSR = Phi[(SR - SR*) sqrt(T - 1) / sqrt(1 - skew SR + (kurtosis - 1)/4 SR^2)]
    """
    spread = _spread(record)
    if record.observations < 2 or not (spread > 0.0):
        return float("nan")
    score = (record.sharpe - benchmark) * math.sqrt(record.observations - 1) / math.sqrt(spread)
    return float("nan") if math.isnan(score) else _NORMAL.cdf(score)


def expected_maximum(trials: int, variance: float) -> float:
    """Return the Sharpe ratio that the best of `trials` worthless strategies is expected to show.

    `variance` is that of the trials' Sharpe ratios. SR0 = sqrt(V) [(1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e))]. One trial was
    not chosen among others: 0. NaN for a variance that is not known, or no trial at all.
    """
    if trials < 1 or not (variance >= 0.0):
        return float("nan")
    if trials == 1:
        return 0.0
    likely = (1 - EULER_MASCHERONI) * _NORMAL.inv_cdf(1 - 1 / trials) + EULER_MASCHERONI * _NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    return math.sqrt(variance) * likely


def deflated(record: Moments, trials: int, variance: float) -> float:
    """Return the probability that the true Sharpe ratio is above what the best of so many worthless trials would show."""
    return probabilistic(record, expected_maximum(trials, variance))


def track_record_min(record: Moments, benchmark: float = 0.0, confidence: float = 0.95) -> float:
    """Return how many observations it takes until PSR reaches `confidence`; infinity for one that is not above its benchmark.

    MinTRL = 1 + [1 - skew SR + (kurtosis - 1)/4 SR^2] (Phi^-1(confidence) / (SR - SR*))^2
    """
    if not (record.sharpe > benchmark):
        return float("inf")
    return 1.0 + _spread(record) * (_NORMAL.inv_cdf(confidence) / (record.sharpe - benchmark)) ** 2


def _spread(record: Moments) -> float:
    return 1.0 - record.skew * record.sharpe + (record.kurtosis - 1.0) / 4.0 * record.sharpe**2
