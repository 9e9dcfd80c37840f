"""The misbehaviour matrix as Markdown: a table of days, and one of the steps at which orders of each side met a crash."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from memesnipe.testing.bad_days import BAD_DAYS
from memesnipe.testing.matrix_row import FAILPOINTS, SIDES, Row

HEAD = "| day | crashes | orders | filled | refused | twice | lost | wrong | stuck | off (lamports) | undone | slowest end (s) |"
STEPS_HEAD = "| step | buy | sell | exit |"


def told(lines: Iterable[str]) -> list[str]:
    """Return the tables of rows in JSON; they are written to MEMESNIPE_MATRIX_TABLE, too, if that names a file."""
    rows = sorted((msgspec.json.decode(line, type=Row) for line in lines), key=lambda row: list(BAD_DAYS).index(row.day))
    table = tables(rows)
    if file := os.environ.get("MEMESNIPE_MATRIX_TABLE"):
        Path(file).write_text("\n".join(table) + "\n")
    return table


def tables(rows: Sequence[Row]) -> list[str]:
    """Return both tables, line by line."""
    return [
        HEAD,
        _rule(HEAD),
        *map(_line, rows),
        _sum(rows),
        "",
        STEPS_HEAD,
        _rule(STEPS_HEAD),
        *(_step(step, rows) for step in FAILPOINTS),
    ]


def _rule(head: str) -> str:
    return "|" + "---|" * (head.count("|") - 1)


def _line(row: Row) -> str:
    crashes = f"{sum(died for _, _, died in row.cells)} of {len(row.cells)}"
    counts = (row.orders, row.filled, row.refused, row.twice, row.lost, row.wrong, row.stuck)
    return f"| {row.day} | {crashes} | {' | '.join(map(str, counts))} | {row.off_lamports} | {row.undone} | {row.slowest_s:.1f} |"


def _sum(rows: Sequence[Row]) -> str:
    cells = [died for row in rows for _, _, died in row.cells]
    names = ("orders", "filled", "refused", "twice", "lost", "wrong", "stuck", "off_lamports", "undone")
    counts = " | ".join(str(sum(getattr(row, name) for row in rows)) for name in names)
    return f"| **all** | {sum(cells)} of {len(cells)} | {counts} | {max(row.slowest_s for row in rows):.1f} |"


def _step(step: str, rows: Sequence[Row]) -> str:
    met = [[died for row in rows for name, met, died in row.cells if (name, met) == (step, side)] for side in SIDES]
    return f"| `{step}` | {' | '.join(f'{sum(one)} of {len(one)}' for one in met)} |"
