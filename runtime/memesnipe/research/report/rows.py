"""Rows on one scale: amounts as bars, shares with the limit they are held against, ranges with the value inside, and a histogram."""

from collections.abc import Sequence
from math import isfinite

import msgspec

from memesnipe.research.report import svg

STEP, LEFT, RIGHT = 30, 230, 190
"""Height of a row, room for its name, room for its words (pixels)."""
BINS = 40


class Gauge(msgspec.Struct, frozen=True):
    """A share from 0 to 1, its limit, and whether it keeps to it; None: it could not be measured."""

    name: str
    value: float | None
    limit: float
    holds: bool
    words: str


class Range(msgspec.Struct, frozen=True):
    """Values on a scale: a line from the first to the last where they are joined, and dots."""

    name: str
    values: Sequence[float]
    kind: str
    joined: bool
    words: str


def bars(rows: Sequence[tuple[str, float, str]], title: str, note: str = "") -> str:
    """Return horizontal bars: (label, value, the value as text). What is below 0 has no length."""
    largest = max((value for _, value, _ in rows), default=0.0) or 1.0
    drawn = ""
    for number, (label, value, words) in enumerate(rows):
        length = max(0.0, value) / largest * (svg.WIDTH - LEFT - RIGHT)
        drawn += _name(number, label) + _bar(number, length, "bar") + svg.text(LEFT + length + 8, number * STEP + 20, words)
    return svg.figure(title, drawn, len(rows) * STEP + 12, note=note)


def gauges(rows: Sequence[Gauge], title: str, note: str = "") -> str:
    """Return bars on a scale from 0 to 1, each with a mark at its limit."""
    width, drawn = svg.WIDTH - LEFT - RIGHT, ""
    for number, row in enumerate(rows):
        length = width * (row.value if row.value is not None and isfinite(row.value) else 0.0)
        at, y = LEFT + width * row.limit, number * STEP
        drawn += f'<rect class="trough" x="{LEFT}" y="{y + 6}" width="{width}" height="20"/>' + _name(number, row.name)
        drawn += _bar(number, length, "win" if row.holds else "loss")
        drawn += f'<line class="limit" x1="{at:.1f}" y1="{y + 2}" x2="{at:.1f}" y2="{y + 30}"/>'
        drawn += svg.text(LEFT + width + 8, y + 20, row.words)
    return svg.figure(title, drawn, len(rows) * STEP + 12, note=note)


def ranges(rows: Sequence[Range], title: str, note: str = "") -> str:
    """Return rows of values on one scale, with a line at zero."""
    values = [value for row in rows for value in row.values if isfinite(value)]
    if not values:
        return svg.empty(title)
    box = svg.Box(LEFT, 4, svg.WIDTH - RIGHT, len(rows) * STEP + 4)
    axes = svg.Axes(min(*values, 0.0), max(*values, 0.0), 0.0, 1.0, box)
    ticks = [(value, f"{value:.3g}") for value in svg.round_levels(axes.x_min, axes.x_max)]
    drawn = "".join(svg.upright(axes, value, "grid") for value, _ in ticks) + svg.upright(axes, 0.0, "zero") + svg.below(axes, ticks)
    drawn += "".join(_range(axes, number, row) for number, row in enumerate(rows))
    return svg.figure(title, drawn, box.bottom + 26, note=note)


def histogram(values: Sequence[float], title: str, note: str = "") -> str:
    """Return how often values fall into each of some equal bins; those at or below zero are drawn as losses."""
    found = [value for value in values if isfinite(value)]
    if not found:
        return svg.empty(title)
    low, high = min(*found, 0.0), max(*found, 0.0)
    width = (high - low) / BINS or 1.0
    counts = [0] * BINS
    for value in found:
        counts[min(BINS - 1, int((value - low) / width))] += 1
    axes = svg.Axes(low, low + BINS * width, 0.0, max(counts) / len(found) * 105, svg.Box())
    ticks = [(value, f"{value:.3g}") for value in svg.round_levels(axes.x_min, axes.x_max)]
    bins = "".join(_bin(axes, low + at * width, width, 100 * n / len(found)) for at, n in enumerate(counts) if n)
    drawn = svg.grid(axes, ticks, "%") + bins
    return svg.figure(title, drawn + svg.upright(axes, 0.0, "zero"), note=note)


def _bin(axes: svg.Axes, start: float, width: float, percent: float) -> str:
    left, right, top = axes.x(start), axes.x(start + width), axes.y(percent)
    kind = "loss" if start + width / 2 <= 0 else "bar"
    return f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" width="{right - left - 1:.1f}" height="{axes.box.bottom - top:.1f}"/>'


def _range(axes: svg.Axes, number: int, row: Range) -> str:
    y, places = number * STEP + 16, [axes.x(value) for value in sorted(row.values) if isfinite(value)]
    joined = row.joined and len(places) > 1
    line = f'<line class="{row.kind}" x1="{places[0]:.1f}" y1="{y}" x2="{places[-1]:.1f}" y2="{y}"/>' if joined else ""
    dots = "".join(f'<circle class="dot {row.kind}" cx="{x:.1f}" cy="{y}" r="4"/>' for x in places)
    return _name(number, row.name) + line + dots + svg.text(svg.WIDTH - RIGHT + 8, y + 4, row.words)


def _name(number: int, label: str) -> str:
    return svg.text(LEFT - 8, number * STEP + 20, label, "end")


def _bar(number: int, length: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{LEFT}" y="{number * STEP + 6}" width="{length:.1f}" height="20"/>'
