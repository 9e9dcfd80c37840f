"""A way as one SVG picture: live capital, live profit and loss, and how far both tests are on their way to an alarm, over time."""

from collections.abc import Callable, Sequence
from html import escape
from itertools import groupby

from memesnipe.messages.promotion import PromotionStage
from memesnipe.research.report.svg import WIDTH, Axes, Box, axes_of, grid, level, text
from memesnipe.testing.promotion.walk import TRADE_NS, Seen, Way

PANEL, GAP, TOP, HEIGHT = 150, 34, 46, 620
STYLE = """
:root { --ink: #1b1f24; --soft: #6a737d; --rule: #d0d7de; --paper: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #8d96a0; --rule: #30363d; --paper: #0d1117; } }
.back { fill: var(--paper); } text { font: 11px system-ui, sans-serif; fill: var(--soft); }
text.strong { fill: var(--ink); font-weight: 600; } .grid { stroke: var(--rule); stroke-width: .5; }
.zero { stroke: var(--soft); stroke-dasharray: 4 3; } polyline { fill: none; stroke-width: 1.5; }
.line { stroke: #0969da; } .second { stroke: #9a6700; } .fall { stroke: #cf222e; stroke-dasharray: 4 3; }
.stage { fill-opacity: .12; } .paper { fill: #8c959f; } .proposed { fill: #bf8700; } .canary { fill: #0969da; } .full { fill: #1a7f37; }
.demoted, .cool_down { fill: #cf222e; }
"""
NAMES = {PromotionStage.DEMOTED: "", PromotionStage.COOL_DOWN: "demoted"}
SOL = 1e9
Curve = tuple[str, Callable[[Seen], float]]
"""Class of its colour, and its value after a trade."""


def drawn(way: Way, title: str, dies_at: int | None) -> str:
    """Return the picture; `dies_at` is the trade from which on the edge is gone."""
    panels = (
        _panel(way.seen, 0, "live capital (SOL)", (("line", lambda one: one.capital_lamports / SOL),)),
        _panel(way.seen, 1, "live profit and loss (SOL)", (("line", lambda one: one.live_pnl_lamports / SOL),)),
        _panel(
            way.seen,
            2,
            "tests, of what demotes: losing (blue), edge gone (ochre)",
            (("line", lambda one: min(one.loss, 1.0)), ("second", lambda one: min(one.decay, 1.0))),
        ),
    )
    bands, died = _bands(way.seen), _died(way.seen, dies_at)
    inside = f'<rect class="back" width="{WIDTH}" height="{HEIGHT}"/>{text(84, 16, title, kind="strong")}{bands}{"".join(panels)}{died}'
    named = escape(title)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{named}">'
    return f"{head}<title>{named}</title><style>{STYLE}</style>{inside}</svg>\n"


def _box(place: int) -> Box:
    top = TOP + place * (PANEL + GAP)
    return Box(top=top, bottom=top + PANEL)


def _panel(seen: Sequence[Seen], place: int, title: str, curves: Sequence[Curve]) -> str:
    axes = axes_of(range(1, len(seen) + 1), [value(one) for one in seen for _, value in curves] + [0.0], _box(place))
    ticks = [(float(at), f"day {at * TRADE_NS // (86_400 * 10**9)}") for at in range(48, len(seen) + 1, 96)] if place == 2 else []
    lines = "".join(_line(axes, seen, kind, value) for kind, value in curves)
    return grid(axes, ticks, ticks=4) + level(axes, 0.0, "zero") + lines + text(axes.box.left, axes.box.top - 4, title)


def _line(axes: Axes, seen: Sequence[Seen], kind: str, value: Callable[[Seen], float]) -> str:
    points = " ".join(f"{axes.x(at):.1f},{axes.y(value(one)):.1f}" for at, one in enumerate(seen, 1))
    return f'<polyline class="{kind}" points="{points}"/>'


def _bands(seen: Sequence[Seen]) -> str:
    """Where it stood, behind all panels; each name once."""
    axes = Axes(1, len(seen), 0.0, 1.0, Box(top=TOP, bottom=_box(2).bottom))
    found, at = "", 1
    for stage, stretch in groupby(seen, key=lambda one: one.stage):
        upto = at + len(list(stretch))
        left, right = axes.x(at), axes.x(min(upto, len(seen)))
        found += (
            f'<rect class="stage {stage.value}" x="{left:.1f}" y="{TOP}" width="{right - left:.1f}" height="{_box(2).bottom - TOP:g}"/>'
        )
        found += _named(NAMES.get(stage, stage.value), left, right)
        at = upto
    return found


def _named(name: str, left: float, right: float) -> str:
    """A name that is wider than its stretch stands a line lower, where the next one's does not."""
    wide = right - left > 7 * len(name)
    return text((left + right) / 2, TOP - (16 if wide else 4), name, "middle")


def _died(seen: Sequence[Seen], dies_at: int | None) -> str:
    if dies_at is None:
        return ""
    axes = Axes(1, len(seen), 0.0, 1.0, Box(top=TOP, bottom=_box(2).bottom))
    x = axes.x(dies_at)
    line = f'<polyline class="fall" points="{x:.1f},{TOP} {x:.1f},{_box(2).bottom:g}"/>'
    return line + text(x + 4, _box(2).bottom - 6, "the edge dies")
