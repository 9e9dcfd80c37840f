"""Policies that sequences run under: in each one or two limits are tight, so that every limit comes to bind somewhere."""

import random
from typing import Any

import msgspec

from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import ConfigApplied, ExitLimits, ExitRung, RiskLimits
from memesnipe.testing.builders import SOL, a_config, a_strategy, limits
from memesnipe.testing.risk_cases import loose

STRATEGIES = ("momentum", "sniper", "third")
CAPITAL_LAMPORTS = 30 * SOL
ROOMY: dict[str, Any] = {
    "trade_size_lamports_max": 4 * SOL,
    "strategy_exposure_lamports_max": 20 * SOL,
    "token_exposure_lamports_max": 20 * SOL,
    "portfolio_exposure_lamports_max": 30 * SOL,
    "open_positions_max": 9,
    "orders_per_minute_max": 60,
    "drawdown_bps_max": 2_500,
}
TIGHT: tuple[dict[str, Any], ...] = (
    {"trade_size_lamports_max": SOL},
    {"strategy_exposure_lamports_max": 3 * SOL},
    {"token_exposure_lamports_max": 3 * SOL},
    {"portfolio_exposure_lamports_max": 5 * SOL},
    {"open_positions_max": 2},
    {"orders_per_minute_max": 3},
    {"drawdown_bps_max": 300},
    {"stop_loss_bps": 0, "take_profit_bps": 0, "time_stop_s": 0},
    {"stop_loss_bps": 500, "time_stop_s": 60},
    {"take_profit_bps": 0, "time_stop_s": 0},
)
LOOSE_STOP: dict[str, Any] = {"stop_loss_bps": 6_000, "take_profit_bps": 9_000}
EXITS: tuple[dict[str, Any], ...] = (
    {},
    {},
    LOOSE_STOP | {"exits": ExitLimits(drain_bps=5_000)},
    LOOSE_STOP | {"exits": ExitLimits(trailing_bps=1_500, trailing_from_bps=500)},
    LOOSE_STOP | {"exits": ExitLimits(break_even_from_bps=400, dust_lamports=SOL // 100)},
    LOOSE_STOP | {"exits": ExitLimits(ladder=(ExitRung(500, 3_000), ExitRung(4_000, 3_000)))},
    LOOSE_STOP | {"exits": ExitLimits(atr_multiple_bps=5_000, atr_bars=2)},
    {"time_stop_s": 0, "exits": ExitLimits(stale_exit_s=100)},
)


NEVER = loose(
    losses_pause_s=3_600, stops_pause_s=3_600, closed_trades_min=1_000, closed_window_s=86_400, closed_pause_s=60,
    token_trades_min=1_000, token_window_s=86_400, token_pause_s=60,
)  # fmt: skip
"""Breakers that no sequence trips."""
BREAKERS: tuple[dict[str, Any], ...] = (
    {},
    {"breakers": None},
    {"portfolio_day_drawdown_bps_max": 200},
    {"portfolio_week_drawdown_bps_max": 200},
    {"strategy_drawdown_bps_max": 200},
    {"strategy_day_drawdown_bps_max": 200},
    {"strategy_week_drawdown_bps_max": 200},
    {"losses_in_a_row_max": 0},
    {"strategy_stops_max": 0},
    {"portfolio_stops_max": 0},
    {"closed_drawdown_bps_max": 10, "closed_trades_min": 1},
    {"token_loss_bps_max": 10, "token_trades_min": 1},
    {"token_cooldown_s": 60},
    {"rate_breaches_max": 0},
)


def a_policy(draw: random.Random) -> RiskLimits:
    """Return limits with two things tight, and at most one breaker that may trip."""
    tight = draw.choice(BREAKERS)
    breakers = None if "breakers" in tight else msgspec.structs.replace(NEVER, **tight)
    return limits(breakers=breakers, **ROOMY | draw.choice(EXITS) | draw.choice(TIGHT) | draw.choice(TIGHT))


def a_start(draw: random.Random) -> ConfigApplied:
    """Return the configuration a sequence begins with: two strategies or three, mostly on paper; one may be paused."""
    names = STRATEGIES if draw.random() < 0.9 else STRATEGIES[:2]
    live = draw.random() < 0.3
    strategies = [
        a_strategy(
            name,
            mode=Mode.LIVE if live and name != "third" else Mode.PAPER,
            paused=draw.random() < 0.04,
            spec_hash=derive("spec", name),
        )
        for name in names
    ]
    return a_config(*strategies, limits=a_policy(draw), capital_lamports=CAPITAL_LAMPORTS)


def spec_of(config: ConfigApplied, strategy: str) -> str:
    """Return the spec in force of a strategy, "" for one that is not applied."""
    return next((one.spec_hash for one in config.strategies if one.id == strategy), "")
