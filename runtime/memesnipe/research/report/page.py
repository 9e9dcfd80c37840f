"""The report of a backtest as one HTML file: numbers, plots and the verdict, with nothing loaded from anywhere."""

from html import escape

from memesnipe.chain.amounts import exact
from memesnipe.research.backtest.result import Result
from memesnipe.research.report import runs
from memesnipe.research.report.html import document, sections, table, when
from memesnipe.research.report.summary import Summary, summary_of


def page_of(result: Result) -> str:
    """Return the whole page."""
    summary = summary_of(result)
    names = ", ".join(spec.id for spec in result.specs)
    first = f"<p>{escape(result.market)}, {when(result.first_ns)} to {when(result.last_ns)}</p>"
    verdict = f'<p class="verdict">{escape(summary.verdict)}</p>'
    plots = "".join(runs.plots(result, summary.costs))
    return document(f"Backtest of {names}", f"{first}{verdict}{table(rows_of(summary))}{plots}{sections(details(summary))}")


def rows_of(summary: Summary) -> list[tuple[str, str]]:
    """Return the table that the terminal and the page both show: (name, value)."""
    costs = summary.costs
    return [
        ("net result", f"{exact(summary.net_lamports)} SOL ({summary.net_lamports:,} lamports)"),
        ("of capital", f"{summary.net_lamports / summary.capital_lamports:+.2%}" if summary.capital_lamports else "no capital"),
        ("closed trades", f"{summary.trades}, {summary.wins} won ({_percent(summary.win_rate)})"),
        ("largest drawdown", f"{summary.drawdown_bps_max} bps"),
        ("Sharpe per trade", _ratio(summary.sharpe_per_trade)),
        ("Sharpe of days, annual", _ratio(summary.sharpe_daily)),
        ("fills; failed attempts", f"{summary.fills}; {summary.failed_attempts}"),
        ("network fees", f"{exact(costs.network_fees)} SOL"),
        ("failed attempts cost", f"{exact(costs.failed)} SOL"),
        ("tips", f"{exact(costs.tips)} SOL"),
        ("rent", f"{exact(costs.rent)} SOL"),
        ("pools' fees", f"{exact(costs.venue_fees)} SOL"),
        ("open at the end", f"{len(summary.left)}; dead, counted as nothing: {summary.dead}; orders still waiting: {summary.waiting}"),
    ]


def details(summary: Summary) -> list[tuple[str, str]]:
    """Return (title, table) of what was refused, what failed and how it was run; empty where there is nothing to say."""
    faults = [(f"{one.strategy}/{one.kind}", f"{one.count} times, first: {one.detail}") for one in summary.faults]
    found = {"By strategy": _strategies(summary), "Refused": _refused(summary), "Faults of a strategy": faults}
    found |= {"Ended halted": list(summary.halts.items()), "The run": _run(summary)}
    return [(title, table(rows) if rows else "") for title, rows in found.items()]


def _strategies(summary: Summary) -> list[tuple[str, str]]:
    return [
        (one.id, f"{exact(one.net_lamports)} SOL, {one.trades} trades, {one.wins} won, spec {one.spec_hash}") for one in summary.strategies
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


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


def _ratio(value: float | None) -> str:
    return "too few to say" if value is None else f"{value:.3f}"
