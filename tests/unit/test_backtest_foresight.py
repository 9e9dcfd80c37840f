"""Every planted kind of look-ahead is caught on the real engine, where it comes as it does in research: in a table made of the recording.

A table of signals is computed from the events that a run is given, and a strategy that looks its answers up in it trades them through
the executor's checks, risk_guardian, the paper desk and position_manager. What it does is what the replay compares.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from memesnipe.control.applied import applied
from memesnipe.guard.paper import Terms
from memesnipe.manifests.reading import parse
from memesnipe.messages.market import MarketEvent, PriceTick
from memesnipe.research import lookahead
from memesnipe.research.backtest.engine import Costs, Engine
from memesnipe.research.backtest.market import of_events
from memesnipe.research.backtest.observed import actions_of
from memesnipe.research.backtest.setup import Setup, manifests_of
from memesnipe.strategy.contract import Action, Buy, EventType, Parameters, RiskProfile, Sell, Strategy, strategy
from memesnipe.strategy.loading import Plugin
from memesnipe.strategy.spec import StrategySpec
from memesnipe.testing.builders import SOL, START_NS
from memesnipe.testing.foresight import HONEST, PLANTED, Signal, momentum
from memesnipe.testing.tapes import a_tape

COSTS = Costs(Terms(seed=7, slots_max=2, failure_bps=200, timeout_ns=10 * 10**9, fee_lamports=25_000, tip_lamports=10_000), SOL)
MANIFEST = b"""
apiVersion: memesnipe.io/v1alpha1
kind: Strategy
metadata: {name: told}
spec: {strategy: told, mode: paper}
"""
CONFIG = applied(manifests_of(parse(MANIFEST, "test")), version=1, time_ns=START_NS, paper_switch=True, genesis="")
TAPE = list(a_tape(seed=16))


@strategy(
    id="told",
    version="1.0.0",
    subscriptions={EventType.PRICE},
    parameters=Parameters,
    risk_profile=RiskProfile(thesis="none", exposures=("none",), failure_modes=("all",), holding_time_s=1, loss_per_trade_bps_max=1),
)
class Told(Strategy[Parameters]):
    """Buys and sells as a table says."""

    table: ClassVar[dict[str, float]] = {}
    size_lamports: ClassVar[int] = SOL // 100

    async def on_event(self, event: MarketEvent) -> Action:
        assert isinstance(event, PriceTick)
        held, wanted = self.view.holding(event.mint), self.table[event.event_id] > 0
        if self.view.in_flight(event.mint) or wanted == (held is not None):
            return None
        if held is None:
            return Buy(event.mint, self.size_lamports, 1_500, event.quote_lamports, event.base_units)
        return Sell(event.mint, held.units, 1_500, event.quote_lamports, event.base_units)


def table_of(signal: Signal, events: Sequence[MarketEvent]) -> dict[str, float]:
    """Return the signal at each price, computed for each token from all its prices."""
    tokens: dict[str, list[PriceTick]] = {}
    for event in events:
        if isinstance(event, PriceTick):
            tokens.setdefault(event.mint, []).append(event)
    return {
        tick.event_id: value
        for ticks in tokens.values()
        for tick, value in zip(ticks, signal([tick.price_sol() for tick in ticks]), strict=True)
    }


def acting(events: Sequence[MarketEvent], table: dict[str, float], size_lamports: int = SOL // 100) -> Sequence[lookahead.Action]:
    """Trade a table on the engine; return what was asked for."""
    Told.table, Told.size_lamports = table, size_lamports
    spec = StrategySpec("told", "told", CONFIG.strategies[0].spec_hash, {})
    setup = Setup(CONFIG, (spec,), {"told": Plugin("told", Told, Path(__file__))}, {"told": CONFIG.capital_lamports})
    return actions_of(Engine(setup, COSTS).run(of_events(list(events))))


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_look_ahead_is_caught_on_the_engine(planted: Signal) -> None:
    report = lookahead.replay(lambda events: acting(events, table_of(planted, events)), TAPE, seed=1, prefixes=32)

    assert report.findings
    assert report.deterministic


@pytest.mark.parametrize("honest", HONEST)
def test_an_honest_table_is_not_accused(honest: Signal) -> None:
    report = lookahead.replay(lambda events: acting(events, table_of(honest, events)), TAPE, seed=1, prefixes=32)

    assert report.clean
    assert report.actions > 10


def test_a_size_that_knows_how_long_the_recording_is_is_caught() -> None:
    def sized(events: Sequence[MarketEvent]) -> Sequence[lookahead.Action]:
        return acting(events, table_of(momentum, events), size_lamports=SOL // len(events))

    assert lookahead.replay(sized, TAPE, seed=1, prefixes=32).findings


def test_a_table_that_was_kept_from_a_longer_run_is_caught() -> None:
    kept: dict[str, float] = {}

    def remembering(events: Sequence[MarketEvent]) -> Sequence[lookahead.Action]:
        table = table_of(momentum, events)
        kept.update({one: after for one, after in zip(table, list(table.values())[1:], strict=False) if one not in kept})
        return acting(events, table | kept)

    assert not lookahead.replay(remembering, TAPE, seed=1, prefixes=32).clean
