"""How the result changes with the parameters: a plateau is an edge, a peak among worthless neighbours is luck.

One parameter gives a row of dots with the mean of each value, two give a map of colours, more give one small plot for each of them. What
is shown is the Sharpe ratio of each trial over the whole time, for one observation.
"""

from collections.abc import Mapping, Sequence
from html import escape
from statistics import fmean
from typing import Any

import msgspec

from memesnipe.research.report import svg

MAP_SIDE_MAX = 24
FILLED_MIN = 0.5
"""Of a map's fields: trials that were drawn at random make no map."""
PANELS_ACROSS, PANEL_HEIGHT = 3, 150
LABELS_MAX = 6


class Spot(msgspec.Struct, frozen=True):
    """A trial: its parameters, its Sharpe ratio (None: it did not vary), whether it is the chosen one."""

    parameters: Mapping[str, Any]
    sharpe: float | None
    chosen: bool


def surface(spots: Sequence[Spot]) -> str:
    """Return the picture that suits how many parameters were searched."""
    title = f"Sharpe ratio of {len(spots):,} trials by their parameters"
    names = searched(spots)
    if not names:
        return svg.empty(title, "one set of parameters: nothing was searched")
    if len(names) == 2 and _makes_a_map(spots, names):
        return _map(spots, (names[0], names[1]), title)
    return _panels(spots, names, title)


def searched(spots: Sequence[Spot]) -> list[str]:
    """Return the names of the parameters that differ between trials, sorted."""
    names = sorted({name for spot in spots for name in spot.parameters})
    return [name for name in names if len(values_of(spots, name)) > 1]


def values_of(spots: Sequence[Spot], name: str) -> list[str]:
    """Return the values of a parameter as text, each once: numbers by size, then everything else by its text."""
    found = {_said(spot.parameters.get(name)): spot.parameters.get(name) for spot in spots}
    return sorted(found, key=lambda text: _order(found[text], text))


def _order(value: Any, text: str) -> tuple[bool, float, str]:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return not is_number, float(value) if is_number else 0.0, text


def _makes_a_map(spots: Sequence[Spot], names: Sequence[str]) -> bool:
    sides = [len(values_of(spots, name)) for name in names]
    return max(sides) <= MAP_SIDE_MAX and len(spots) >= FILLED_MIN * sides[0] * sides[1]


def _map(spots: Sequence[Spot], names: tuple[str, str], title: str) -> str:
    across, up = (values_of(spots, name) for name in names)
    box = svg.Box(140, 8, svg.WIDTH - 12, 8 + 26 * len(up))
    wide, most = (box.right - box.left) / len(across), max((abs(spot.sharpe or 0.0) for spot in spots), default=0.0) or 1.0
    drawn = "".join(svg.text(box.left - 8, box.bottom - 26 * row - 8, value, "end") for row, value in enumerate(up))
    drawn += "".join(svg.text(box.left + wide * (at + 0.5), box.bottom + 18, value, "middle") for at, value in _few(across))
    drawn += svg.text(box.right, box.bottom + 36, f"{names[0]} (across), {names[1]} (up)", "end", "strong")
    for spot in sorted(spots, key=lambda spot: spot.chosen):  # the chosen one last, so that nothing covers its edge
        column, row = (side.index(_said(spot.parameters.get(name))) for side, name in zip((across, up), names, strict=True))
        drawn += _field(spot, box.left + wide * column, box.bottom - 26 * (row + 1), wide, most)
    note = "Green is above 0, red below, the stronger the further; the framed one was chosen."
    return svg.figure(title, drawn, box.bottom + 44, note=note)


def _field(spot: Spot, left: float, top: float, wide: float, most: float) -> str:
    value = spot.sharpe or 0.0
    kind, share = ("win" if value > 0 else "loss"), 0.08 + 0.92 * abs(value) / most
    place = f'x="{left + 1:.1f}" y="{top + 1:.1f}" width="{wide - 2:.1f}" height="24"'
    field = f'<rect class="{kind}" fill-opacity="{share:.2f}" {place}><title>{escape(_words(spot))}</title></rect>'
    frame = f'<rect class="edge" {place}/>' if spot.chosen else ""
    number = svg.text(left + wide / 2, top + 17, f"{value:.3f}", "middle", "strong") if wide >= 44 else ""
    return field + frame + number


def _panels(spots: Sequence[Spot], names: Sequence[str], title: str) -> str:
    columns = min(PANELS_ACROSS, len(names))
    drawn = "".join(_panel(spots, name, _place(number, columns)) for number, name in enumerate(names))
    note = "Each dot is a trial, the line is their mean at each value, the framed one was chosen."
    return svg.figure(title, drawn, -(-len(names) // columns) * PANEL_HEIGHT, note=note)


def _place(number: int, columns: int) -> svg.Box:
    wide, top = svg.WIDTH / columns, number // columns * PANEL_HEIGHT
    left = number % columns * wide
    return svg.Box(left + 60, top + 24, left + wide - 12, top + PANEL_HEIGHT - 30)


def _panel(spots: Sequence[Spot], name: str, box: svg.Box) -> str:
    values, known = values_of(spots, name), [(spot, spot.sharpe) for spot in spots if spot.sharpe is not None]
    if not known:
        return svg.text(box.left, box.top, f"{name}: nothing traded")
    axes = svg.axes_of([0.0, len(values) - 1.0], [ratio for _, ratio in known] + [0.0], box)
    drawn = svg.grid(axes, [(float(at), value) for at, value in _few(values)], "", 3) + svg.level(axes, 0.0, "zero")
    at = {value: float(number) for number, value in enumerate(values)}
    means = {value: fmean(found) for value in values if (found := [r for s, r in known if _said(s.parameters.get(name)) == value])}
    path = " ".join(f"{axes.x(at[value]):.1f},{axes.y(mean):.1f}" for value, mean in means.items())
    dots = "".join(_dot(axes, at[_said(spot.parameters.get(name))], spot, ratio) for spot, ratio in known)
    return svg.text(box.left, box.top - 8, name, "start", "strong") + drawn + f'<polyline class="second" points="{path}"/>' + dots


def _dot(axes: svg.Axes, x: float, spot: Spot, ratio: float) -> str:
    place = f'cx="{axes.x(x):.1f}" cy="{axes.y(ratio):.1f}"'
    frame = f'<circle class="edge" {place} r="6"/>' if spot.chosen else ""
    return f'<circle class="dot line" {place} r="2.5"><title>{escape(_words(spot))}</title></circle>{frame}'


def _few(values: Sequence[str]) -> list[tuple[int, str]]:
    """Return some of the values with their places: the labels of many would lie on one another."""
    step = -(-len(values) // LABELS_MAX)
    return [(at, value) for at, value in enumerate(values) if not at % step]


def _words(spot: Spot) -> str:
    ratio = "it did not vary" if spot.sharpe is None else f"Sharpe ratio {spot.sharpe:.4f}"
    return f"{', '.join(f'{name} {_said(value)}' for name, value in sorted(spot.parameters.items()))}: {ratio}"


def _said(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
