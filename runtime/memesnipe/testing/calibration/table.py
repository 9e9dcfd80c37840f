"""Size and power as a table a person can read: rates with their intervals, beside what the strategies were like."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist, fmean, median

import msgspec

from memesnipe.evidence.verdict import Metrics, Thresholds, judge

DEFAULTS = Thresholds()
HEAD = "| studies | count | pass | 95% interval | tried once, pass | 95% interval | trades (least, median) | Sharpe a day (mean) |"
_Z = NormalDist().inv_cdf(0.975)


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one study."""

    row: str
    number: int
    parameters: dict[str, str | int | float]
    """Of the first setting."""
    drawn: int
    """How many strategies were drawn until one traded enough to be judged."""
    trades: int
    """Closed out of sample."""
    sharpe: float
    """Of the walk-forward, for one day, net."""
    metrics: Metrics | None
    """None where a cheap demand failed already: then nothing dear was measured."""
    metrics_alone: Metrics | None
    """Of the first setting, as the only one that was ever tried."""


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a row's studies pass; `low` to `high` is Wilson's 95% interval of the share."""

    row: str
    count: int
    passed: int
    low: float
    high: float
    passed_alone: int
    low_alone: float
    high_alone: float
    trades_least: int
    trades_median: float
    sharpe_mean: float
    """Of the walk-forwards: nobody chose by what is averaged here, so it is what the strategies really earn."""
    drawn: int
    """Strategies that were drawn; those above `count` traded too seldom to be judged."""


def rates(judged: Sequence[Judged], thresholds: Thresholds = DEFAULTS) -> tuple[Rate, ...]:
    """Return a row for each kind of study, in the order they come in; `thresholds` as strict as the default ones, or stricter."""
    rows = dict.fromkeys(one.row for one in judged)
    return tuple(_rate(name, [one for one in judged if one.row == name], thresholds) for name in rows)


def passes(metrics: Metrics | None, thresholds: Thresholds = DEFAULTS) -> bool:
    """Ask the gate."""
    return metrics is not None and judge(metrics, thresholds).passed


def interval(hits: int, count: int) -> tuple[float, float]:
    """Return Wilson's 95% interval of a share (Wilson, 1927; it holds near 0 and 1, where hits plus or minus two deviations do not)."""
    share, squared = hits / count, _Z**2
    middle = (share + squared / (2 * count)) / (1 + squared / count)
    half = _Z / (1 + squared / count) * sqrt(share * (1 - share) / count + squared / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def lines(found: Sequence[Rate]) -> list[str]:
    """Return the table, line by line."""
    return [HEAD, "|" + "---|" * (HEAD.count("|") - 1), *map(_line, found)]


def _rate(name: str, judged: Sequence[Judged], thresholds: Thresholds) -> Rate:
    count = len(judged)
    passed = sum(passes(one.metrics, thresholds) for one in judged)
    alone = sum(passes(one.metrics_alone, thresholds) for one in judged)
    (low, high), (low_alone, high_alone) = interval(passed, count), interval(alone, count)
    return Rate(
        row=name,
        count=count,
        passed=passed,
        low=low,
        high=high,
        passed_alone=alone,
        low_alone=low_alone,
        high_alone=high_alone,
        trades_least=min(one.trades for one in judged),
        trades_median=median(one.trades for one in judged),
        sharpe_mean=fmean(one.sharpe for one in judged),
        drawn=sum(one.drawn for one in judged),
    )


def _line(one: Rate) -> str:
    whole, alone = _span(one.low, one.high), _span(one.low_alone, one.high_alone)
    trades = f"{one.trades_least}, {one.trades_median:.0f}"
    return f"| {one.row} | {one.count:,} | {one.passed:,} | {whole} | {one.passed_alone:,} | {alone} | {trades} | {one.sharpe_mean:.3f} |"


def _span(low: float, high: float) -> str:
    return f"{low:.1%} to {high:.1%}"
