"""What tests of the risk guardian start from: roomy limits, wishes whose id is derived, fills by what they moved."""

from typing import Any

import msgspec

from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.control import AllocationDecision, BreakerLimits, RiskLimits
from memesnipe.messages.orders import Fill, OrderIntent
from memesnipe.risk.rules import Rules
from memesnipe.testing.builders import SOL, START_NS, STRATEGY, a_config, a_fill, an_allocation, an_intent, limits

NOW_NS = START_NS + 400_000_000
"""The event time of the builders' messages."""


def loose(**changes: int) -> BreakerLimits:
    """Return breakers that nothing trips, with `changes`."""
    never = BreakerLimits(
        portfolio_day_drawdown_bps_max=10_000, portfolio_week_drawdown_bps_max=10_000, strategy_drawdown_bps_max=10_000,
        strategy_day_drawdown_bps_max=10_000, strategy_week_drawdown_bps_max=10_000, losses_in_a_row_max=1_000, losses_pause_s=600,
        rate_breaches_max=1_000, rate_window_s=600, token_cooldown_s=0, strategy_stops_max=1_000, portfolio_stops_max=1_000,
        stops_window_s=3_600, stops_pause_s=600, closed_drawdown_bps_max=10_000, closed_trades_min=1, closed_window_s=3_600,
        closed_pause_s=600, token_loss_bps_max=10_000, token_trades_min=1, token_window_s=3_600, token_pause_s=600,
    )  # fmt: skip
    return msgspec.structs.replace(never, **changes)


def roomy(**changes: Any) -> RiskLimits:
    """Return limits that stop nothing of a few SOL."""
    room: dict[str, Any] = {
        "trade_size_lamports_max": 5 * SOL,
        "strategy_exposure_lamports_max": 20 * SOL,
        "token_exposure_lamports_max": 10 * SOL,
        "portfolio_exposure_lamports_max": 40 * SOL,
        "event_age_ms_max": 10_000,
    }
    return limits(**(room | changes))


def a_decision(*strategies: str, sol_each: int = 20) -> AllocationDecision:
    """Return an allocation that gives each strategy the same capital."""
    shares = tuple(an_allocation(strategy, capital_sol=sol_each) for strategy in strategies or (STRATEGY,))
    return AllocationDecision(1, START_NS, "1nputs", "equal_weight", "test", shares)


def rules_of(*, sol_each: int = 20, **changes: Any) -> Rules:
    """Return rules of one strategy with capital, under roomy limits with `changes`."""
    return Rules().with_config(a_config(limits=roomy(**changes), capital_lamports=100 * SOL)).with_allocation(a_decision(sol_each=sol_each))


def wish(*, sol: float = 1, units: int = 0, **changes: Any) -> OrderIntent:
    """Return a buy of `sol`, or a sale of `units`, with the id that its fields give."""
    side = Side.SELL if units else Side.BUY
    fields: dict[str, Any] = {"side": side, "size_lamports": 0 if units else round(sol * SOL), "size_units": units} | changes
    intent = an_intent(**fields)
    derived = derive("intent", intent.strategy, intent.spec_hash, intent.event_id, intent.sequence)
    return msgspec.structs.replace(intent, **({"id": derived} | changes))


def moved(intent_id: str, *, lamports: int, units: int, **changes: Any) -> Fill:
    """Return the fill that changed the wallet by this much."""
    side = Side.BUY if units >= 0 else Side.SELL
    fields: dict[str, Any] = {
        "intent_id": intent_id,
        "sol_delta_lamports": lamports,
        "token_delta_units": units,
        "side": side,
        "mode": Mode.PAPER,
    } | changes
    return a_fill(**fields)
