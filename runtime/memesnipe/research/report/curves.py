"""Curves: one or several over the same time, with gaps where nothing is known."""

from collections.abc import Sequence
from math import isfinite

import msgspec

from memesnipe.research.report import svg

POINTS_MAX = 1_200
Point = tuple[float, float | None]
"""(x, y); None breaks the curve."""


class Curve(msgspec.Struct, frozen=True):
    """A curve: what it is called, its class (which gives its colour) and its points in order of x."""

    name: str
    kind: str
    points: Sequence[Point]


def line(points: Sequence[Point], title: str, x_labels: tuple[str, str], kind: str = "line", unit: str = "") -> str:
    """Return one curve over time."""
    return lines((Curve("", kind, points),), title, x_labels, unit)


def lines(curves: Sequence[Curve], title: str, x_labels: tuple[str, str], unit: str = "", *, zero: bool = False, note: str = "") -> str:
    """Return several curves on the same axes, with a key where they are more than one, and a line at zero if asked for."""
    known = [y for curve in curves for _, y in curve.points if y is not None and isfinite(y)]
    if len(known) < 2:
        return svg.empty(title)
    axes = svg.axes_of([x for curve in curves for x, _ in curve.points], known + [0.0] * zero)
    grid = svg.grid(axes, ((axes.x_min, x_labels[0]), (axes.x_max, x_labels[1])), unit)
    level = svg.level(axes, 0.0, "zero") if zero else ""
    keys = [(curve.kind, curve.name) for curve in curves] if len(curves) > 1 else []
    return svg.figure(title, grid + level + "".join(_drawn(axes, curve) for curve in curves), keys=keys, note=note)


def thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return at most about `POINTS_MAX` of the points: of each stretch the lowest and the highest, so that no fall is drawn too small."""
    if len(points) <= POINTS_MAX:
        return list(points)
    length = -(-2 * len(points) // POINTS_MAX)
    kept = [points[0]]
    for start in range(0, len(points), length):
        stretch = points[start : start + length]
        ends = (min(stretch, key=lambda point: point[1]), max(stretch, key=lambda point: point[1]))
        kept += sorted(set(ends))
    return [*kept, points[-1]]


def _drawn(axes: svg.Axes, curve: Curve) -> str:
    return "".join(_polyline(axes, run, curve.kind) for run in _runs(curve.points) if len(run) > 1)


def _polyline(axes: svg.Axes, run: Sequence[tuple[float, float]], kind: str) -> str:
    path = " ".join(f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in thinned(run))
    return f'<polyline class="{kind}" points="{path}"/>'


def _runs(points: Sequence[Point]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if y is not None and isfinite(y):
            runs[-1].append((x, y))
        elif runs[-1]:
            runs.append([])
    return runs
