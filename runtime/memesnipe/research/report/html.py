"""The page around numbers and plots: one file that loads nothing, by its own policy too, and is read by day and by night."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.research.report.style import STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""No script, picture, font or connection, whatever else were to get into the file."""


def document(title: str, body: str) -> str:
    """Return the whole file; `body` is markup already."""
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    head = f'<meta charset="utf-8">{policy}<meta name="viewport" content="width=device-width">'
    name = escape(title)
    return (
        f'<!doctype html><html lang="en"><head>{head}<title>{name}</title><style>{STYLE}</style></head>'
        f"<body><h1>{name}</h1>{body}</body></html>\n"
    )


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Return names and values."""
    return "<table>" + "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows) + "</table>"


def grid(head: Sequence[str], rows: Iterable[tuple[Sequence[str], bool]]) -> str:
    """Return rows of several columns under a head; the bool says that something is wrong with a row."""
    titles = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join(_row(cells, bad) for cells, bad in rows)
    return f'<div class="wide"><table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table></div>'


def _row(cells: Sequence[str], bad: bool) -> str:
    kind = ' class="bad"' if bad else ""
    return f"<tr{kind}>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def sections(tables: Iterable[tuple[str, str]]) -> str:
    """Return (title, markup) under headings; those without content are left out."""
    return "".join(f"<h2>{escape(title)}</h2>{inside}" for title, inside in tables if inside)


def when(time_ns: int) -> str:
    """Return a time as people write it, to the minute."""
    return datetime.fromtimestamp(time_ns // NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M UTC")


def lasting(seconds: float) -> str:
    """Return how long something took, in its largest fitting unit."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
