"""`memesnipe report`: what each strategy made of its closed trades, and what each cost took of it."""

import os
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from memesnipe.chain.programs import LAMPORTS_PER_SOL
from memesnipe.cli import addresses as stack
from memesnipe.cli.leaving import leave_json
from memesnipe.kernel.errors import ConfigError

if TYPE_CHECKING:
    from memesnipe.ledger.attribution import Attribution

MEASURES = (
    "trades", "hit %", "gross SOL", "pool fees", "slippage", "network", "tips", "rent", "net SOL", "net bps",
    "sharpe", "sortino", "calmar", "max fall SOL", "held %", "bps by age",
)  # fmt: skip


def report(
    strategy: Annotated[str, typer.Option("--strategy", "-s", help="Only this strategy.")] = "",
    json: Annotated[Path | None, typer.Option(help="Write the numbers here, in lamports.")] = None,
) -> None:
    """Show what each strategy made of its closed trades, net of every cost, and where it went; from the ledger, running or not."""
    found = [one for one in _read() if strategy in ("", one.strategy)]
    if not found:
        typer.echo("no closed trade yet" + (f" of {strategy}" if strategy else ""))
    if found:
        Console().print(table_of(found))
    if json is not None:
        leave_json(json, found)


def table_of(found: "list[Attribution]") -> Table:
    """Return a table with a column for each strategy and mode: there are more measures than fit beside each other."""
    table = Table("", *(f"{one.strategy} {one.mode.value}" for one in found))
    for row in zip(MEASURES, *map(values_of, found), strict=True):
        table.add_row(*row)
    return table


def values_of(one: "Attribution") -> tuple[str, ...]:
    """Return a strategy's values, in the order of `MEASURES`."""
    costs = (one.costs.venue, one.costs.slippage, one.costs.fees, one.costs.tips, one.costs.rent)
    ratios = (one.sharpe, one.sortino, one.calmar)
    return (
        str(one.trades),
        f"{one.hit_bps / 100:.0f}",
        _sol(one.gross_lamports),
        *(_sol(cost) for cost in costs),
        _sol(one.net_lamports),
        str(one.net_bps),
        *("-" if ratio is None else f"{ratio:.2f}" for ratio in ratios),
        _sol(one.drawdown_lamports),
        f"{one.exposure_bps / 100:.0f}",
        " → ".join(map(str, one.by_age_bps)) or "-",
    )


def _sol(lamports: int) -> str:
    return f"{Decimal(lamports) / LAMPORTS_PER_SOL:.4f}"


def _read() -> "list[Attribution]":
    from sqlalchemy.exc import SQLAlchemyError

    from memesnipe.ledger.attribution import attribution
    from memesnipe.ledger.engine import FILE_NAME, ledger_url, open_engine
    from memesnipe.ledger.read import all_fills

    database = os.environ.get("DATABASE_URL", "")
    if not database and not (stack.data_dir() / FILE_NAME).is_file():
        raise ConfigError(f"no ledger in {stack.data_dir()}: nothing traded here yet; start with `make up`, or set MEMESNIPE_DATA_DIR")
    engine = open_engine(ledger_url(str(stack.data_dir()), database))
    try:
        with engine.connect() as connection:
            return attribution(all_fills(connection))
    except SQLAlchemyError as error:  # the driver's own text may hold the URL; its class says enough
        raise ConfigError(f"the ledger does not answer: {type(error).__name__}") from None
    finally:
        engine.dispose()
