"""What every plot stands in: axes, grid, labels, caption. SVG text, drawn by hand: a page that needs no script, no font and no network
can be mailed and still be read in ten years. Colours are classes, so that the page gives them, light and dark (`style`)."""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, isfinite, log10

import msgspec

WIDTH, HEIGHT = 860, 240
TICKS = 5
EDGE = 30
"""A label nearer to an edge than this is written away from it, in pixels."""

Tick = tuple[float, str]
"""Where, in the data's unit, and what is written there."""


class Box(msgspec.Struct, frozen=True):
    """Where in the picture the data goes: the edges in pixels."""

    left: float = 84
    top: float = 12
    right: float = WIDTH - 12
    bottom: float = HEIGHT - 26


class Axes(msgspec.Struct, frozen=True):
    """A rectangle of data, and the box of the picture that it fills."""

    x_min: float
    x_max: float
    y_min: float
    y_max: float
    box: Box = Box()

    def x(self, value: float) -> float:
        """Return where a value is from the left, in pixels."""
        return self.box.left + (value - self.x_min) / (self.x_max - self.x_min or 1.0) * (self.box.right - self.box.left)

    def y(self, value: float) -> float:
        """Return where a value is from the top, in pixels."""
        return self.box.bottom - (value - self.y_min) / (self.y_max - self.y_min or 1.0) * (self.box.bottom - self.box.top)


def axes_of(xs: Sequence[float], ys: Sequence[float], box: Box | None = None) -> Axes:
    """Return axes that hold all values; with room where they are all the same. Raises ValueError without any."""
    x_min, x_max, y_min, y_max = min(xs), max(xs), min(ys), max(ys)
    room = (y_max - y_min) * 0.05 or abs(y_max) * 0.05 or 1.0
    return Axes(x_min, x_max, y_min - room, y_max + room, box or Box())


def grid(axes: Axes, x_ticks: Sequence[Tick], unit: str = "", ticks: int = TICKS) -> str:
    """Return the lines of round levels with their labels, and what is written below the data."""
    levels = round_levels(axes.y_min, axes.y_max, ticks)
    return "".join(level(axes, value, "grid") + _y_label(axes, value, unit) for value in levels) + below(axes, x_ticks)


def below(axes: Axes, x_ticks: Sequence[Tick]) -> str:
    """Return what is written below the data."""
    return "".join(_x_label(axes, at, words) for at, words in x_ticks)


def level(axes: Axes, value: float, kind: str) -> str:
    """Return a line across the data at a value."""
    y = axes.y(value)
    return f'<line class="{kind}" x1="{axes.box.left:g}" y1="{y:.1f}" x2="{axes.box.right:g}" y2="{y:.1f}"/>'


def upright(axes: Axes, value: float, kind: str) -> str:
    """Return a line from bottom to top at a value."""
    x = axes.x(value)
    return f'<line class="{kind}" x1="{x:.1f}" y1="{axes.box.top:g}" x2="{x:.1f}" y2="{axes.box.bottom:g}"/>'


def text(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    """Return words at a place in pixels."""
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(words)}</text>'


def round_levels(low: float, high: float, ticks: int = TICKS) -> list[float]:
    """Return the multiples of 1, 2 or 5 times a power of ten between two values, some `ticks` of them; none where they do not differ."""
    least = (high - low) / ticks
    if not (isfinite(least) and least > 0):
        return []
    power = 10.0 ** floor(log10(least))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least)
    return [number * step for number in range(ceil(low / step), floor(high / step) + 1)]


def figure(title: str, inside: str, height: float = HEIGHT, *, keys: Sequence[tuple[str, str]] = (), note: str = "") -> str:
    """Return a picture with its caption; `keys` are (class, name) of what is drawn in several colours, `note` is a sentence below."""
    name = escape(title)
    legend = "".join(f' <span class="key {kind}">{escape(words)}</span>' for kind, words in keys)
    drawn = f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{name}">{inside}</svg>'
    below = f"<p>{escape(note)}</p>" if note else ""
    return f"<figure><figcaption>{name}{legend}</figcaption>{drawn}{below}</figure>"


def empty(title: str, why: str = "nothing to show") -> str:
    """Return the frame of a plot that has nothing to show, and says so."""
    return figure(title, text(WIDTH / 2, 40, why, "middle"), 80)


def _y_label(axes: Axes, value: float, unit: str) -> str:
    return text(axes.box.left - 6, axes.y(value) + 4, f"{value:,.6g}{unit}", "end")


def _x_label(axes: Axes, at: float, words: str) -> str:
    x = axes.x(at)
    anchor = "start" if x < axes.box.left + EDGE else "end" if x > axes.box.right - EDGE else "middle"
    return text(x, axes.box.bottom + 18, words, anchor)
