"""A strategy on the real engine as the look-ahead replay wants to run it: fresh each time, seen by what it asks for."""

from collections.abc import Sequence

from memesnipe.messages.market import MarketEvent
from memesnipe.research.backtest.engine import Costs, Engine
from memesnipe.research.backtest.market import of_events
from memesnipe.research.backtest.result import Result
from memesnipe.research.backtest.setup import Setup
from memesnipe.research.lookahead import Action, Run


def fresh_runs(setup: Setup, costs: Costs) -> Run[MarketEvent]:
    """Return what `lookahead.replay` wants: each call trades the events it is given with a strategy that is new to the world."""

    def run(events: Sequence[MarketEvent]) -> Sequence[Action]:
        return actions_of(Engine(setup, costs).run(of_events(list(events))))

    return run


def actions_of(result: Result) -> list[Action]:
    """Return what the strategies asked for, at which event."""
    return [
        Action(at, (one.strategy, one.mint, one.side.value, one.size_lamports, one.size_units, one.slippage_bps_max))
        for at, one in result.intents
    ]
