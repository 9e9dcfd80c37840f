"""`memesnipe backtest`: a strategy on a recording or on candles, by the code that trades it, in one process."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from memesnipe.chain.programs import LAMPORTS_PER_SOL
from memesnipe.cli.leaving import leave, leave_json
from memesnipe.cli.past import (
    CapitalOption,
    ManifestsOption,
    MarketArgument,
    PoolOption,
    SeedOption,
    SolCandlesOption,
    costs_of,
    manifests_in,
    strategy_folders,
)
from memesnipe.cli.showing import show, table_of
from memesnipe.kernel.errors import BadInput, ConfigError

if TYPE_CHECKING:
    from memesnipe.research.backtest.engine import Engine
    from memesnipe.research.backtest.market import Market
    from memesnipe.research.backtest.result import Result
    from memesnipe.research.report.summary import Summary


def backtest(
    strategy: Annotated[Path, typer.Argument(help="Manifest of one Strategy or of several, or a folder of manifests.", show_default=False)],
    market: MarketArgument,
    seed: SeedOption = None,
    capital_sol: CapitalOption = "",
    manifests: ManifestsOption = None,
    costs: Annotated[int, typer.Option(help="Multiplies fees, tips, rent and the pools' fees.", min=1, max=100)] = 1,
    slots: Annotated[int, typer.Option(help="Slots that each order comes later.", min=0, max=10_000)] = 0,
    pool_sol: PoolOption = 1_000,
    sol_candles: SolCandlesOption = None,
    json: Annotated[Path | None, typer.Option(help="Write the numbers here.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report with plots here, one file.")] = None,
) -> None:
    """Run a strategy on past prices by the code that trades it: same checks, sizes, stops, fees and failed attempts."""
    from memesnipe.research.backtest.engine import Engine
    from memesnipe.research.backtest.market import open_market
    from memesnipe.research.backtest.setup import setup_of
    from memesnipe.research.report.page import page_of
    from memesnipe.research.report.summary import summary_of

    try:
        tape = open_market(market, depth_lamports=pool_sol * LAMPORTS_PER_SOL, quote=sol_candles)
        setup = setup_of(manifests_in([strategy, *(manifests or [])], capital_sol), strategy_folders())
        engine = Engine(setup, costs_of(seed, costs, slots))
        result = _run(engine, tape)
    except BadInput as error:
        raise ConfigError(f"{market}: {error}") from None
    summary = summary_of(result)
    _tell(summary)
    if json is not None:
        leave_json("--json", json, summary)
    if html is not None:
        leave("--html", html, page_of(result).encode())


def _run(engine: "Engine", market: "Market") -> "Result":
    columns = (TextColumn("backtest"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("backtest", total=market.count or None)
        result = engine.run(market, lambda done: bar.update(task, completed=done))
        bar.update(task, completed=result.events, total=result.events)
    return result


def _tell(summary: "Summary") -> None:
    from memesnipe.research.report.page import rows_of

    title = f"{', '.join(one.id for one in summary.strategies)} on {summary.market}, seed {summary.seed}"
    show(table_of(title, ("WHAT", "HOW MUCH"), rows_of(summary), prose=("HOW MUCH",)))
    for fault in summary.faults:
        typer.echo(f"{fault.strategy} failed {fault.count} times ({fault.kind}); first: {fault.detail}")
    for scope, why in summary.halts.items():
        typer.echo(f"{'the portfolio' if scope == '*' else scope} ended halted: {why}")
    typer.echo(summary.verdict)
