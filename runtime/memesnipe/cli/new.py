"""`memesnipe new strategy NAME`: a strategy with its manifest, document and test, ready to change."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

new_app = typer.Typer(help="Scaffold something new.", no_args_is_help=True)
console = Console()


@new_app.callback()
def _group() -> None:
    """Keep `strategy` a command of its own: with one command only, typer would merge it into the group."""


@new_app.command("strategy")
def strategy(name: str, folder: Annotated[Path, typer.Option(help="Where it is written.")] = Path("my_strategies")) -> None:
    """Write a strategy, its manifest, its document and its test."""
    from memesnipe.scaffold.strategy import create

    for path in create(name, folder):
        console.print(f"wrote {path}", highlight=False)
