"""`memesnipe live-check`: before any money moves, what is missing or wrong, and the fix of each. Exit 0 nothing, 1 something, 2 usage."""

import asyncio
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memesnipe.cli import addresses as stack
from memesnipe.cli.showing import JsonOption

if TYPE_CHECKING:
    from memesnipe.live_check.installation import Running


class Output(StrEnum):
    """For whom."""

    TEXT = "text"
    JSON = "json"


def live_check(
    output: Annotated[Output, typer.Option("--output", "-o", help="text for people, json for machines.")] = Output.TEXT,
    json: JsonOption = False,
) -> None:
    """Tell what is missing or wrong before any money moves, each with its fix. Reads only; exit 1 if a live order could not go out."""
    # Here, because they load half of the product, and `memesnipe kill` must not wait for that.
    from rich.console import Console

    from memesnipe.cli import live_check_report as report
    from memesnipe.kernel.clock import SystemClock
    from memesnipe.live_check.check import check
    from memesnipe.live_check.finding import exit_code

    console, machine = Console(highlight=False), json or output is Output.JSON
    with report.progress_on(console, shown=not machine and console.is_terminal) as done:
        found = asyncio.run(check(dict(os.environ), running_on(stack.data_dir()), SystemClock(), done))
    if machine:
        typer.echo(report.as_json(found))
    else:
        for line in report.as_lines(found):
            console.print(line, soft_wrap=True)
    raise typer.Exit(exit_code(found))


def running_on(data: Path) -> "Running":
    """Return what runs on a data folder; where `memesnipe up` never did, nothing of its layout is there to be looked at."""
    from memesnipe.live_check.installation import Running

    return Running((data / "run" / "up.lock").exists() and stack.runs(data), stack.known(data))
