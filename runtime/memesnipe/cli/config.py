"""`memesnipe config history | rollback`: what was applied on this host, and the way back."""

import sqlite3
import time
from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe.cli.addresses import data_dir
from memesnipe.cli.showing import JsonOption, show, show_json, table_of, when
from memesnipe.kernel.errors import ConfigError

if TYPE_CHECKING:
    from memesnipe.control.history import History

config_app = typer.Typer(help="Versions of the configuration applied on this host.", no_args_is_help=True)


def _history() -> "History":
    from memesnipe.control.history import History

    path = data_dir() / "config.db"
    if not path.is_file():
        raise ConfigError(f"{path} does not exist: nothing was applied here yet; start with `make up`")
    return History(path)


@config_app.command("history")
def history(json: JsonOption = False) -> None:
    """List the applied versions, newest first."""
    versions = _history().versions()
    if json:
        show_json(list(versions))
        return
    rows = [(str(row.version), when(row.time_ns)[:-4], row.origin, row.digest[:12]) for row in versions]
    show(table_of("", ("VERSION", "APPLIED (UTC)", "ORIGIN", "CONTENT"), rows, right=("VERSION",)))


@config_app.command("rollback")
def rollback(version: Annotated[int, typer.Argument(help="A version from `memesnipe config history`.")]) -> None:
    """Apply an earlier version again; it stays in force until the manifests folder changes."""
    try:
        made = _history().roll_back(version, time.time_ns())
    except sqlite3.OperationalError as error:
        raise ConfigError(f"{data_dir() / 'config.db'}: {error}; run this as the one who started the stack, or again in a moment") from None
    typer.echo(f"version {version} is applied again, as version {made}")
