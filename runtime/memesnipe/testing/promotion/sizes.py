"""How often the two tests are wrong, and how fast they are right: seeded, on made-up trades, with the defaults that ship."""

import random
import statistics
from collections.abc import Callable, Sequence

import msgspec

from memesnipe.messages.promotion import PromotionTerms
from memesnipe.promotion.sequential import NOTHING, PPM, START, doubted, floor_ppm, observed, together, wagered
from memesnipe.promotion.values import WHOLE_BPS
from memesnipe.testing.promotion.edges import drawn, odds_for

TERMS = PromotionTerms()
HORIZON = 1_000
"""Trades that the test for a loss is watched over."""
LONGEST = 20_000
"""Trades after which waiting for an alarm ends."""
PAPER_TRADES = 100
GOOD_TRADES = 200
"""Live trades at the old edge before it dies."""
SOL = 1_000_000_000


class Row(msgspec.Struct, frozen=True):
    """One setting: how often an alarm came, and after how many trades (median, nine of ten; None: later than was waited for)."""

    what: str
    runs: int
    alarms: int
    median: int | None
    nine_of_ten: int | None
    mean: float | None = None
    """Average length of a run, where every run ended."""


def losing(mean: float, seed: int, runs: int) -> Row:
    """Return how often a strategy of this mean per trade is demoted for losing within the horizon."""
    return _row(f"{mean:+.0%}", [_loss_alarm(mean, random.Random(f"loss {mean} {seed} {run}"), HORIZON) for run in range(runs)])  # noqa: S311 - luck


def decaying(after: float, before: float, seed: int, runs: int) -> Row:
    """Return how many trades after its death an edge of `before` a trade, proven on paper, is found to bring `after`."""
    found = [_decay_alarm(after, before, random.Random(f"decay {after} {before} {seed} {run}"), HORIZON) for run in range(runs)]  # noqa: S311 - luck
    return _row(f"{before:+.0%} to {after:+.0%}", found)


def false_alarms(seed: int, runs: int) -> Row:
    """Return how long the test for decay waits for an alarm where the mean is exactly the claimed one, 0: its worst case."""
    found = [_run_length(random.Random(f"length {seed} {run}")) for run in range(runs)]  # noqa: S311 - luck
    row = _row("0 and claimed to be 0", found)
    return msgspec.structs.replace(row, mean=statistics.fmean(LONGEST if one is None else one for one in found))


def _trade(luck: random.Random, odds: float) -> float:
    return observed(round(drawn(luck, odds) * SOL), SOL)


def _loss_alarm(mean: float, luck: random.Random, horizon: int) -> int | None:
    odds, bound, fortunes = odds_for(mean), WHOLE_BPS / TERMS.loss_level_bps, START
    for place in range(1, horizon + 1):
        fortunes = wagered(fortunes, _trade(luck, odds))
        if together(fortunes) >= bound:
            return place
    return None


def _decay_alarm(after: float, before: float, luck: random.Random, horizon: int) -> int | None:
    """An alarm before the death is a false one; it counts as found at once, which only happens where the claim is wrong."""
    good, dead = odds_for(before), odds_for(after)
    floor = floor_ppm(tuple(_trade(luck, good) for _ in range(PAPER_TRADES))) / PPM
    sums = NOTHING
    for _ in range(GOOD_TRADES):
        sums = doubted(sums, _trade(luck, good), floor)
        if together(sums) >= TERMS.decay_alarm_trades:
            return 0
    return _until(lambda: _trade(luck, dead), floor, horizon, sums)


def _run_length(luck: random.Random) -> int | None:
    odds = odds_for(0.0)
    return _until(lambda: _trade(luck, odds), 0.0, LONGEST, NOTHING)


def _until(trade: Callable[[], float], floor: float, horizon: int, sums: tuple[float, ...]) -> int | None:
    for place in range(1, horizon + 1):
        sums = doubted(sums, trade(), floor)
        if together(sums) >= TERMS.decay_alarm_trades:
            return place
    return None


def _row(what: str, found: Sequence[int | None]) -> Row:
    came = sorted(one for one in found if one is not None)
    places = [len(found) * share // 10 for share in (5, 9)]
    median, nine = (came[place] if place < len(came) else None for place in places)
    return Row(what, len(found), len(came), median, nine)


def table(head: str, rows: Sequence[Row]) -> list[str]:
    """Return rows as a Markdown table."""
    lines = [f"| {head} | runs | demoted | after trades (median) | (nine of ten) |", "|---|---|---|---|---|"]
    return lines + [
        f"| {one.what} | {one.runs:,} | {one.alarms / one.runs:.1%} | {_said(one.median)} | {_said(one.nine_of_ten)} |" for one in rows
    ]


def _said(trades: int | None) -> str:
    return "-" if trades is None else f"{trades:,}"
