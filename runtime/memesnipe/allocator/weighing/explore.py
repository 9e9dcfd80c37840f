"""Who deserves more than its share at equal risk: discounted Thompson sampling, with the capital divided by the odds.

Thompson sampling plays each arm as often as it is the best by the posterior. Capital can be divided, so instead of one draw that
takes all, every draw divides the capital by the Sharpe ratios it drew, nothing where they are negative, and the shares are the mean
over the draws. Old observations are discounted, so a strategy whose edge decayed is left, and one that was left is tried again as
its record fades: V. Raj, S. Kalyani, "Taming Non-stationary Bandits: A Bayesian Approach", arXiv 1707.09727, 2017.
"""

import msgspec
import numpy as np

from memesnipe.allocator.weighing.returns import Floats
from memesnipe.allocator.weighing.values import Terms


class Belief(msgspec.Struct, frozen=True):
    """What is believed of each strategy's return in one period; arrays of shape (strategies,)."""

    mean: Floats
    """Shrunk to zero by the prior."""
    deviation: Floats
    """Of one period's return."""
    weight: Floats
    """Observations behind it, discounted."""


def belief(returns: Floats, terms: Terms) -> Belief:
    """Return the posterior from `returns` (periods, strategies); NaN is no observation."""
    ages = np.arange(len(returns) - 1, -1, -1, dtype=np.float64)
    counted = np.where(np.isnan(returns), 0.0, 0.5 ** (ages / terms.half_life_periods)[:, None])
    known = np.nan_to_num(returns)
    weight = counted.sum(axis=0)
    mean = (counted * known).sum(axis=0) / np.maximum(weight, 1e-12)
    variance = (counted * (known - mean) ** 2).sum(axis=0) / np.maximum(weight, 1e-12)
    return Belief(mean * weight / (weight + terms.prior_periods), np.sqrt(variance), weight)


def shares_by_odds(what: Belief, terms: Terms, seed: int) -> Floats:
    """Return shares, shape (strategies,), that sum to at most 1: what is missing is the odds that nothing has an edge."""
    spread = np.maximum(what.deviation, 1e-12)
    error = 1.0 / np.sqrt(what.weight + terms.prior_periods)
    drawn = np.random.default_rng(seed).standard_normal((terms.draws, len(spread))) * error + what.mean / spread
    hoped = np.where(what.deviation > 0.0, np.maximum(drawn, 0.0), 0.0)
    total = hoped.sum(axis=1, keepdims=True)
    shares: Floats = np.divide(hoped, total, out=np.zeros_like(hoped), where=total > 0.0).mean(axis=0)
    return shares
