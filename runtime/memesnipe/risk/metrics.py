"""The risk guardian's own metrics. Labels are modes, applied strategies, limits of the policy and reasons of the table: all bounded."""

from collections.abc import Sequence

from prometheus_client import Counter, Gauge

from memesnipe.bus.api import Batch, Output
from memesnipe.bus.folds import SEVERITY
from memesnipe.bus.topology import REJECTED
from memesnipe.kernel.metrics import BAD_INPUT, REJECTIONS
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import BREAKER, HaltCommand
from memesnipe.messages.orders import ApprovedOrder, ExitIntent, OrderIntent, Rejection
from memesnipe.risk.book import Book
from memesnipe.risk.rules import Rules

APPROVALS = Counter("memesnipe_risk_approvals_total", "Orders approved", ["mode"])
APPROVAL = {mode: APPROVALS.labels(mode.value) for mode in Mode}
DUPLICATES = Counter("memesnipe_risk_duplicates_total", "Intents that were decided before and were dropped", ["strategy"])
EXPOSURE_LAMPORTS = Gauge("memesnipe_risk_exposure_lamports", "Cost of open positions", ["mode", "strategy"])
RESERVED_LAMPORTS = Gauge("memesnipe_risk_reserved_lamports", "Room taken by orders in flight", ["mode", "strategy"])
IN_FLIGHT = Gauge("memesnipe_risk_orders_in_flight", "Approved orders without an outcome", ["mode", "strategy"])
OLDEST_IN_FLIGHT_S = Gauge("memesnipe_risk_oldest_order_seconds", "Age of the oldest order without an outcome", ["mode"])
HEADROOM_LAMPORTS = Gauge("memesnipe_risk_headroom_lamports", "Room left under the portfolio exposure limit", ["mode"])
PNL_LAMPORTS = Gauge("memesnipe_risk_pnl_lamports", "Realized and unrealized, net of costs", ["mode"])
DRAWDOWN_BPS = Gauge("memesnipe_risk_drawdown_bps", "Fall of equity from its peak", ["mode"])
HALT_LEVEL = Gauge("memesnipe_risk_halt_level", "0 active, 1 reduce_only, 2 halted, 3 frozen", ["scope"])
HALT_EPOCH = Gauge("memesnipe_risk_halt_epoch", "Kill-switch entries folded")
TRIPS = Counter("memesnipe_risk_drawdown_trips_total", "Halts ordered for drawdown", ["scope"])


def count_all(batch: Batch, outputs: Sequence[Sequence[Output]]) -> None:
    """Count what a committed batch caused. An intent that caused nothing was a duplicate."""
    for entry, caused in zip(batch.entries, outputs, strict=True):
        if not caused and isinstance(entry.message, OrderIntent | ExitIntent):
            DUPLICATES.labels(entry.strategy).inc()
        for output in caused:
            _count(output)


def _count(output: Output) -> None:
    message = output.message
    if isinstance(message, ApprovedOrder):
        APPROVAL[message.mode].inc()
    elif isinstance(message, HaltCommand) and not message.reason.startswith(BREAKER):  # those are counted by `breakers.metrics`
        TRIPS.labels(message.scope).inc()
    elif isinstance(message, Rejection) and output.stream == REJECTED.name:
        REJECTIONS.labels(message.stage, message.reason.value).inc()
        if message.reason is ReasonCode.BAD_INPUT:
            BAD_INPUT.labels("intents", message.detail.partition(":")[0]).inc()


def show(book: Book, rules: Rules, now_ns: int) -> None:
    """Set the gauges from what is committed."""
    for mode in Mode:
        _show_portfolio(book, rules, mode, now_ns)
    for scope in ("*", *rules.strategies):
        HALT_LEVEL.labels(scope).set(SEVERITY[rules.halt(scope)])
    HALT_EPOCH.set(rules.halt_epoch)


def _show_portfolio(book: Book, rules: Rules, mode: Mode, now_ns: int) -> None:
    portfolio = book.of(mode)
    for name, account in portfolio.accounts.items():
        EXPOSURE_LAMPORTS.labels(mode.value, name).set(account.cost_lamports)
        RESERVED_LAMPORTS.labels(mode.value, name).set(account.reserved_lamports)
        IN_FLIGHT.labels(mode.value, name).set(len(account.reservations))
    PNL_LAMPORTS.labels(mode.value).set(portfolio.pnl_lamports)
    times = [r.time_ns for account in portfolio.accounts.values() for r in account.reservations.values()]
    OLDEST_IN_FLIGHT_S.labels(mode.value).set(max(0, now_ns - min(times)) / 1e9 if times else 0)
    if rules.config is not None:
        HEADROOM_LAMPORTS.labels(mode.value).set(rules.config.limits.portfolio_exposure_lamports_max - portfolio.committed_lamports)
        DRAWDOWN_BPS.labels(mode.value).set(portfolio.drawdown_bps(rules.config.capital_lamports))
