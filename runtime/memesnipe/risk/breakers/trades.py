"""Closed trades and what they trip: freqtrade's four protections and a losing streak, on our own fills. Pure.

`StoplossGuard`, `MaxDrawdown`, `LowProfitPairs` and `CooldownPeriod` (freqtrade/plugins/protections): counted at each close within a window
that ends there, and in force from that close for a while. Unlike there a limit is how much is allowed: one more trips.
"""

from collections.abc import Iterable

import msgspec

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.control import BreakerLimits
from memesnipe.messages.orders import Fill, FillStatus
from memesnipe.risk.breakers.falls import BPS
from memesnipe.risk.breakers.state import CLOSED_MAX, NEVER_NS, Closed, Pause, StrategyState, Tally, bounded, is_paused, paused


def tallied(state: StrategyState, fill: Fill, cost_before_lamports: int) -> StrategyState:
    """Return the state with one fill counted to the position in its token.

    `cost_before_lamports`: what the position cost before; of one that was adopted from the ledger nothing else is known.
    """
    tally = state.open.get(fill.mint, Tally(cost_before_lamports, -cost_before_lamports))
    if fill.status is FillStatus.FAILED and fill.mint not in state.open:
        return state
    spent = tally.spent_lamports + (-fill.sol_delta_lamports if fill.token_delta_units > 0 else 0)
    counted = Tally(bounded(spent), bounded(tally.net_lamports + fill.sol_delta_lamports))
    return msgspec.structs.replace(state, open={**state.open, fill.mint: counted})


def closed(state: StrategyState, mint: str, stop: bool, now_ns: int) -> StrategyState:
    """Return the state with the position in a token closed. `stop`: the exit that closed it was one that cuts losses."""
    still = state.open.copy()
    tally = still.pop(mint, Tally())
    lost = tally.net_lamports < 0
    trade = Closed(mint, now_ns, tally.net_lamports, tally.spent_lamports, stop and lost)
    return msgspec.structs.replace(state, open=still, closed=(*state.closed, trade)[-CLOSED_MAX:], losses=state.losses + 1 if lost else 0)


def judged(state: StrategyState, capital_lamports: int, limits: BreakerLimits, now_ns: int) -> StrategyState:
    """Return the state with what its last closed trade trips."""
    last = state.closed[-1]
    pauses, losses = state.pauses, state.losses
    if not (losses <= limits.losses_in_a_row_max):
        pauses = _paused(pauses, ReasonCode.LOSS_STREAK, losses, limits.losses_in_a_row_max, now_ns, limits.losses_pause_s)
        losses = 0  # counted anew, or each loss after the pause would be one more of the same streak
    stops = stops_within(state.closed, limits.stops_window_s, now_ns)
    if last.stopped and not (stops <= limits.strategy_stops_max):
        pauses = _paused(pauses, ReasonCode.STOP_LOSSES, stops, limits.strategy_stops_max, now_ns, limits.stops_pause_s)
    fall = closed_fall_bps(state.closed, capital_lamports, limits, now_ns)
    if last.net_lamports < 0 and not (fall <= limits.closed_drawdown_bps_max):
        pauses = _paused(pauses, ReasonCode.CLOSED_DRAWDOWN, fall, limits.closed_drawdown_bps_max, now_ns, limits.closed_pause_s)
    return msgspec.structs.replace(state, pauses=pauses, losses=losses)


def stops_within(trades: Iterable[Closed], window_s: int, now_ns: int) -> int:
    """Return how many of the trades a stop closed at a loss within the window."""
    return sum([trade.stopped and trade.time_ns > now_ns - window_s * NS_PER_S for trade in trades])


def portfolio_stops(
    pauses: dict[str, Pause], trades: Iterable[Closed], last: Closed, limits: BreakerLimits, now_ns: int
) -> dict[str, Pause]:
    """Return a portfolio's pauses after a trade was closed. `trades`: of all its strategies."""
    stops = stops_within(trades, limits.stops_window_s, now_ns) if last.stopped else 0
    if stops <= limits.portfolio_stops_max:
        return pauses
    return _paused(pauses, ReasonCode.PORTFOLIO_STOP_LOSSES, stops, limits.portfolio_stops_max, now_ns, limits.stops_pause_s)


def closed_fall_bps(trades: Iterable[Closed], capital_lamports: int, limits: BreakerLimits, now_ns: int) -> int:
    """Return how far the sum of the window's trades is below its highest, in bps of the capital; 0 of too few, or without capital."""
    results = [trade.net_lamports for trade in trades if trade.time_ns > now_ns - limits.closed_window_s * NS_PER_S]
    if len(results) < limits.closed_trades_min or capital_lamports <= 0:
        return 0
    total = highest = 0
    for result in results:
        total += result
        highest = max(highest, total)
    return -(-(highest - total) * BPS // capital_lamports)


def cooling(state: StrategyState, mint: str, limits: BreakerLimits) -> Pause | None:
    """Return until when a token is not bought again because a trade in it was just closed; None if none is remembered."""
    last = next((trade for trade in reversed(state.closed) if trade.mint == mint), None)
    if last is None:
        return None
    return Pause(last.time_ns, last.time_ns + limits.token_cooldown_s * NS_PER_S, limits.token_cooldown_s, limits.token_cooldown_s)


def losing(state: StrategyState, mint: str, limits: BreakerLimits) -> Pause | None:
    """Return until when a token is not bought because trades in it lost too much together; None if they did not."""
    trades = [trade for trade in state.closed if trade.mint == mint]
    since_ns = trades[-1].time_ns - limits.token_window_s * NS_PER_S if trades else 0
    trades = [trade for trade in trades if trade.time_ns > since_ns]
    spent, lost = sum(trade.spent_lamports for trade in trades), -sum(trade.net_lamports for trade in trades)
    if not trades or len(trades) < limits.token_trades_min or spent <= 0 or lost <= 0:
        return None
    bps = -(-lost * BPS // spent)
    if bps <= limits.token_loss_bps_max:
        return None
    return Pause(trades[-1].time_ns, trades[-1].time_ns + limits.token_pause_s * NS_PER_S, bps, limits.token_loss_bps_max)


def breached(state: StrategyState, limits: BreakerLimits, now_ns: int) -> StrategyState:
    """Return the state after one more order was refused for its rate: a strategy that goes on like that is stopped for good."""
    if is_paused(state.pauses, ReasonCode.ORDER_LOOP.value, now_ns):
        return state
    before = breaches_within(state, limits, now_ns)
    count, since_ns = before + 1, state.breached_ns if before else now_ns
    state = msgspec.structs.replace(state, breaches=count, breached_ns=since_ns)
    if count <= limits.rate_breaches_max:
        return state
    pauses = paused(state.pauses, ReasonCode.ORDER_LOOP.value, count, limits.rate_breaches_max, now_ns, NEVER_NS)
    return msgspec.structs.replace(state, pauses=pauses, breaches=0)


def breaches_within(state: StrategyState, limits: BreakerLimits, now_ns: int) -> int:
    """Return how many orders were refused for their rate within the window that the first of them began."""
    return state.breaches if now_ns - state.breached_ns <= limits.rate_window_s * NS_PER_S else 0


def _paused(pauses: dict[str, Pause], reason: ReasonCode, value: int, limit: int, now_ns: int, pause_s: int) -> dict[str, Pause]:
    return paused(pauses, reason.value, value, limit, now_ns, now_ns + pause_s * NS_PER_S)
