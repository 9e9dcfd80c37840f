"""When many live orders beside their paper twins are a gap that the model allows, and when not."""

from typing import Any

import pytest

from memesnipe.evidence.gap import Gap, gap_of, objection
from memesnipe.messages.pairs import Pair, PairEnd
from memesnipe.testing.builders import SOL, START_NS, a_pair

BPS = SOL // 10 // 10_000
"""Of the size of a pair, in lamports."""


def pair(number: int = 0, *, live_bps: int = 0, **changes: Any) -> Pair:
    live = {"live_lamports": live_bps * BPS, "there_lamports": live_bps * BPS}
    return a_pair(time_ns=START_NS + number, **live | changes)


def failed(number: int, **changes: Any) -> Pair:
    return pair(number, end=PairEnd.FAILED, **changes)


def test_a_gap_is_the_median_of_what_both_have_filled() -> None:
    gap = gap_of([pair(1, live_bps=-20), pair(2, live_bps=-5), pair(3, live_bps=10), pair(4, paper_lamports=None), failed(5)])

    assert (gap.pairs, gap.filled, gap.median_bps, gap.worst_bps, gap.newest_ns) == (5, 4, -5, -20, START_NS + 5)


def test_twenty_orders_within_the_band_are_in_band() -> None:
    assert objection(gap_of([pair(number, live_bps=number) for number in range(20)])) == ""


def test_few_orders_prove_nothing() -> None:
    assert "19 live orders" in objection(gap_of([pair(number) for number in range(19)]))


@pytest.mark.parametrize(("pairs", "since"), [(19, None), (20, 0), (25, 5)])
def test_since_when_enough_orders_were_compared_is_the_time_of_the_twentieth_newest(pairs: int, since: int | None) -> None:
    gap = gap_of([pair(place) for place in range(pairs)])

    assert gap.enough_ns == (0 if since is None else START_NS + since)
    assert objection(Gap())


def test_orders_that_come_out_worse_than_paper_thinks_possible_are_out_of_band() -> None:
    pairs = [pair(number, live_bps=-200 if number < 3 else 0) for number in range(20)]

    assert objection(gap_of(pairs)).startswith("17 of 20 live orders ended where the paper model says they can")


@pytest.mark.parametrize(("failures", "allowed"), [(2, True), (3, False)])
def test_more_failures_than_the_odds_allow_are_out_of_band_although_each_was_possible(failures: int, allowed: bool) -> None:
    gap = gap_of([failed(number) if number < failures else pair(number) for number in range(20)])

    assert (objection(gap) == "") is allowed
    assert gap.failed_max == 2  # 20 orders at 2%: 0.4, and two deviations of 0.63


def test_orders_that_never_land_are_out_of_band_however_few_fail() -> None:
    pairs = [pair(number, end=PairEnd.MISSED if number < 3 else PairEnd.FILLED) for number in range(20)]

    assert objection(gap_of(pairs))
