"""One study: a drawn strategy on a market of its own, searched over four settings, walked forward, measured and judged.

Walk-forward, measures and gate are the product's own, at the gate's default thresholds. What fails a cheap demand is not measured
further: it has failed.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from memesnipe.evidence.verdict import Metrics
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.research.backtest.result import Result
from memesnipe.research.backtest.returns import DAY_S
from memesnipe.research.backtest.stress import Stress
from memesnipe.research.gate.measure import Searched, measure
from memesnipe.research.splits.walk_forward import Spans, walk_forward
from memesnipe.research.splits.walked import Joined, walk
from memesnipe.research.stats.series import Floats, sharpe
from memesnipe.research.stats.sharpe import deflated, moments, probabilistic
from memesnipe.research.trials.values import Census
from memesnipe.testing.calibration.drawing import settings_of
from memesnipe.testing.calibration.markets import FIRST_DAY_NS
from memesnipe.testing.calibration.rules import RandomParameters
from memesnipe.testing.calibration.running import DEAR, LATE, Ground, daily
from memesnipe.testing.calibration.table import DEFAULTS

FOLDS = 5
DAY_NS = DAY_S * NS_PER_S


class Searching(msgspec.Struct, frozen=True):
    """A study's runs: one for each setting, in the settings' order."""

    ground: Ground
    settings: Sequence[RandomParameters]
    results: Sequence[Result]
    returns: Floats
    """(days, settings)"""

    def only(self, number: int) -> "Searching":
        """Return the study that tried one setting alone."""
        return Searching(self.ground, self.settings[number : number + 1], self.results[number : number + 1], self.returns[:, [number]])

    def walked(self) -> Joined:
        """Return the second half, each fifth of it traded with what was best before."""
        days = np.arange(len(self.returns))
        return walk(self.returns, walk_forward(Spans(days, days), folds=FOLDS, train_min=len(days) // 2))

    def profits(self, outside: Joined) -> Floats:
        """Return the profit of each trade that closed on a tested day under the setting that was traded on it."""
        traded = dict(zip(outside.positions.tolist(), outside.chosen.tolist(), strict=True))
        return np.array([
            trade.net_lamports / result.capital_lamports
            for number, result in enumerate(self.results)
            for trade in result.trades
            if traded.get((trade.closed_ns - FIRST_DAY_NS) // DAY_NS) == number
        ])  # fmt: skip


def searched(ground: Ground, first: RandomParameters) -> Searching:
    """Run every setting."""
    settings = settings_of(first)
    results = [ground.run(setting) for setting in settings]
    return Searching(ground, settings, results, np.column_stack([daily(result) for result in results]))


def measured(study: Searching, seed: int) -> Metrics | None:
    """Return what the gate looks at; None for a study that fails a cheap demand (PSR, DSR) of the default gate already."""
    ratios = np.nan_to_num([sharpe(column) for column in study.returns.T])
    trials, chosen, outside = len(ratios), int(np.argmax(ratios)), study.walked()
    variance = float(np.var(ratios, ddof=1)) if trials > 1 else 0.0
    if not probabilistic(moments(outside.returns)) >= DEFAULTS.psr_min:
        return None
    if not deflated(moments(study.returns[:, chosen]), trials, variance) >= DEFAULTS.dsr_min:
        return None
    evidence = Searched(
        trials=study.returns,
        chosen=chosen,
        census=Census(trials=trials, finished=trials, sharpe_variance=variance),
        out_of_sample=outside.returns,
        trade_profits=study.profits(outside),
        double_costs=_again(study, outside, DEAR),
        two_slots_later=_again(study, outside, LATE),
        lookahead=study.ground.replay(study.settings[chosen], seed),
    )
    return measure(evidence, seed=seed)


def _again(study: Searching, outside: Joined, stress: Stress) -> Floats:
    """Return the walk-forward's choices traded under harder terms."""
    again = {int(number): daily(study.ground.run(study.settings[number], stress)) for number in np.unique(outside.chosen)}
    return np.array([again[int(number)][day] for day, number in zip(outside.positions, outside.chosen, strict=True)])
