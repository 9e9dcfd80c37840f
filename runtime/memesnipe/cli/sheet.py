"""A table, shown as the place it is read in can hold it: aligned where it fits, each row as a paragraph where it does not, whole in a pipe.

A name, an address or an id is never cut or broken over lines: a person copies it into the next command, and `grep` looks for it.
"""

import textwrap
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from rich.table import Table

PROSE_CELLS_MIN = 24
"""Narrower than this a column of sentences is harder to read than the same sentences below their row."""
GAP = "  "


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of cells that are text and never markup. Widths are cells of a terminal: some letters take two."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[str]
    """Columns of numbers."""
    prose: frozenset[str]
    """Columns of sentences, which alone may go on in the next line."""


def fits(sheet: Sheet, cells: int) -> bool:
    """Return whether every cell stands whole in a table of this width, sentences wrapped."""
    widths = _widths(sheet)
    needed = (min(width, PROSE_CELLS_MIN) if name in sheet.prose else width for name, width in zip(sheet.columns, widths, strict=True))
    return sum(needed) + len(GAP) * (len(widths) - 1) <= cells


def table(sheet: Sheet) -> "Table":
    """Return the table for a terminal that it fits."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(
        title=sheet.title or None, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for name in sheet.columns:
        shown.add_column(name, justify="right" if name in sheet.right else "left", no_wrap=name not in sheet.prose, overflow="fold")
    for row in sheet.rows:
        shown.add_row(*map(Text, row))
    return shown


def paragraphs(sheet: Sheet, cells: int) -> list[str]:
    """Return each row as lines of `NAME: cell`; a pair that is wider than the terminal has a line of its own."""
    lines = [sheet.title] if sheet.title else []
    for row in sheet.rows:
        lines += [*_paragraph(sheet, row, cells), ""]
    return lines


def plain(sheet: Sheet) -> list[str]:
    """Return one line a row, however long: what `grep`, `less -S` and a log read."""
    from rich.cells import cell_len

    rows, widths = [sheet.columns, *(tuple(map(_one_line, row)) for row in sheet.rows)], _widths(sheet)
    lines = [sheet.title] if sheet.title else []
    for row in rows:
        pads = [" " * (width - cell_len(cell)) for width, cell in zip(widths, row, strict=True)]
        cells = [pad + cell if name in sheet.right else cell + pad for name, cell, pad in zip(sheet.columns, row, pads, strict=True)]
        lines.append(GAP.join(cells).rstrip())
    return lines


def _paragraph(sheet: Sheet, row: tuple[str, ...], cells: int) -> list[str]:
    from rich.cells import cell_len

    lines: list[str] = []
    told = [(name, _one_line(cell)) for name, cell in zip(sheet.columns, row, strict=True) if cell]
    for pair in (f"{name}: {cell}" for name, cell in told if name not in sheet.prose):
        if lines and cell_len(lines[-1]) + len(GAP) + cell_len(pair) <= cells:
            lines[-1] += GAP + pair
        else:
            lines.append(("  " if lines else "") + pair)
    for pair in (f"{name}: {cell}" for name, cell in told if name in sheet.prose):
        lines += textwrap.wrap(pair, cells, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return lines


def _widths(sheet: Sheet) -> list[int]:
    """Return how wide each column is where nothing is wrapped."""
    from rich.cells import cell_len

    return [max(cell_len(_one_line(cell)) for cell in column) for column in zip(sheet.columns, *sheet.rows, strict=True)]


def _one_line(cell: str) -> str:
    return " · ".join(cell.splitlines())
