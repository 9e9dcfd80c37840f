"""`memesnipe config history | rollback`: what was applied on this host, and the way back."""

import time
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from memesnipe.cli.addresses import data_dir
from memesnipe.control.history import History
from memesnipe.kernel.errors import ConfigError

config_app = typer.Typer(help="Versions of the configuration applied on this host.", no_args_is_help=True)
console = Console()


def _history() -> History:
    path = data_dir() / "config.db"
    if not path.is_file():
        raise ConfigError(f"{path} does not exist: nothing was applied here yet; start with `make up`")
    return History(path)


@config_app.command("history")
def history() -> None:
    """List the applied versions, newest first."""
    table = Table("version", "applied (UTC)", "origin", "content")
    for row in _history().versions():
        applied = datetime.fromtimestamp(row.time_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(str(row.version), applied, row.origin, row.digest[:12])
    console.print(table)


@config_app.command("rollback")
def rollback(version: Annotated[int, typer.Argument(help="A version from `memesnipe config history`.")]) -> None:
    """Apply an earlier version again; it stays in force until the manifests folder changes."""
    made = _history().roll_back(version, time.time_ns())
    typer.echo(f"version {version} is applied again, as version {made}")
