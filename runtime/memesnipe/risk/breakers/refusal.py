"""What a breaker says to an order: which one it is, the value that tripped it, its limit, and when it ends. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.control import BreakerLimits
from memesnipe.risk.breakers import trades
from memesnipe.risk.breakers.state import NEVER_NS, Pause, PortfolioState, StrategyState

WORDS = {
    ReasonCode.DAY_DRAWDOWN: "the portfolio fell {value} bps from the day's highest, limit {limit}",
    ReasonCode.WEEK_DRAWDOWN: "the portfolio fell {value} bps from the week's highest, limit {limit}",
    ReasonCode.PORTFOLIO_STOP_LOSSES: "stops closed {value} trades of all strategies at a loss, limit {limit}",
    ReasonCode.STRATEGY_DRAWDOWN: "it fell {value} bps from its highest, limit {limit}",
    ReasonCode.STRATEGY_DAY_DRAWDOWN: "it fell {value} bps from its day's highest, limit {limit}",
    ReasonCode.STRATEGY_WEEK_DRAWDOWN: "it fell {value} bps from its week's highest, limit {limit}",
    ReasonCode.LOSS_STREAK: "{value} trades in a row closed at a loss, limit {limit}",
    ReasonCode.STOP_LOSSES: "stops closed {value} of its trades at a loss, limit {limit}",
    ReasonCode.CLOSED_DRAWDOWN: "its closed trades fell {value} bps from their highest, limit {limit}",
    ReasonCode.ORDER_LOOP: "{value} orders were refused for their rate, limit {limit}",
    ReasonCode.TOKEN_COOLDOWN: "a trade in this token was just closed, {limit} s must pass",
    ReasonCode.TOKEN_LOSSES: "its trades in this token lost {value} bps of what they cost, limit {limit}",
}
"""By breaker. Asked are the portfolio's first, then the strategy's, then those of the token."""


def against(
    portfolio: PortfolioState, strategy: StrategyState, mint: str, limits: BreakerLimits, now_ns: int
) -> tuple[ReasonCode, str] | None:
    """Return which breaker refuses a buy, and in what words; None when none does."""
    for reason, pause in _in_force(portfolio, strategy, mint, limits):
        if now_ns < pause.until_ns:
            return reason, sentence(reason, pause)
    return None


def sentence(reason: ReasonCode, pause: Pause) -> str:
    """Return what tripped and when it ends."""
    return f"{WORDS[reason].format(value=pause.value, limit=pause.limit)}; {ends(pause)}"


def ends(pause: Pause) -> str:
    """Return when a pause ends, in UTC."""
    if pause.until_ns == NEVER_NS:
        return "ends when a person resumes"
    return f"ends {datetime.fromtimestamp(-(-pause.until_ns // NS_PER_S), UTC):%Y-%m-%d %H:%M:%S} UTC"


def _in_force(portfolio: PortfolioState, strategy: StrategyState, mint: str, limits: BreakerLimits) -> Iterator[tuple[ReasonCode, Pause]]:
    for state in (portfolio, strategy):
        for name, pause in state.pauses.items():
            yield ReasonCode(name), pause
    for reason, lock in (
        (ReasonCode.TOKEN_COOLDOWN, trades.cooling(strategy, mint, limits)),
        (ReasonCode.TOKEN_LOSSES, trades.losing(strategy, mint, limits)),
    ):
        if lock is not None:
            yield reason, lock
