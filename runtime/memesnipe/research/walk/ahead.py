"""The look-ahead replay of one point on the study's own market: the same engine, fresh each time, on shorter and shorter histories."""

from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import Any

from memesnipe.messages.market import MarketEvent
from memesnipe.messages.orders import OrderIntent
from memesnipe.research.backtest.engine import Costs, Engine
from memesnipe.research.backtest.market import Market
from memesnipe.research.backtest.observed import actions_of
from memesnipe.research.backtest.setup import Setup
from memesnipe.research.lookahead import Action, Report, replay
from memesnipe.research.walk.ground import Ground, held, setup
from memesnipe.research.walk.plan import Plan

Heard = tuple[MarketEvent, bool]
"""An event, and whether strategies hear it."""


def looked_ahead(ground: Ground, plan: Plan, events: int, parameters: dict[str, Any]) -> Report:
    """Replay on the market's first `events` events."""
    history = list(islice(held(ground.market).events(), events))
    # One set-up for all: were the strategy's code loaded anew each time, what it keeps in its module between runs would not be seen.
    ready = setup(ground, parameters)
    return replay(partial(_fresh, ready, ground.costs), history, seed=ground.costs.terms.seed, prefixes=plan.prefixes)


def enough(plan: Plan, intents: Sequence[tuple[int, OrderIntent]], events: int) -> int:
    """Return how many of a market's events to replay: those in which the strategy acted often enough, and not too few.

    Where it never acted so often it is all of them. The whole of a long market, run 60 times over, would say no more: code that reads the
    future does so at its first actions too.
    """
    wanted = plan.prefixes // 2
    if len(intents) < wanted:
        return events
    return min(events, max(plan.ahead_events_min, intents[wanted - 1][0] + 2))


def _fresh(ready: Setup, costs: Costs, events: Sequence[Heard]) -> Sequence[Action]:
    market = Market("history", "", len(events), lambda: iter(events))
    return actions_of(Engine(ready, costs).run(market))
