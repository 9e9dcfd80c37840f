"""What a dashboard is made of: numbers on top, then rows of lines. Where a panel goes follows from its place in the table."""

from typing import NamedTuple

SOL, RATE, COUNT, SECONDS, RATIO, BPS = "suffix: SOL", "ops", "short", "s", "percentunit", "suffix: bps"


class Panel(NamedTuple):
    """One picture: its queries with their legends, and for a number the levels from which on it changes colour."""

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    levels: tuple[tuple[float, str], ...] = ()
    halts: bool = False


class Row(NamedTuple):
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


class Board(NamedTuple):
    """One dashboard; `uid` is its file's name and its address."""

    uid: str
    title: str
    stats: tuple[Panel, ...]
    rows: tuple[Row, ...]


def lines(title: str, unit: str, *queries: tuple[str, str]) -> Panel:
    """Return a panel of lines."""
    return Panel(title, unit, queries)


def per_s(metric: str, *labels: str) -> str:
    """Return how often a counter counts, summed by labels."""
    return f"sum by ({', '.join(labels)}) (rate({metric}[$__rate_interval]))" if labels else f"sum(rate({metric}[$__rate_interval]))"


def quantile(share: float, histogram: str, *labels: str) -> str:
    """Return a quantile of a histogram by labels."""
    return f"histogram_quantile({share}, sum by ({', '.join(['le', *labels])}) (rate({histogram}_bucket[$__rate_interval])))"
