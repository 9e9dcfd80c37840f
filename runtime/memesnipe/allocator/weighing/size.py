"""How much of the capital may be at risk at all: Kelly's growth, bounded by the odds of a deep fall.

E. Busseti, E. Ryu, S. Boyd, "Risk-Constrained Kelly Gambling", Journal of Investing 25(3), 2016: maximize E log(1 + r'b) with
E (1 + r'b)^-l <= 1, where l = log(odds) / log(level); then capital falls below `level` of itself with odds below `odds`.
"""

import math
import warnings
from typing import Any

import cvxpy
import numpy as np

from memesnipe.allocator.weighing.explore import Belief
from memesnipe.allocator.weighing.returns import Floats
from memesnipe.allocator.weighing.values import Terms

SCENARIOS_MAX = 365
HALVINGS = 16
TOLERANCE = 1e-6


def sized(returns: Floats, limits: Floats, what: Belief, terms: Terms) -> Floats:
    """Return bets, shape (strategies,), each between 0 and its limit.

    Scenarios are the past periods (without NaN), moved to the mean that is believed: a lucky past is no forecast. The bound is checked
    here, whatever the solver says of itself; bets that break it are halved until they do not.
    """
    scenarios = returns[-SCENARIOS_MAX:] - returns[-SCENARIOS_MAX:].mean(axis=0) + what.mean
    power = math.log(terms.ruin_odds) / math.log(terms.ruin_level)
    bets = np.clip(_solved(scenarios, limits, power), 0.0, limits)
    for _ in range(HALVINGS):
        if _bounded(scenarios, bets, power):
            return bets
        bets = bets / 2.0
    return np.zeros(len(limits))


def _solved(scenarios: Floats, limits: Floats, power: float) -> Floats:
    """Return what the solver found; the limits where it found nothing, for the bound to cut."""
    solver: Any = cvxpy
    bets = solver.Variable(len(limits), nonneg=True)
    growth = solver.log(1.0 + scenarios @ bets)
    bound = solver.log_sum_exp(-power * growth - math.log(len(scenarios))) <= 0.0
    problem = solver.Problem(solver.Maximize(solver.sum(growth) / len(scenarios)), [bets <= limits, bound])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "may be inaccurate": the bound is checked by us
        try:
            problem.solve(solver=solver.CLARABEL)
        except solver.SolverError:
            return limits
    found: Floats = limits if bets.value is None or not np.all(np.isfinite(bets.value)) else np.asarray(bets.value, dtype=np.float64)
    return found


def _bounded(scenarios: Floats, bets: Floats, power: float) -> bool:
    grown = 1.0 + scenarios @ bets
    return bool(np.all(grown > 0.0)) and float(np.mean(grown**-power)) <= 1.0 + TOLERANCE


def exposure(equity: float, peak: float, terms: Terms) -> float:
    """Return the part of the sizes that may be used, from 1 at the peak to 0 at the deepest fall that is allowed.

    S. Grossman, Z. Zhou, "Optimal Investment Strategies for Controlling Drawdowns", Mathematical Finance 3(3), 1993: exposure goes
    with X - a M, where X is equity, M its highest so far and a = 1 - drawdown_max. It approaches the floor and never has to sell there.
    """
    if not (equity > 0.0 and peak > 0.0):
        return 0.0
    floor = (1.0 - terms.drawdown_max) * peak
    return min(1.0, max(0.0, (equity - floor) / (terms.drawdown_max * peak)))
