"""One crash and what it came to, and all of them as the table of docs/reference/crashes.md."""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

HEAD = "| where | crash | how it is made | what must happen | by which exit | closed after (s) | loss (% of the position) |"
RULE = "|" + "---|" * (HEAD.count("|") - 1)


class Row(msgspec.Struct, frozen=True):
    """Times are seconds, the loss is of all that was paid."""

    where: str
    crash: str
    made: str
    must: str
    cause: str
    closed_s: float
    loss_bps: int


def told(lines: Iterable[str]) -> list[str]:
    """Return the table of rows in JSON; it is written to MEMESNIPE_CRASHES_TABLE, too, if that names a file."""
    rows = sorted((msgspec.json.decode(line, type=Row) for line in lines), key=lambda row: (row.where, row.crash))
    table = [HEAD, RULE, *map(line_of, rows)]
    if file := os.environ.get("MEMESNIPE_CRASHES_TABLE"):
        Path(file).write_text("\n".join(table) + "\n")
    return table


def line_of(row: Row) -> str:
    """Return a row as Markdown."""
    told = (row.where, row.crash, row.made, row.must, f"`{row.cause}`", f"{row.closed_s:.1f}", f"{row.loss_bps / 100:.1f}")
    return f"| {' | '.join(told)} |"
