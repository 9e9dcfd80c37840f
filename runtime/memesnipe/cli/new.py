"""`memesnipe new strategy NAME`: a strategy with its manifest, document and test, ready to change."""

from pathlib import Path
from typing import Annotated

import typer

from memesnipe.supervisor.settings import OWN_STRATEGIES

new_app = typer.Typer(help="Scaffold something new.", no_args_is_help=True)


@new_app.callback()
def _group() -> None:
    """Keep `strategy` a command of its own: with one command only, typer would merge it into the group."""


@new_app.command("strategy")
def strategy(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and dashes, such as dip-buyer.", show_default=False)],
    folder: Annotated[Path, typer.Option(help="Where it is written.")] = Path(OWN_STRATEGIES),
) -> None:
    """Write a strategy, its manifest, its document and its test."""
    from memesnipe.scaffold.strategy import create

    paths = create(name, folder)
    for path in paths:
        typer.echo(f"wrote {path}")
    typer.echo(f"test it: make unit ARGS={folder}; run it on paper: {_how_to_run(folder)}")


def _how_to_run(folder: Path) -> str:
    if folder == Path(OWN_STRATEGIES):
        return "make up (one that runs already takes it up by itself)"
    return f"MEMESNIPE_STRATEGIES_PATH={folder} make up"
