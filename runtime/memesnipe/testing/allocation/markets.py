"""Made-up portfolios: strategies whose edges decay, with fat tails, and days on which everything falls together."""

import msgspec
import numpy as np

from memesnipe.allocator.weighing.returns import Floats

DAYS = 300
DAILY = 0.03
"""Deviation of a typical strategy's return in a day, as a fraction of its capital."""
CRASH_ODDS = 0.01
CRASH_DEPTH = (0.05, 0.25)


class Portfolio(msgspec.Struct, frozen=True):
    """Daily net returns, shape (days, strategies)."""

    returns: Floats
    edges: int
    """How many strategies began with an edge."""


def portfolio(seed: int, days: int = DAYS) -> Portfolio:
    """Return one portfolio of 2 to 20 strategies. A third begin with a daily Sharpe ratio of 0.05 to 0.25, a third with none, a third lose.

    Edges halve every 20 to 200 days. Tails are Student's with 3 degrees of freedom; what strategies share is a quarter to half of the
    variance; on one day of a hundred all lose 5% to 25% together.
    """
    draw = np.random.default_rng(seed)
    number = int(draw.integers(2, 21))
    kind = draw.integers(0, 3, number)
    ratio = np.select([kind == 0, kind == 1], [draw.uniform(0.05, 0.25, number), np.zeros(number)], -draw.uniform(0.0, 0.1, number))
    decay = 0.5 ** (np.arange(days)[:, None] / draw.uniform(20.0, 200.0, number))
    means = np.where(ratio > 0.0, ratio * decay, ratio)
    shared = np.sqrt(draw.uniform(0.25, 0.5))
    noise = shared * _tails(draw, (days, 1)) + np.sqrt(1.0 - shared**2) * _tails(draw, (days, number))
    spread = DAILY * draw.uniform(0.5, 2.0, number)
    crash = (draw.random((days, 1)) < CRASH_ODDS) * draw.uniform(*CRASH_DEPTH, (days, 1)) * draw.uniform(0.5, 1.0, (days, number))
    returns: Floats = np.clip((means + noise) * spread - crash, -0.9, 5.0)
    return Portfolio(returns, int(np.count_nonzero(kind == 0)))


def _tails(draw: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Student's t with 3 degrees of freedom, at unit deviation."""
    drawn: Floats = draw.standard_t(3, shape) / np.sqrt(3.0)
    return drawn
