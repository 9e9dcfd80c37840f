"""The look-ahead replay on the real engine: what ships does not know the future, and a strategy that remembers it is found."""

from pathlib import Path
from typing import ClassVar

import pytest

from memesnipe.guard.paper import Terms
from memesnipe.messages.market import MarketEvent, PriceTick
from memesnipe.research import lookahead
from memesnipe.research.backtest.engine import Costs
from memesnipe.research.backtest.observed import fresh_runs
from memesnipe.research.backtest.setup import Setup, documents_in, manifests_of, setup_of
from memesnipe.strategy.contract import Action, Buy, EventType, Parameters, RiskProfile, Strategy, strategy
from memesnipe.strategy.loading import Plugin
from memesnipe.testing.builders import SOL
from memesnipe.testing.stacks import ROOT
from memesnipe.testing.tapes import a_tape

TERMS = Terms(seed=7, slots_max=2, failure_bps=200, timeout_ns=10 * 10**9, fee_lamports=25_000, tip_lamports=10_000)
COSTS = Costs(TERMS, SOL)


@strategy(
    id="oracle",
    version="1.0.0",
    subscriptions={EventType.PRICE},
    parameters=Parameters,
    risk_profile=RiskProfile(thesis="none", exposures=("none",), failure_modes=("all",), holding_time_s=1, loss_per_trade_bps_max=1),
)
class Oracle(Strategy[Parameters]):
    """Keeps the highest price of every run in its class, and buys just before it comes."""

    seen: ClassVar[dict[str, float]] = {}

    async def on_event(self, event: MarketEvent) -> Action:
        assert isinstance(event, PriceTick)
        price, highest = event.quote_lamports / event.base_units, self.seen.get(event.mint, 0.0)
        self.seen[event.mint] = max(highest, price)
        if self.view.in_flight(event.mint) or self.view.holding(event.mint) or not price < highest / 1.2:
            return None
        return Buy(event.mint, SOL // 100, 500, event.quote_lamports, event.base_units)


def shipped() -> Setup:
    return setup_of(manifests_of(documents_in([ROOT / "manifests" / "replay"])))


def with_oracle() -> Setup:
    setup = setup_of(manifests_of(documents_in([ROOT / "manifests" / "replay" / "strategies.yaml"])[:1]))
    setup.plugins["momentum"] = Plugin("momentum", Oracle, Path(__file__))
    return setup


def test_the_shipped_strategies_do_the_same_on_a_shorter_history() -> None:
    report = lookahead.replay(fresh_runs(shipped(), COSTS), list(a_tape(seed=16)), seed=1)

    assert report.clean
    assert report.actions > 5


def test_a_strategy_that_remembers_other_runs_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Oracle, "seen", {})

    report = lookahead.replay(fresh_runs(with_oracle(), COSTS), list(a_tape(seed=16)), seed=1)

    assert not report.clean
