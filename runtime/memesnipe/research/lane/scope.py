"""What the lane runs, and what it refuses by name: nothing is approximated. Everything else is the async lane's (`backtest.engine`)."""

from typing import Any

import msgspec
import numpy as np

from memesnipe.executor.seat import parameters_of
from memesnipe.kernel.clock import NS_PER_MS, NS_PER_S
from memesnipe.kernel.errors import ConfigError
from memesnipe.market.curves import GUESSED
from memesnipe.messages.control import BreakerLimits, ExitLimits, RiskLimits
from memesnipe.positions.exits import OUTCOME_S_MAX
from memesnipe.research.backtest.engine import Costs
from memesnipe.research.backtest.setup import Setup
from memesnipe.research.lane.book import NEVER_NS, Rule, Rules
from memesnipe.research.lane.columns import Columns
from memesnipe.research.lane.exact import BPS
from memesnipe.risk.checks import BASE_FEE_LAMPORTS, TOKEN_ACCOUNT_RENT_LAMPORTS
from memesnipe.risk.market.checks import asks_for_minutes
from memesnipe.strategy.contract import EventType, Strategy
from memesnipe.strategy.signals import Orders, Signal

LAMPORTS_MAX = 10**15
"""A million SOL: sums of it in bps stay within 64 bits."""


class Task(msgspec.Struct, frozen=True):
    """One run: the strategy's signal with its numbers, and the rules around it."""

    strategy: str
    spec_hash: str
    signal: Signal
    numbers: tuple[float, ...]
    rules: Rules


def task_of(setup: Setup, costs: Costs, columns: Columns) -> Task:
    """Return what the lane runs for this. Raises ConfigError naming what is outside of its scope."""
    kind, signal = declared(setup)
    parameters = parameters_of(setup.plugins[setup.specs[0].plugin], setup.specs[0].parameters)
    orders, spec = signal.orders(parameters), setup.specs[0]
    require(len(columns.mints) <= orders.tokens_max, f"{kind.id} remembers {orders.tokens_max} tokens, the market has {len(columns.mints)}")
    _look_at_exits(setup.config.limits.exits, columns)
    rules = _rules(setup, costs, columns, orders)
    return Task(spec.id, spec.spec_hash, signal, tuple(map(float, signal.numbers(parameters))), rules)


def declared(setup: Setup) -> tuple[type[Strategy[Any]], Signal]:
    """Return the only strategy and its signal. Raises ConfigError where there is none, or several."""
    require(len(setup.specs) == 1, f"it runs one strategy, not {len(setup.specs)} that share limits")
    kind = setup.plugins[setup.specs[0].plugin].kind
    signal = kind.signal
    if signal is None:
        raise ConfigError(f"the compiled lane cannot run this: {kind.id} declares no signal (memesnipe.strategy.signals)")
    require(kind.subscriptions == {EventType.PRICE}, f"{kind.id} hears more than prices, which no signal can say")
    return kind, signal


def require(holds: bool, otherwise: str) -> None:
    """Raise ConfigError unless it holds."""
    if not holds:
        raise ConfigError(f"the compiled lane cannot run this: {otherwise}")


def _rules(setup: Setup, costs: Costs, columns: Columns, orders: Orders) -> Rules:
    limits, terms, config = setup.config.limits, costs.stress.terms(costs.terms), setup.config
    capital = setup.capital.get(setup.specs[0].id, 0)
    _look_at(setup, costs, orders)
    _look_at_market(limits, orders, columns)
    known = Rule(
        capital=capital,
        equity=config.capital_lamports,
        guard_size_max=min(costs.own_size_lamports_max, limits.guard_trade_size_lamports_max),
        trade_size_max=limits.trade_size_lamports_max,
        strategy_exposure_max=limits.strategy_exposure_lamports_max,
        token_exposure_max=limits.token_exposure_lamports_max,
        portfolio_exposure_max=limits.portfolio_exposure_lamports_max,
        positions_limit=limits.open_positions_max,
        orders_per_minute_max=limits.orders_per_minute_max,
        slippage_limit_bps=limits.slippage_bps_max,
        drawdown_bps_max=limits.drawdown_bps_max,
        room=BASE_FEE_LAMPORTS + limits.priority_fee_lamports_max + limits.tip_lamports_max + 2 * TOKEN_ACCOUNT_RENT_LAMPORTS,
        stop_loss_bps=limits.stop_loss_bps,
        take_profit_bps=limits.take_profit_bps,
        time_stop_ns=limits.time_stop_s * NS_PER_S,
        slots_max=terms.slots_max,
        slots_stir=terms.slots_stir,
        slots_more=terms.slots_more,
        failure_bps=terms.failure_bps,
        failure_stir_bps=terms.failure_stir_bps,
        timeout_ns=terms.timeout_ns,
        fee=terms.fee_lamports,
        tip=terms.tip_lamports,
        rent=terms.rent_lamports,
        impact_bps_max=terms.impact_bps_max,
        size_bps=orders.size_bps,
        size_min=orders.size_lamports_min,
        size_max=orders.size_lamports_max,
        pool_share_bps_max=orders.pool_share_bps_max,
        slippage_bps=orders.slippage_bps_max,
        positions_max=orders.positions_max,
        hold_ns=orders.hold_ns_max or NEVER_NS,
        cooldown_ns=orders.cooldown_ns,
        retry_ns=orders.retry_ns,
        **_breakers(limits.breakers),
        pool_limit_bps=limits.market.pool_share_bps_max,
    )
    trailing = 1 - orders.trailing_bps / BPS if orders.trailing_bps else 0.0
    return Rules(np.array(known, dtype=np.int64), trailing, columns.pools(costs.stress))


def _breakers(limits: BreakerLimits | None) -> dict[str, int]:
    """Return what one strategy is held to, whose closed trades and stops are the portfolio's."""
    if limits is None:
        return {}
    return {
        "breakers": 1,
        "strategy_bps": limits.strategy_drawdown_bps_max,
        "portfolio_day_bps": limits.portfolio_day_drawdown_bps_max,
        "portfolio_week_bps": limits.portfolio_week_drawdown_bps_max,
        "strategy_day_bps": limits.strategy_day_drawdown_bps_max,
        "strategy_week_bps": limits.strategy_week_drawdown_bps_max,
        "losses_max": limits.losses_in_a_row_max,
        "losses_pause_ns": limits.losses_pause_s * NS_PER_S,
        "rate_breaches_max": limits.rate_breaches_max,
        "rate_window_ns": limits.rate_window_s * NS_PER_S,
        "token_cooldown_ns": limits.token_cooldown_s * NS_PER_S,
        "stops_max": min(limits.strategy_stops_max, limits.portfolio_stops_max),
        "stops_window_ns": limits.stops_window_s * NS_PER_S,
        "stops_pause_ns": limits.stops_pause_s * NS_PER_S,
        "closed_fall_bps": limits.closed_drawdown_bps_max,
        "closed_trades_min": limits.closed_trades_min,
        "closed_window_ns": limits.closed_window_s * NS_PER_S,
        "closed_pause_ns": limits.closed_pause_s * NS_PER_S,
        "token_loss_bps": limits.token_loss_bps_max,
        "token_trades_min": limits.token_trades_min,
        "token_window_ns": limits.token_window_s * NS_PER_S,
        "token_pause_ns": limits.token_pause_s * NS_PER_S,
    }


def _look_at_exits(exits: ExitLimits, columns: Columns) -> None:
    """Refuse exits that are not compiled, and that one market could bring about. Dust is what partial sales leave, and here are none."""
    named = ("ladder", "trailing_bps", "atr_multiple_bps", "break_even_from_bps", "stale_exit_s")
    used = [name for name in named if getattr(exits, name)]
    require(not used, f"exits of the RiskPolicy that are not compiled: {', '.join(used)}")
    left, most = columns.liquidity_left, exits.drain_bps
    withdrawn = BPS - int(left * BPS)
    require(
        not most or withdrawn < most, f"liquidity was withdrawn in this market ({withdrawn} bps of a pool's), which drainBps {most} sells"
    )


def _look_at_market(limits: RiskLimits, orders: Orders, columns: Columns) -> None:
    """Refuse limits on markets that the lane does not hold; one that cannot bind is none. An order's own price is never old here."""
    market, portfolio = limits.market, limits.portfolio_exposure_lamports_max
    require(not asks_for_minutes(market), "volatilityBpsMax, groupExposureSolMax or expectedShortfallBpsMax is set")
    venue_max = market.venue_exposure_lamports_max
    require(not venue_max or venue_max >= portfolio, "venueExposureSolMax is below portfolioExposureSolMax")
    apart_ns = max(orders.cooldown_ns, limits.breakers.token_cooldown_s * NS_PER_S if limits.breakers else 0)
    require(market.duplicate_window_ms * NS_PER_MS <= apart_ns, "duplicateWindowMs is longer than the cooldown of strategy and token")
    guessed = any(kind.venue == GUESSED for kind, _ in columns.kinds)
    require(not (market.pool_share_bps_max and guessed), f"nobody states the reserves of {GUESSED}, and it knows no other depth")


def _look_at(setup: Setup, costs: Costs, orders: Orders) -> None:
    """Refuse what the compiled arithmetic or its turns do not hold for. Raises ConfigError."""
    limits, capital = setup.config.limits, setup.config.capital_lamports
    require(not setup.config.strategies[0].paused, "the strategy is paused")
    require(0 < capital <= LAMPORTS_MAX, f"capital of {capital} lamports is not within 1 and {LAMPORTS_MAX}")
    require(costs.terms.timeout_ns < OUTCOME_S_MAX * NS_PER_S, f"paper orders wait for {OUTCOME_S_MAX} s or longer")
    goal = min(limits.trade_size_lamports_max, LAMPORTS_MAX) * (BPS + limits.take_profit_bps)
    require(goal < 2**62, "takeProfitBps of a trade's largest size is beyond 64 bits")
    require(orders.size_lamports_min > 0, "size_lamports_min must be above 0")
    require(
        orders.cooldown_ns > 0, "without a cooldown a token may be bought in the moment of its sale, and the ledger puts that buy first"
    )
    require(orders.slippage_bps_max < BPS and 0 <= orders.trailing_bps < BPS, "slippage_bps_max and trailing_bps must be below 10,000")
    require(min(orders.hold_ns_max, orders.cooldown_ns, orders.retry_ns, orders.pool_share_bps_max) >= 0, "orders must not be negative")
