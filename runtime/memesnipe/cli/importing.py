"""`memesnipe import`: outside data into recordings."""

from pathlib import Path

import typer

import_app = typer.Typer(help="Turn outside data into recordings.", no_args_is_help=True)


@import_app.callback()
def _group() -> None:
    """Keep `pumpfun-csv` a command of its own: with one command only, typer would merge it into the group."""


@import_app.command("pumpfun-csv")
def pumpfun_csv(csv: Path, recording: Path) -> None:
    """Convert recorded pump.fun trades, checking each quote and fee against the state before it."""
    from memesnipe.market.pumpfun_csv import convert, render

    typer.echo(render(convert(csv, recording)))  # not through rich: it would break long signatures over lines
