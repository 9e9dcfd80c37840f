"""How commands show what they found: tables and lines for people, one JSON document for machines. rich is loaded when one is shown."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from memesnipe.cli.sheet import Sheet, fits, paragraphs, plain, table
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.texts import printable

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else; sizes in lamports and token units.")]
StrategyOption = Annotated[str, typer.Option("--strategy", "-s", help="Only this strategy.")]


def show_json(value: object) -> None:
    """Print a value's fields as one indented JSON document."""
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def table_of(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[str] = (), prose: Iterable[str] = ()
) -> Sheet:
    """Return a table; `right` names the columns of numbers, `prose` those of sentences. A reason may be a stranger's words."""
    cells = tuple(tuple(printable(cell, "\n") for cell in row) for row in rows)
    return Sheet(title=title, columns=tuple(columns), rows=cells, right=frozenset(right), prose=frozenset(prose))


def show(*parts: Sheet | str) -> None:
    """Print tables and lines, in this order."""
    from rich.console import Console

    console = Console(highlight=False)
    for part in parts:
        if isinstance(part, Sheet) and console.is_terminal and fits(part, console.width):
            console.print(table(part), "")
        else:
            for line in _lines(part, console.width if console.is_terminal else None):
                console.print(line, markup=False, emoji=False, soft_wrap=True)


def _lines(part: Sheet | str, cells: int | None) -> list[str]:
    """Return the lines for a terminal of this width, or for what is no terminal and has none."""
    if isinstance(part, str):
        return [printable(part, "\n")]
    return plain(part) if cells is None else paragraphs(part, cells)


def percent(bps: int) -> str:
    """Return basis points as percent."""
    return f"{bps / 100:+.2f} %"


def age(seconds: int) -> str:
    """Return how long ago, in the two greatest units."""
    for unit, size, smaller, rest in (("d", 86_400, "h", 3_600), ("h", 3_600, "m", 60), ("m", 60, "s", 1)):
        if seconds >= size:
            return f"{seconds // size}{unit} {seconds % size // rest}{smaller}"
    return f"{seconds}s"


def when(time_ns: int) -> str:
    """Return a time in UTC, to the millisecond."""
    return datetime.fromtimestamp(time_ns / NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
