"""`memesnipe live-check`: before any money moves, what is missing or wrong, and the fix of each. Exit 0 nothing, 1 something, 2 usage."""

import asyncio
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from memesnipe.cli import addresses as stack


class Output(StrEnum):
    """For whom."""

    TEXT = "text"
    JSON = "json"


def live_check(
    output: Annotated[Output, typer.Option("--output", "-o", help="text for people, json for machines.")] = Output.TEXT,
) -> None:
    """Tell what is missing or wrong before any money moves, each with its fix. Reads only; exit 1 if a live order could not go out."""
    # Here, because they load half of the product, and `memesnipe kill` must not wait for that.
    from memesnipe.cli import live_check_report as report
    from memesnipe.kernel.clock import SystemClock
    from memesnipe.live_check.check import check
    from memesnipe.live_check.finding import exit_code
    from memesnipe.live_check.installation import Running

    console, data = Console(highlight=False), stack.data_dir()
    running = Running(_runs(data), stack.known(data))
    with report.progress_on(console, shown=output is Output.TEXT and console.is_terminal) as done:
        found = asyncio.run(check(dict(os.environ), running, SystemClock(), done))
    if output is Output.JSON:
        typer.echo(report.as_json(found))
    else:
        for line in report.as_lines(found):
            console.print(line, soft_wrap=True)
    raise typer.Exit(exit_code(found))


def _runs(data: Path) -> bool:
    """Whether `memesnipe up` runs here; where it never did, nothing of its layout is there to be looked at."""
    return (data / "run" / "up.lock").exists() and stack.runs(data)
