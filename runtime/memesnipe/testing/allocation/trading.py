"""One portfolio traded day by day: by the allocator's own weighing each week, at equal weights, and by the best of it in hindsight."""

from collections.abc import Callable

import msgspec
import numpy as np

from memesnipe.allocator.weighing.returns import Floats
from memesnipe.allocator.weighing.size import exposure
from memesnipe.allocator.weighing.values import Closed, Record, Standing, Terms
from memesnipe.allocator.weighing.weigh import Account, weigh
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.bounds import Mode
from memesnipe.testing.allocation.markets import Portfolio

DAY_NS = 86_400 * NS_PER_S
CAPITAL = 10**9
EVERY_DAYS = 7
Decide = Callable[[int, float, float, Floats], Floats]
"""(day, equity, peak, weights now) -> weights, shape (strategies,)."""


class Outcome(msgspec.Struct, frozen=True):
    """What a way of weighing came to on one portfolio."""

    growth: float
    """Of the logarithm of capital, over the whole time."""
    drawdown: float
    turnover: float
    """Capital moved, in multiples of the whole."""

    @property
    def adjusted(self) -> float:
        """Growth for each part of capital that was lost at the worst moment; 5% at least, so that sitting still is no wonder."""
        return self.growth / max(self.drawdown, 0.05)


def traded(portfolio: Portfolio, decide: Decide, cost_bps: int) -> Outcome:
    """Return the outcome of a portfolio whose weights are decided each week from the days before. Moving capital costs."""
    equity, peak, fell, moved = 1.0, 1.0, 0.0, 0.0
    weights = np.zeros(portfolio.returns.shape[1])
    for day, returns in enumerate(portfolio.returns):
        if day % EVERY_DAYS == 0:
            wanted = decide(day, equity, peak, weights)
            turned = float(np.abs(wanted - weights).sum())
            equity, moved, weights = equity * (1.0 - turned * cost_bps / 10_000 / 2.0), moved + turned, wanted
        equity *= max(1.0 + float(weights @ returns), 1e-9)
        peak = max(peak, equity)
        fell = max(fell, 1.0 - equity / peak)
    return Outcome(float(np.log(equity)), fell, moved)


def by_allocator(portfolio: Portfolio, terms: Terms, seed: int) -> Decide:
    """Return the allocator itself, told of what is closed before each day and of nothing later."""
    names = [f"s{place:03d}" for place in range(portfolio.returns.shape[1])]

    def decide(day: int, equity: float, peak: float, weights: Floats) -> Floats:
        records = [_record(name, column[:day]) for name, column in zip(names, portfolio.returns.T, strict=True)]
        in_force = {name: round(weight * 10_000) for name, weight in zip(names, weights, strict=True)}
        account = Account({Mode.PAPER: Standing(round(equity * CAPITAL), round(peak * CAPITAL))}, in_force)
        found = weigh(records, account, terms, seed=seed + day, now_ns=day * DAY_NS)
        return np.array([found.weights_bps[name] / 10_000 for name in names])

    return decide


def equally(portfolio: Portfolio) -> Decide:
    """Return equal weights, always."""
    number = portfolio.returns.shape[1]
    return lambda *_: np.full(number, 1.0 / number)


def equally_guarded(portfolio: Portfolio, terms: Terms) -> Decide:
    """Return equal weights under the allocator's own drawdown control: what of the difference is no more than holding cash."""
    number = portfolio.returns.shape[1]
    return lambda _, equity, peak, __: np.full(number, exposure(equity, peak, terms) / number)


def in_hindsight(portfolio: Portfolio) -> Decide:
    """Return everything on the strategy that will have grown most: what nobody can do."""
    grown = np.log1p(portfolio.returns).sum(axis=0)
    alone = (np.arange(len(grown)) == int(np.argmax(grown))).astype(np.float64)
    return lambda *_: alone


def _record(name: str, returns: Floats) -> Record:
    closed = tuple(Closed(day * DAY_NS + DAY_NS // 2, round(float(value) * CAPITAL)) for day, value in enumerate(returns))
    return Record(name, closed, ((0, CAPITAL),))
