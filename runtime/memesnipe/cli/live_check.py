"""`memesnipe live-check`: before any money moves, what is missing or wrong, and the fix of each. Exit 0 nothing, 1 something, 2 usage."""

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
    from memesnipe.cli.live_check_report import tell
    from memesnipe.kernel.clock import SystemClock
    from memesnipe.live_check.check import check

    tell(lambda done: check(dict(os.environ), running_on(stack.data_dir()), SystemClock(), done), machine=json or output is Output.JSON)


def running_on(data: Path) -> "Running":
    """Return what runs on a data folder; where `memesnipe up` never did, nothing of its layout is there to be looked at."""
    from memesnipe.live_check.installation import Running

    return Running((data / "run" / "up.lock").exists() and stack.runs(data), stack.known(data))
