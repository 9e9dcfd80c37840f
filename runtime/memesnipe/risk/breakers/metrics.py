"""Breakers as numbers and log lines: which one stands, how much room each has left, and each trip, once it is committed."""

from collections.abc import Iterator

from prometheus_client import Counter, Gauge

from memesnipe.kernel.logs import logger
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import PORTFOLIO, BreakerLimits
from memesnipe.risk.book import Account, Book, Portfolio
from memesnipe.risk.breakers import falls, trades
from memesnipe.risk.breakers.fold import limits_of, tripped
from memesnipe.risk.breakers.refusal import ends
from memesnipe.risk.breakers.state import Pause, is_paused
from memesnipe.risk.rules import Rules

TRIPPED = Gauge("memesnipe_risk_breaker_tripped", "1 while a breaker stops buys; scope * is everyone", ["mode", "scope", "breaker"])
HEADROOM = Gauge(
    "memesnipe_risk_breaker_headroom",
    "What is left up to the limit: bps of a fall, a number of trades or orders",
    ["mode", "scope", "breaker"],
)
TRIPS = Counter("memesnipe_risk_breaker_trips_total", "Breakers that tripped", ["mode", "scope", "breaker"])

Room = tuple[ReasonCode, int]


def count(before: Book, book: Book) -> None:
    """Count and log what tripped between two committed books."""
    for trip in tripped(before, book):
        TRIPS.labels(trip.mode.value, trip.scope, trip.reason).inc()
        logger().warning(
            "breaker_tripped", mode=trip.mode.value, scope=trip.scope, breaker=trip.reason, value=trip.pause.value, limit=trip.pause.limit,
            ends=ends(trip.pause),
        )  # fmt: skip


def show(book: Book, rules: Rules, now_ns: int) -> None:
    """Set the gauges of every applied strategy, in the mode it trades in, and of both portfolios."""
    limits = limits_of(rules)
    TRIPPED.clear()  # of a strategy that is gone, or now trades in the other mode, nobody would say that its breaker ended
    HEADROOM.clear()
    if limits is None:
        return
    for mode in Mode:
        portfolio = book.of(mode)
        _set(mode, PORTFOLIO, _of_portfolio(portfolio, limits, now_ns), portfolio.breakers.pauses, now_ns)
    for name in rules.strategies:
        mode = rules.mode_of(name)
        account = book.of(mode).account(name)
        room = _of_strategy(account, rules.capital.get(name, 0), limits, now_ns)
        _set(mode, name, room, account.breakers.pauses, now_ns)


def _set(mode: Mode, scope: str, rooms: Iterator[Room], pauses: dict[str, Pause], now_ns: int) -> None:
    for reason, room in rooms:
        TRIPPED.labels(mode.value, scope, reason.value).set(is_paused(pauses, reason.value, now_ns))
        HEADROOM.labels(mode.value, scope, reason.value).set(room)


def _of_portfolio(portfolio: Portfolio, limits: BreakerLimits, now_ns: int) -> Iterator[Room]:
    yield from _falls(falls.of_portfolio(portfolio.breakers, limits, now_ns), portfolio.pnl_lamports, now_ns)
    closed = (trade for account in portfolio.accounts.values() for trade in account.breakers.closed)
    yield ReasonCode.PORTFOLIO_STOP_LOSSES, limits.portfolio_stops_max - trades.stops_within(closed, limits.stops_window_s, now_ns)


def _of_strategy(account: Account, capital_lamports: int, limits: BreakerLimits, now_ns: int) -> Iterator[Room]:
    state = account.breakers
    yield from _falls(falls.of_strategy(state, limits, now_ns), account.pnl_lamports, now_ns)
    yield ReasonCode.LOSS_STREAK, limits.losses_in_a_row_max - state.losses
    yield ReasonCode.STOP_LOSSES, limits.strategy_stops_max - trades.stops_within(state.closed, limits.stops_window_s, now_ns)
    fall = trades.closed_fall_bps(state.closed, capital_lamports, limits, now_ns)
    yield ReasonCode.CLOSED_DRAWDOWN, limits.closed_drawdown_bps_max - fall
    yield ReasonCode.ORDER_LOOP, limits.rate_breaches_max - trades.breaches_within(state, limits, now_ns)


def _falls(judged: tuple[falls.Judged, ...], profit_lamports: int, now_ns: int) -> Iterator[Room]:
    """A mark of a day or week that is over says nothing of this one: nothing moved since."""
    current = (0, falls.day_of(now_ns), falls.week_of(now_ns))
    for one in judged:
        fall = falls.fall_bps(one.mark, profit_lamports) if one.mark.period in current else 0
        yield one.reason, one.limit_bps - fall
