"""What tests of the risk guardian start from: roomy limits, wishes whose id is derived, fills by what they moved."""

from typing import Any

import msgspec

from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.control import AllocationDecision, RiskLimits
from memesnipe.messages.orders import Fill, OrderIntent
from memesnipe.risk.rules import Rules
from memesnipe.testing.builders import SOL, START_NS, STRATEGY, a_config, a_fill, an_allocation, an_intent, limits

NOW_NS = START_NS + 400_000_000
"""The event time of the builders' messages."""


def roomy(**changes: int) -> RiskLimits:
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


def rules_of(*, sol_each: int = 20, **changes: int) -> Rules:
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
