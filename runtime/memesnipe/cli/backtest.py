"""`memesnipe backtest`: a strategy on a recording or on candles, by the code that trades it, in one process."""

import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from memesnipe.chain.programs import LAMPORTS_PER_SOL
from memesnipe.kernel.errors import BadInput, ConfigError
from memesnipe.kernel.settings import CommonSettings, load

if TYPE_CHECKING:
    from memesnipe.research.backtest.engine import Costs, Engine
    from memesnipe.research.backtest.market import Market
    from memesnipe.research.backtest.result import Result

console = Console()


class BacktestSettings(CommonSettings, frozen=True, kw_only=True):
    """What the command takes from the environment beside wallet_guard's own settings."""

    strategies_path: str = ""
    """Folders of a person's own strategies; empty: `my_strategies` where there is one."""


def backtest(
    strategy: Annotated[Path, typer.Argument(help="Manifest of one Strategy or of several, or a folder of manifests.", show_default=False)],
    market: Annotated[Path, typer.Argument(help="Recording (.parquet, or a folder of them) or candles (.feather).", show_default=False)],
    seed: Annotated[int | None, typer.Option(help="Of fill delays and failures. Without it: MEMESNIPE_SEED.", show_default=False)] = None,
    capital_sol: Annotated[str, typer.Option(help="In place of the Allocation's capital.", show_default=False)] = "",
    manifests: Annotated[list[Path] | None, typer.Option(help="Another manifest or folder: a RiskPolicy, an Allocation.")] = None,
    costs: Annotated[int, typer.Option(help="Multiplies fees, tips, rent and the pools' fees.", min=1, max=100)] = 1,
    slots: Annotated[int, typer.Option(help="Slots that each order comes later.", min=0, max=10_000)] = 0,
    pool_sol: Annotated[int, typer.Option(help="Candles only: SOL in the pool they are played on.", min=1, max=10**6)] = 1_000,
    sol_candles: Annotated[Path | None, typer.Option(help="Candles only: SOL in the same currency, to price the token in SOL.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the numbers here.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report with plots here, one file.")] = None,
) -> None:
    """Run a strategy on past prices by the code that trades it: same checks, sizes, stops, fees and failed attempts."""
    from memesnipe.research.backtest.market import open_market

    try:
        tape = open_market(market, depth_lamports=pool_sol * LAMPORTS_PER_SOL, quote=sol_candles)
        engine = _engine([strategy, *(manifests or [])], _capital(capital_sol), _costs(seed, costs, slots))
        result = _run(engine, tape)
    except BadInput as error:
        raise ConfigError(f"{market}: {error}") from None
    _tell(result)
    _write(result, json, html)


def _capital(text: str) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        raise ConfigError(f"--capital-sol: {text!r} is not a number") from None


def _costs(seed: int | None, costs: int, slots: int) -> "Costs":
    """Return what wallet_guard's own settings charge: a backtest on other terms than paper's would be about another market."""
    import msgspec

    from memesnipe.guard.service import terms_of
    from memesnipe.guard.settings import GuardSettings
    from memesnipe.research.backtest.engine import Costs
    from memesnipe.research.backtest.stress import Stress

    settings = load(GuardSettings)
    terms = terms_of(settings)
    if seed is not None:
        terms = msgspec.structs.replace(terms, seed=seed)
    return Costs(terms, settings.guard_trade_size_lamports_max, Stress(costs, slots))


def _engine(files: list[Path], capital_sol: Decimal | None, costs: "Costs") -> "Engine":
    from pydantic import ValidationError

    from memesnipe.research.backtest.engine import Engine
    from memesnipe.research.backtest.setup import documents_in, manifests_of, setup_of

    try:
        manifests = manifests_of(documents_in(files), capital_sol)
    except ValidationError as error:
        raise ConfigError(f"--capital-sol: {error.errors()[0]['msg']}") from None
    return Engine(setup_of(manifests, _folders()), costs)


def _folders() -> tuple[Path, ...]:
    from memesnipe.strategy.loading import folders_of
    from memesnipe.supervisor.plan import OWN_STRATEGIES

    named = load(BacktestSettings).strategies_path
    return folders_of(named) if named else tuple(folder for folder in (Path(OWN_STRATEGIES),) if folder.is_dir())


def _run(engine: "Engine", market: "Market") -> "Result":
    columns = (TextColumn("backtest"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("backtest", total=market.count or None)
        result = engine.run(market, lambda done: bar.update(task, completed=done))
        bar.update(task, completed=result.events, total=result.events)
    return result


def _tell(result: "Result") -> None:
    from memesnipe.research.report.page import rows_of
    from memesnipe.research.report.summary import summary_of

    summary = summary_of(result)
    table = Table("what", "how much", title=f"{', '.join(one.id for one in summary.strategies)} on {summary.market}, seed {summary.seed}")
    for name, value in rows_of(summary):
        table.add_row(name, value)
    console.print(table)
    for fault in summary.faults:
        typer.echo(f"{fault.strategy} failed {fault.count} times ({fault.kind}); first: {fault.detail}")
    for scope, why in summary.halts.items():
        typer.echo(f"{'the portfolio' if scope == '*' else scope} ended halted: {why}")
    typer.echo(summary.verdict)


def _write(result: "Result", json: Path | None, html: Path | None) -> None:
    import msgspec

    from memesnipe.research.report.page import page_of
    from memesnipe.research.report.summary import summary_of

    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(summary_of(result)), indent=2) + b"\n")
        typer.echo(f"wrote {json}")
    if html is not None:
        html.write_text(page_of(result), encoding="utf-8")
        typer.echo(f"wrote {html}")
