"""A strategy of the study on the backtester: the shipped limits, paper's own delays and failures, and its costs or none."""

from functools import cache
from pathlib import Path

import msgspec
import numpy as np

from memesnipe.control.applied import applied
from memesnipe.guard.service import terms_of
from memesnipe.guard.settings import GuardSettings
from memesnipe.manifests.reading import parse
from memesnipe.messages.control import ConfigApplied
from memesnipe.messages.market import MarketEvent
from memesnipe.research import lookahead
from memesnipe.research.backtest.engine import Costs, Engine
from memesnipe.research.backtest.market import of_events
from memesnipe.research.backtest.observed import fresh_runs
from memesnipe.research.backtest.result import Result
from memesnipe.research.backtest.returns import DAY_S, returns_of
from memesnipe.research.backtest.setup import Setup, manifests_of
from memesnipe.research.backtest.stress import Stress
from memesnipe.research.stats.series import Floats
from memesnipe.strategy.loading import Plugin
from memesnipe.strategy.spec import StrategySpec
from memesnipe.testing.builders import START_NS
from memesnipe.testing.calibration.rules import RandomParameters, RandomStrategy

PLUGIN, NAME = "study-random", "study"
PLAIN, DEAR, LATE = Stress(), Stress(costs=2), Stress(slots_more=2)
LOOKED_AT = 300
"""Events of the look-ahead replay: the first fifty days."""
MANIFESTS = b"""
apiVersion: memesnipe.io/v1alpha1
kind: Strategy
metadata: {name: study}
spec: {strategy: study-random, mode: paper}
---
apiVersion: memesnipe.io/v1alpha1
kind: RiskPolicy
metadata: {name: default}
spec: {timeStopS: 0}
"""


class Ground(msgspec.Struct, frozen=True):
    """What is traded on."""

    events: list[MarketEvent]
    free: bool
    """Whether an order costs nothing: no network fee, no tip, no rent. The pools' fee is the market's."""

    def run(self, parameters: RandomParameters, stress: Stress = PLAIN) -> Result:
        """Trade it with a fresh strategy."""
        return Engine(a_setup(parameters), self._costs(stress)).run(of_events(self.events))

    def replay(self, parameters: RandomParameters, seed: int) -> lookahead.Report:
        """Look for knowledge of the future."""
        return lookahead.replay(fresh_runs(a_setup(parameters), self._costs(PLAIN)), self.events[:LOOKED_AT], seed=seed)

    def _costs(self, stress: Stress) -> Costs:
        settings = GuardSettings()
        terms = terms_of(settings)
        if self.free:
            terms = msgspec.structs.replace(terms, fee_lamports=0, tip_lamports=0, rent_lamports=0)
        return Costs(terms, settings.guard_trade_size_lamports_max, stress)


def daily(result: Result) -> Floats:
    """Return a run's returns, one a day."""
    return np.asarray(returns_of(result, DAY_S))


def a_setup(parameters: RandomParameters) -> Setup:
    """Return what runs: `setup_of` finds installed code only, and this is none."""
    config = _config()
    spec = StrategySpec(NAME, PLUGIN, config.strategies[0].spec_hash, parameters.model_dump())
    return Setup(config, (spec,), {PLUGIN: Plugin(PLUGIN, RandomStrategy, Path(__file__))}, {NAME: config.capital_lamports})


@cache
def _config() -> ConfigApplied:
    """Return the limits that ship, but for the time stop: days pass between two trades here."""
    return applied(manifests_of(parse(MANIFESTS, NAME)), version=1, time_ns=START_NS, paper_switch=True, genesis="")
