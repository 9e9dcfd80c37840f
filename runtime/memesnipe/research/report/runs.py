"""The plots of one run: equity, drawdown, rolling Sharpe ratio, trades, costs."""

from collections.abc import Iterator
from math import log10

import msgspec

from memesnipe.chain.amounts import exact
from memesnipe.chain.programs import LAMPORTS_PER_SOL
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.ledger.accounting import Trade
from memesnipe.messages.bounds import Side
from memesnipe.messages.orders import FillStatus
from memesnipe.research.backtest.curve import fall_bps
from memesnipe.research.backtest.result import Result
from memesnipe.research.report import curves, dots, rolling, rows
from memesnipe.research.report.html import lasting, when
from memesnipe.research.report.summary import CostBreakdown

HELD_S_MIN = 0.1
"""A trade within one event is drawn here: a logarithm has no 0."""
HELD_TICKS = (0.1, 1.0, 10.0, 60.0, 600.0, 3_600.0, 36_000.0, 86_400.0, 864_000.0, 8_640_000.0)
COSTS = {
    "network_fees": "network fees",
    "failed": "failed attempts",
    "tips": "tips",
    "rent": "rent of token accounts",
    "venue_fees": "pools' fees",
}


def plots(result: Result, costs: CostBreakdown) -> Iterator[str]:
    """Yield the plots."""
    span = span_of(result)
    yield curves.line([(t, equity / LAMPORTS_PER_SOL) for t, equity, _ in result.points], "Equity, SOL", span)
    yield curves.line([(t, -fall_bps(peak, equity) / 100) for t, equity, peak in result.points], "Drawdown, %", span, "fall", "%")
    yield _rolling(result)
    yield closed_over_time(result)
    yield held_and_earned(result)
    yield paid(result, costs)


def span_of(result: Result) -> tuple[str, str]:
    """Return when a run began and ended, as people write it."""
    return when(result.first_ns), when(result.last_ns)


def closed_over_time(result: Result) -> str:
    """Return the trades by when they were closed."""
    ends = list(zip((float(result.first_ns), float(result.last_ns)), span_of(result), strict=True))
    return dots.scatter([_mark(trade, float(trade.closed_ns)) for trade in result.trades], "Closed trades, net return on outlay", ends, "%")


def held_and_earned(result: Result) -> str:
    """Return the trades by how long they were held: an edge of seconds is not one of hours."""
    ticks = [(log10(held_s), lasting(held_s)) for held_s in HELD_TICKS]
    marks = [_mark(trade, log10(max(HELD_S_MIN, held_s_of(trade)))) for trade in result.trades]
    return dots.scatter(marks, "Net return on outlay by how long it was held", ticks, "%")


def held_s_of(trade: Trade) -> float:
    """Return how long a trade was open, in seconds."""
    return (trade.closed_ns - trade.opened_ns) / NS_PER_S


def paid(result: Result, costs: CostBreakdown) -> str:
    """Return what was paid, each kind with its share of all that was spent on tokens."""
    bought = sum(-fill.sol_delta_lamports for fill in result.fills if fill.side is Side.BUY and fill.status is FillStatus.FILLED)
    each = msgspec.structs.asdict(costs)
    drawn = [(name, float(each[key]), _cost(each[key], bought)) for key, name in COSTS.items()]
    return rows.bars(
        drawn, f"What was paid: {_cost(costs.total, bought)}", "All of it is inside the net result already; bps of all that was bought."
    )


def _cost(lamports: int, bought: int) -> str:
    return f"{exact(lamports)} SOL" + (f", {10_000 * lamports / bought:.1f} bps" if bought > 0 else "")


def _rolling(result: Result) -> str:
    found = rolling.of_result(result)
    if found is None:
        return curves.line((), "Rolling Sharpe ratio", span_of(result))
    ratios, period_s = found
    title = f"Rolling Sharpe ratio of {lasting(period_s)} returns, not annualised; window {rolling.window_of(len(ratios))}"
    return curves.lines((curves.Curve("", "line", list(enumerate(ratios))),), title, span_of(result), zero=True)


def _mark(trade: Trade, x: float) -> dots.Mark:
    percent = 100 * trade.net_lamports / trade.outlay_lamports if trade.outlay_lamports else 0.0
    how = trade.exit_cause or "sold by the strategy"
    text = f"{trade.strategy} {trade.mint}: {exact(trade.net_lamports)} SOL in {lasting(held_s_of(trade))}, {how}, {when(trade.closed_ns)}"
    return dots.Mark(x, percent, "win" if trade.net_lamports > 0 else "loss", text)
