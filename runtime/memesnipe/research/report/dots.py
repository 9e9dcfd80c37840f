"""Dots: one for each trade, each with a text of its own."""

from collections.abc import Sequence
from html import escape

import msgspec

from memesnipe.research.report import svg

MARKS_MAX = 3_000


class Mark(msgspec.Struct, frozen=True):
    """A dot, its class (which gives its colour) and the text that is shown when it is pointed at."""

    x: float
    y: float
    kind: str
    text: str


def scatter(marks: Sequence[Mark], title: str, x_ticks: Sequence[svg.Tick], unit: str = "") -> str:
    """Return dots with a line at zero. `x_ticks` that lie outside of the data are left out."""
    if not marks:
        return svg.empty(title)
    shown = fewer(marks)
    axes = svg.axes_of([mark.x for mark in shown], [*(mark.y for mark in shown), 0.0])
    inside = [tick for tick in x_ticks if axes.x_min <= tick[0] <= axes.x_max]
    note = "" if len(shown) == len(marks) else f"{len(shown):,} of {len(marks):,}, the best and the worst among them."
    drawn = svg.grid(axes, inside, unit) + svg.level(axes, 0.0, "zero") + "".join(_dot(axes, mark) for mark in shown)
    return svg.figure(title, drawn, note=note)


def fewer(marks: Sequence[Mark]) -> Sequence[Mark]:
    """Return all marks, or where they are too many for a page some evenly taken ones with the highest and the lowest."""
    if len(marks) <= MARKS_MAX:
        return marks
    step = -(-len(marks) // MARKS_MAX)
    kept = {*range(0, len(marks), step), *(pick(range(len(marks)), key=lambda at: marks[at].y) for pick in (min, max))}
    return [marks[at] for at in sorted(kept)]


def _dot(axes: svg.Axes, mark: Mark) -> str:
    place = f'cx="{axes.x(mark.x):.1f}" cy="{axes.y(mark.y):.1f}" r="3"'
    return f'<circle class="{mark.kind}" {place}><title>{escape(mark.text)}</title></circle>'
