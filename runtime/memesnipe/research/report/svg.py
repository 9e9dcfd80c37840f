"""Plots as SVG text, drawn by hand: a page that needs no script, no font and no network can be mailed and still be read in ten years."""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10

import msgspec

WIDTH, HEIGHT = 860, 240
LEFT, RIGHT, TOP, BOTTOM = 84, 12, 12, 26
TICKS = 5
POINTS_MAX = 1_200


class Axes(msgspec.Struct, frozen=True):
    """A rectangle of data and how its edges are labelled."""

    x_min: float
    x_max: float
    y_min: float
    y_max: float

    def x(self, value: float) -> float:
        """Return where a value is from the left, in pixels."""
        return LEFT + (value - self.x_min) / (self.x_max - self.x_min or 1.0) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return where a value is from the top, in pixels."""
        return HEIGHT - BOTTOM - (value - self.y_min) / (self.y_max - self.y_min or 1.0) * (HEIGHT - TOP - BOTTOM)


class Mark(msgspec.Struct, frozen=True):
    """A dot, its class (which gives its colour) and the text that is shown when it is pointed at."""

    x: float
    y: float
    kind: str
    text: str


def axes_of(xs: Sequence[float], ys: Sequence[float]) -> Axes:
    """Return axes that hold all values; with room where they are all the same."""
    x_min, x_max, y_min, y_max = min(xs), max(xs), min(ys), max(ys)
    room = (y_max - y_min) * 0.05 or abs(y_max) * 0.05 or 1.0
    return Axes(x_min, x_max, y_min - room, y_max + room)


def line(points: Sequence[tuple[float, float]], title: str, x_labels: tuple[str, str], kind: str = "line", unit: str = "") -> str:
    """Return a curve over time."""
    if len(points) < 2:
        return empty(title)
    thinned = points[:: max(1, len(points) // POINTS_MAX)]
    axes = axes_of([x for x, _ in points], [y for _, y in points])
    path = " ".join(f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in (*thinned, points[-1]))
    return _figure(title, _grid(axes, x_labels, unit) + f'<polyline class="{kind}" points="{path}"/>')


def scatter(marks: Sequence[Mark], title: str, x_labels: tuple[str, str], unit: str = "") -> str:
    """Return dots over time, with a line at zero."""
    if not marks:
        return empty(title)
    axes = axes_of([mark.x for mark in marks], [*(mark.y for mark in marks), 0.0])
    dots = "".join(
        f'<circle class="{mark.kind}" cx="{axes.x(mark.x):.1f}" cy="{axes.y(mark.y):.1f}" r="3"><title>{escape(mark.text)}</title></circle>'
        for mark in marks
    )
    return _figure(title, _grid(axes, x_labels, unit) + _level(axes, 0.0, "zero") + dots)


def bars(rows: Sequence[tuple[str, float, str]], title: str) -> str:
    """Return horizontal bars: (label, value, the value as text)."""
    largest = max((value for _, value, _ in rows), default=0.0) or 1.0
    step, left = 30, 150
    drawn = "".join(
        f'<text x="{left - 8}" y="{number * step + 20}" text-anchor="end">{escape(label)}</text>'
        f'<rect class="bar" x="{left}" y="{number * step + 6}" width="{max(0.0, value) / largest * (WIDTH - left - 190):.1f}" height="20"/>'
        f'<text x="{left + max(0.0, value) / largest * (WIDTH - left - 190) + 8:.1f}" y="{number * step + 20}">{escape(text)}</text>'
        for number, (label, value, text) in enumerate(rows)
    )
    return _figure(title, drawn, len(rows) * step + 12)


def empty(title: str) -> str:
    """Return the frame of a plot that has nothing to show, and says so."""
    return _figure(title, f'<text x="{WIDTH / 2}" y="40" text-anchor="middle">nothing to show</text>', 80)


def round_levels(low: float, high: float) -> list[float]:
    """Return the multiples of 1, 2 or 5 times a power of ten between two values, some `TICKS` of them."""
    least = (high - low) / TICKS
    power = 10.0 ** floor(log10(least))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least)
    return [number * step for number in range(ceil(low / step), floor(high / step) + 1)]


def _grid(axes: Axes, x_labels: tuple[str, str], unit: str) -> str:
    lines = "".join(_level(axes, level, "grid") + _label(axes, level, unit) for level in round_levels(axes.y_min, axes.y_max))
    below = HEIGHT - 8
    first, last = (escape(label) for label in x_labels)
    return lines + f'<text x="{LEFT}" y="{below}">{first}</text><text x="{WIDTH - RIGHT}" y="{below}" text-anchor="end">{last}</text>'


def _level(axes: Axes, value: float, kind: str) -> str:
    y = axes.y(value)
    return f'<line class="{kind}" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>'


def _label(axes: Axes, value: float, unit: str) -> str:
    return f'<text x="{LEFT - 6}" y="{axes.y(value) + 4:.1f}" text-anchor="end">{value:,.6g}{escape(unit)}</text>'


def _figure(title: str, inside: str, height: float = HEIGHT) -> str:
    name = escape(title)
    drawn = f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{name}">{inside}</svg>'
    return f"<figure><figcaption>{name}</figcaption>{drawn}</figure>"
