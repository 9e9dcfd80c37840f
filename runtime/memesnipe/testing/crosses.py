"""The cross of two averages with its windows as parameters, told twice: tick by tick, and as a signal for the compiled lane."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from memesnipe.control.applied import applied, spec_hash
from memesnipe.manifests.reading import parse
from memesnipe.messages.market import MarketEvent, PriceTick
from memesnipe.research.backtest.setup import Setup, manifests_of
from memesnipe.strategy.contract import Action, Buy, EventType, Meter, Parameters, RiskProfile, Sell, Strategy, View, strategy
from memesnipe.strategy.loading import Plugin
from memesnipe.strategy.signals import ENTER, LEAVE, Marks, Orders, Signal, Times, Values
from memesnipe.strategy.spec import StrategySpec
from memesnipe.testing.builders import SOL, START_NS

SIZE_LAMPORTS = SOL // 10
SLIPPAGE_BPS = 1_000
PAUSE_NS = 1
"""A token is not bought again in the moment of its sale."""
RISK = RiskProfile(thesis="none: it measures", exposures=("none",), failure_modes=("none",), holding_time_s=1, loss_per_trade_bps_max=100)
MANIFEST = b"""
apiVersion: memesnipe.io/v1alpha1
kind: Strategy
metadata: {name: crosses}
spec: {strategy: crosses, mode: paper, parameters: {fast: %d, slow: %d}}
"""
POLICY = """
apiVersion: memesnipe.io/v1alpha1
kind: RiskPolicy
metadata: {name: default}
spec: {ordersPerMinuteMax: 600, drawdownBpsMax: 9000, stopLossBps: 2000, takeProfitBps: 5000, timeStopS: 1800}
"""
"""Limits that are looked at for each order and each price, and seldom reached: a strategy that is halted would measure nothing."""


class CrossesParameters(Parameters):
    """Windows in prices: a new one weighs 2 / (window + 1)."""

    fast: Annotated[int, Field(ge=1, le=10_000)] = 10
    slow: Annotated[int, Field(ge=2, le=10_000)] = 30


def crossings(times_ns: Times, prices: Values, flows: Values, numbers: Values, marks: Marks) -> None:
    """Mark where the fast average is above the slow one, and where it is below."""
    fast_weight, slow_weight = numbers
    fast = slow = prices[0]
    for at in range(1, len(prices)):
        fast += (prices[at] - fast) * fast_weight
        slow += (prices[at] - slow) * slow_weight
        marks[at] = ENTER if fast > slow else LEAVE if fast < slow else marks[at]


def numbers_of(params: CrossesParameters) -> tuple[float, ...]:
    """Return the weight of a new price in both."""
    return 2 / (params.fast + 1), 2 / (params.slow + 1)


def orders_of(_params: CrossesParameters) -> Orders:
    """Return one position of a fixed size."""
    return Orders(
        slippage_bps_max=SLIPPAGE_BPS, size_bps=10_000, size_lamports_min=SIZE_LAMPORTS, size_lamports_max=SIZE_LAMPORTS, positions_max=1,
        cooldown_ns=PAUSE_NS, tokens_max=512,
    )  # fmt: skip


@strategy(
    id="crosses",
    version="1",
    subscriptions={EventType.PRICE},
    parameters=CrossesParameters,
    risk_profile=RISK,
    signal=Signal(crossings, numbers_of, orders_of),
)
class Crosses(Strategy[CrossesParameters]):
    """Holds one token while its fast average is above its slow one."""

    def init(self, params: CrossesParameters, view: View, meter: Meter) -> None:
        """Start without averages."""
        super().init(params, view, meter)
        self.averages: dict[str, tuple[float, float]] = {}
        self.held: set[str] = set()
        self.quiet_ns: dict[str, int] = {}

    async def on_event(self, event: MarketEvent) -> Action:
        """Move the averages, then buy or sell where they say so and no order is on its way."""
        if not isinstance(event, PriceTick):
            return None
        price, (fast_weight, slow_weight) = event.quote_lamports / event.base_units, numbers_of(self.params)
        fast, slow = self.averages.get(event.mint, (price, price))
        self.averages[event.mint] = fast, slow = fast + (price - fast) * fast_weight, slow + (price - slow) * slow_weight
        if self.view.in_flight(event.mint):
            return None
        holding = self.view.holding(event.mint)
        if holding is None:
            return self._buy(event) if self._rested(event) and fast > slow else None
        self.held.add(event.mint)
        if fast < slow:
            return Sell(event.mint, holding.units, SLIPPAGE_BPS, event.quote_lamports, event.base_units)
        return None

    def _rested(self, event: PriceTick) -> bool:
        if event.mint in self.held:
            self.held.discard(event.mint)
            self.quiet_ns[event.mint] = event.time_ns + PAUSE_NS
        return event.time_ns >= self.quiet_ns.get(event.mint, 0)

    def _buy(self, event: PriceTick) -> Action:
        if self.view.holdings() or self.view.free_lamports < SIZE_LAMPORTS:
            return None
        return Buy(event.mint, SIZE_LAMPORTS, SLIPPAGE_BPS, event.quote_lamports, event.base_units)


def crossing(fast: int, slow: int, policy: str = POLICY) -> Setup:
    """Return what runs one pair of windows with 20 SOL: `setup_of` finds installed code only, and this is none."""
    manifest = MANIFEST % (fast, slow)
    manifests = manifests_of(parse(manifest + b"---\n" + policy.encode(), "crosses"))
    config, (one,) = applied(manifests, version=1, time_ns=START_NS, paper_switch=True, genesis=""), manifests.strategies
    spec = StrategySpec("crosses", "crosses", spec_hash(one), one.spec.parameters)
    return Setup(config, (spec,), {"crosses": Plugin("crosses", Crosses, Path(__file__))}, {"crosses": config.capital_lamports})
