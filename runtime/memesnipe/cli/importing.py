"""`memesnipe import`: outside data into recordings."""

from pathlib import Path
from typing import Annotated

import typer

from memesnipe.kernel.errors import ConfigError

import_app = typer.Typer(help="Turn outside data into recordings.", no_args_is_help=True)


@import_app.callback()
def _group() -> None:
    """Keep `pumpfun-csv` a command of its own: with one command only, typer would merge it into the group."""


@import_app.command("pumpfun-csv")
def pumpfun_csv(
    csv: Annotated[Path, typer.Argument(help="The trades; docs/howto/replay.md lists the columns.", show_default=False)],
    recording: Annotated[Path, typer.Argument(help="Where the recording is written, such as trades.parquet.", show_default=False)],
) -> None:
    """Convert recorded pump.fun trades, checking each quote and fee against the state before it."""
    from memesnipe.market.pumpfun_csv import convert, render

    if not csv.is_file():
        raise ConfigError(f"{csv} does not exist")
    typer.echo(render(convert(csv, recording)))  # not through rich: it would break long signatures over lines
