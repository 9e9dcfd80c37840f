"""The report as one HTML file: numbers, plots and the verdict, with nothing loaded from anywhere."""

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape

import msgspec

from memesnipe.chain.programs import LAMPORTS_PER_SOL
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.ledger.accounting import Trade
from memesnipe.research.backtest.curve import fall_bps
from memesnipe.research.backtest.result import Result
from memesnipe.research.report import svg
from memesnipe.research.report.summary import Summary, summary_of

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #6a737d; --rule: #d0d7de; --paper: #ffffff;
  --good: #1a7f37; --bad: #cf222e; --blue: #0969da; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #8d96a0; --rule: #30363d; --paper: #0d1117;
  --good: #3fb950; --bad: #f85149; --blue: #58a6ff; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 900px; margin: 2rem auto; padding: 0 1rem; }
.verdict { border-left: 4px solid var(--bad); padding: .5rem 1rem; font-weight: 600; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
td, th { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--rule); vertical-align: top; overflow-wrap: anywhere; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1.5rem 0; } figcaption { font-weight: 600; } svg { width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
.grid { stroke: var(--rule); stroke-width: .5; } .zero { stroke: var(--soft); stroke-dasharray: 4 3; }
.line { fill: none; stroke: var(--blue); stroke-width: 1.5; } .fall { fill: none; stroke: var(--bad); stroke-width: 1.5; }
.win { fill: var(--good); } .loss { fill: var(--bad); } .bar { fill: var(--blue); }
"""


def page_of(result: Result) -> str:
    """Return the whole page."""
    summary = summary_of(result)
    names = ", ".join(spec.id for spec in result.specs)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Backtest of {escape(names)}</title><style>{STYLE}</style></head><body>"
        f"<h1>Backtest of {escape(names)}</h1><p>{escape(result.market)}, {_when(result.first_ns)} to {_when(result.last_ns)}</p>"
        f'<p class="verdict">{escape(summary.verdict)}</p>'
        f"{_table(rows_of(summary))}{''.join(plots(result, summary))}{_details(summary)}</body></html>\n"
    )


def rows_of(summary: Summary) -> list[tuple[str, str]]:
    """Return the table that the terminal and the page both show: (name, value)."""
    costs = summary.costs
    return [
        ("net result", f"{sol(summary.net_lamports)} SOL ({summary.net_lamports:,} lamports)"),
        ("of capital", f"{summary.net_lamports / summary.capital_lamports:+.2%}" if summary.capital_lamports else "no capital"),
        ("closed trades", f"{summary.trades}, {summary.wins} won ({_percent(summary.win_rate)})"),
        ("largest drawdown", f"{summary.drawdown_bps_max} bps"),
        ("Sharpe per trade", _ratio(summary.sharpe_per_trade)),
        ("Sharpe of days, annual", _ratio(summary.sharpe_daily)),
        ("fills; failed attempts", f"{summary.fills}; {summary.failed_attempts}"),
        ("network fees", f"{sol(costs.network_fees)} SOL"),
        ("failed attempts cost", f"{sol(costs.failed)} SOL"),
        ("tips", f"{sol(costs.tips)} SOL"),
        ("rent", f"{sol(costs.rent)} SOL"),
        ("pools' fees", f"{sol(costs.venue_fees)} SOL"),
        ("open at the end", f"{len(summary.left)}; dead, counted as nothing: {summary.dead}; orders still waiting: {summary.waiting}"),
    ]


def plots(result: Result, summary: Summary) -> Iterable[str]:
    """Yield the plots: equity, drawdown, trades, costs."""
    span = (_when(result.first_ns), _when(result.last_ns))
    yield svg.line([(t, equity / LAMPORTS_PER_SOL) for t, equity, _ in result.points], "Equity, SOL", span)
    yield svg.line([(t, -fall_bps(peak, equity) / 100) for t, equity, peak in result.points], "Drawdown, %", span, "fall", "%")
    yield svg.scatter([_mark(trade) for trade in result.trades], "Closed trades, net return on outlay", span, "%")
    paid = msgspec.structs.asdict(summary.costs)
    yield svg.bars([(name.replace("_", " "), value, f"{sol(value)} SOL") for name, value in paid.items()], "What was paid")


def sol(lamports: int) -> str:
    """Return lamports as SOL with all nine decimals: exact."""
    sign, lamports = ("-" if lamports < 0 else ""), abs(lamports)
    return f"{sign}{lamports // LAMPORTS_PER_SOL}.{lamports % LAMPORTS_PER_SOL:09d}"


def _mark(trade: Trade) -> svg.Mark:
    percent = 100 * trade.net_lamports / trade.outlay_lamports if trade.outlay_lamports else 0.0
    how = trade.exit_cause or "sold by the strategy"
    text = f"{trade.strategy} {trade.mint}: {sol(trade.net_lamports)} SOL, {how}, {_when(trade.closed_ns)}"
    return svg.Mark(float(trade.closed_ns), percent, "win" if trade.net_lamports > 0 else "loss", text)


def _details(summary: Summary) -> str:
    tables = {"By strategy": _strategies(summary), "Refused": _refused(summary)}
    tables["Faults of a strategy"] = [(f"{one.strategy}/{one.kind}", f"{one.count} times, first: {one.detail}") for one in summary.faults]
    tables |= {"Ended halted": list(summary.halts.items()), "The run": _run(summary)}
    return "".join(f"<h2>{title}</h2>{_table(rows)}" for title, rows in tables.items() if rows)


def _strategies(summary: Summary) -> list[tuple[str, str]]:
    return [
        (one.id, f"{sol(one.net_lamports)} SOL, {one.trades} trades, {one.wins} won, spec {one.spec_hash}") for one in summary.strategies
    ]


def _refused(summary: Summary) -> list[tuple[str, str]]:
    checks = {f"executor/{check}": count for check, count in summary.refused.items()}
    return [(name, str(count)) for name, count in {**summary.rejected, **checks}.items()] or [("nothing", "")]


def _run(summary: Summary) -> list[tuple[str, str]]:
    return [
        ("seed", str(summary.seed)),
        ("costs times; slots more", f"{summary.stress.costs}; {summary.stress.slots_more}"),
        ("events", f"{summary.events:,}"),
        ("sha256 of the market", summary.market_sha256),
        ("hash of the limits", summary.policy_hash),
    ]


def _table(rows: Iterable[tuple[str, str]]) -> str:
    return "<table>" + "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows) + "</table>"


def _when(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _ratio(value: float | None) -> str:
    return "too few to say" if value is None else f"{value:.3f}"
