"""The out-of-sample record: what the walk's choice earned, plainly and under stress, and which trades were wholly its own."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.ledger.accounting import Trade
from memesnipe.research.backtest.result import Result
from memesnipe.research.backtest.returns import returns_of
from memesnipe.research.backtest.stress import Stress
from memesnipe.research.splits.walk_forward import Fold
from memesnipe.research.splits.walked import Joined
from memesnipe.research.stats.series import Floats, Ints, known, sharpe
from memesnipe.research.walk.values import FoldChoice, OutOfSample

PLAIN, DOUBLE_COSTS, TWO_SLOTS_LATER = Stress(), Stress(costs=2), Stress(slots_more=2)
STRESSES = (PLAIN, DOUBLE_COSTS, TWO_SLOTS_LATER)
Runs = Mapping[tuple[int, Stress], Result]
"""Whole runs by column and stress, for each column that was chosen in some fold."""


class Stretch(NamedTuple):
    """Tests in a row that were traded with the same trial (ns, the end excluded)."""

    chosen: int
    begin_ns: int
    end_ns: int


def outside_of(joined: Joined, runs: Runs, starts_ns: Ints, period_s: int, incumbent: Floats | None) -> OutOfSample:
    """Return the record. Raises BadInput on runs that have no returns."""
    return OutOfSample(
        positions=joined.positions,
        chosen=joined.chosen,
        returns=joined.returns,
        trade_profits=np.array(_profits(stretches(joined, starts_ns, period_s), runs), dtype=np.float64),
        double_costs=_again(joined, runs, DOUBLE_COSTS, period_s),
        two_slots_later=_again(joined, runs, TWO_SLOTS_LATER, period_s),
        incumbent=None if incumbent is None else incumbent[joined.positions],
    )


def choices(returns: Floats, folds: Sequence[Fold], joined: Joined) -> tuple[FoldChoice, ...]:
    """Return what each fold chose, for what, and what came of it."""
    chosen_at = dict(zip(joined.positions.tolist(), joined.chosen.tolist(), strict=True))
    return tuple(_choice(returns, fold, chosen_at[int(fold.test[0])]) for fold in folds)


def stretches(joined: Joined, starts_ns: Ints, period_s: int) -> list[Stretch]:
    """Return the walk as runs of the same trial: while the choice stays, a trade may be open from one test into the next."""
    steps = zip(joined.chosen.tolist(), starts_ns[joined.positions].tolist(), strict=True)
    joint = [(chosen, [begin for _, begin in group]) for chosen, group in groupby(steps, key=lambda step: step[0])]
    return [Stretch(chosen, begins[0], begins[-1] + period_s * NS_PER_S) for chosen, begins in joint]


def _choice(returns: Floats, fold: Fold, chosen: int) -> FoldChoice:
    return FoldChoice(
        train=(int(fold.train[0]), int(fold.train[-1])),
        test=(int(fold.test[0]), int(fold.test[-1])),
        chosen=chosen,
        sharpe_in=known(sharpe(returns[fold.train, chosen])),
        sharpe_out=known(sharpe(returns[fold.test, chosen])),
    )


def _profits(walk: Sequence[Stretch], runs: Runs) -> list[float]:
    return [
        trade.net_lamports / run.capital_lamports
        for stretch in walk
        for run in (runs[stretch.chosen, PLAIN],)
        for trade in run.trades
        if _within(trade, stretch)
    ]


def _within(trade: Trade, stretch: Stretch) -> bool:
    return stretch.begin_ns <= trade.opened_ns and trade.closed_ns < stretch.end_ns


def _again(joined: Joined, runs: Runs, stress: Stress, period_s: int) -> Floats:
    """Return the same choice from other runs of the same trials: a stressed search would choose what is used to stress."""
    series = {chosen: np.array(returns_of(runs[chosen, stress], period_s)) for chosen in set(joined.chosen.tolist())}
    return np.array([series[chosen][at] for at, chosen in zip(joined.positions.tolist(), joined.chosen.tolist(), strict=True)])
