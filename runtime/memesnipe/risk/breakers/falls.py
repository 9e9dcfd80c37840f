"""How far profit fell from the highest of a day, a week or of all time, on what positions are worth by their last prices. Pure."""

import msgspec

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.control import BreakerLimits
from memesnipe.risk.breakers.state import NEVER_NS, Mark, Pause, PortfolioState, StrategyState, bounded, is_paused, paused

BPS = 10_000
DAY_NS = 86_400 * NS_PER_S
MONDAY = 3
"""1970 began on a Thursday: so many days before it, a week began."""


class Judged(msgspec.Struct, frozen=True, gc=False):
    """One mark with its limit, the reason it refuses with, and when a fall beyond the limit is forgiven."""

    mark: Mark
    limit_bps: int
    reason: ReasonCode
    until_ns: int


def day_of(now_ns: int) -> int:
    """Return the number of a UTC day."""
    return now_ns // DAY_NS


def week_of(now_ns: int) -> int:
    """Return the number of a week that begins on Monday, 00:00 UTC."""
    return (day_of(now_ns) + MONDAY) // 7


def day_ends_ns(now_ns: int) -> int:
    """Return when the next UTC day begins."""
    return (day_of(now_ns) + 1) * DAY_NS


def week_ends_ns(now_ns: int) -> int:
    """Return when the next week begins."""
    return ((week_of(now_ns) + 1) * 7 - MONDAY) * DAY_NS


def fall_bps(mark: Mark, profit_lamports: int) -> int:
    """Return the fall from the mark, in bps of capital and profit there, rounded up; 10,000 or more when nothing of them is left."""
    fall, base = mark.high_lamports - profit_lamports, mark.capital_lamports + mark.high_lamports
    if fall <= 0:
        return 0
    return -(-fall * BPS // base) if base > 0 else BPS


def moved(mark: Mark, before_lamports: int, profit_lamports: int, capital_lamports: int, period: int) -> Mark:
    """Return the mark after profit went from `before` to where it is.

    A new period starts from the higher of the two: or else a fall over midnight would belong to neither day.
    """
    before, profit = bounded(before_lamports), bounded(profit_lamports)
    if period != mark.period:
        return Mark(max(before, profit), capital_lamports, period)
    if profit > mark.high_lamports:
        return Mark(profit, capital_lamports, period)
    return mark if capital_lamports <= mark.capital_lamports else Mark(mark.high_lamports, capital_lamports, period)


def of_strategy(state: StrategyState, limits: BreakerLimits, now_ns: int) -> tuple[Judged, ...]:
    """Return what a strategy is held to."""
    return (
        Judged(state.top, limits.strategy_drawdown_bps_max, ReasonCode.STRATEGY_DRAWDOWN, NEVER_NS),
        Judged(state.day, limits.strategy_day_drawdown_bps_max, ReasonCode.STRATEGY_DAY_DRAWDOWN, day_ends_ns(now_ns)),
        Judged(state.week, limits.strategy_week_drawdown_bps_max, ReasonCode.STRATEGY_WEEK_DRAWDOWN, week_ends_ns(now_ns)),
    )


def of_portfolio(state: PortfolioState, limits: BreakerLimits, now_ns: int) -> tuple[Judged, ...]:
    """Return what all strategies of a mode are held to together, beside the fall from the top (`Portfolio.drawdown_bps`)."""
    return (
        Judged(state.day, limits.portfolio_day_drawdown_bps_max, ReasonCode.DAY_DRAWDOWN, day_ends_ns(now_ns)),
        Judged(state.week, limits.portfolio_week_drawdown_bps_max, ReasonCode.WEEK_DRAWDOWN, week_ends_ns(now_ns)),
    )


def strategy_looked(
    state: StrategyState, before_lamports: int, profit_lamports: int, capital_lamports: int, limits: BreakerLimits, now_ns: int
) -> StrategyState:
    """Return a strategy's state after its profit moved; itself where nothing changed."""
    marks = (
        moved(state.top, before_lamports, profit_lamports, capital_lamports, 0),
        moved(state.day, before_lamports, profit_lamports, capital_lamports, day_of(now_ns)),
        moved(state.week, before_lamports, profit_lamports, capital_lamports, week_of(now_ns)),
    )
    if marks != (state.top, state.day, state.week):
        state = msgspec.structs.replace(state, top=marks[0], day=marks[1], week=marks[2])
    pauses = _tripped(state.pauses, of_strategy(state, limits, now_ns), profit_lamports, now_ns)
    return state if pauses is state.pauses else msgspec.structs.replace(state, pauses=pauses)


def portfolio_looked(
    state: PortfolioState, before_lamports: int, profit_lamports: int, capital_lamports: int, limits: BreakerLimits, now_ns: int
) -> PortfolioState:
    """Return a portfolio's state after its profit moved; itself where nothing changed."""
    day = moved(state.day, before_lamports, profit_lamports, capital_lamports, day_of(now_ns))
    week = moved(state.week, before_lamports, profit_lamports, capital_lamports, week_of(now_ns))
    if (day, week) != (state.day, state.week):
        state = PortfolioState(day, week, state.pauses)
    pauses = _tripped(state.pauses, of_portfolio(state, limits, now_ns), profit_lamports, now_ns)
    return state if pauses is state.pauses else PortfolioState(day, week, pauses)


def _tripped(pauses: dict[str, Pause], judged: tuple[Judged, ...], profit_lamports: int, now_ns: int) -> dict[str, Pause]:
    """Return the pauses with one for each mark that profit fell too far from; themselves where each of them stands already.

    Without capital there is nothing to measure a fall by, and nothing to buy with.
    """
    for one in judged:
        bps, reason = fall_bps(one.mark, profit_lamports), one.reason.value
        if one.mark.capital_lamports > 0 and not (bps <= one.limit_bps) and not is_paused(pauses, reason, now_ns):
            pauses = paused(pauses, reason, bps, one.limit_bps, now_ns, one.until_ns)
    return pauses
