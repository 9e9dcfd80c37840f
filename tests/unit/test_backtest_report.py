"""The numbers and the page of a backtest: what is unknown is said to be, a name cannot become markup, nothing is loaded from outside."""

import re
from typing import Any

import msgspec
import pytest

from memesnipe.kernel.errors import BadInput
from memesnipe.messages.orders import FillStatus
from memesnipe.research.backtest.curve import POINTS_MAX, EquityCurve, fall_bps
from memesnipe.research.backtest.result import Fault, Result
from memesnipe.research.backtest.returns import DAY_S, returns_of
from memesnipe.research.backtest.stress import Stress
from memesnipe.research.report.page import page_of
from memesnipe.research.report.summary import DAYS_MIN, Summary, sharpe_of, summary_of
from memesnipe.strategy.spec import StrategySpec
from memesnipe.testing.builders import SOL, START_NS, a_fill

NS_PER_DAY = 86_400 * 10**9


def a_result(**changes: Any) -> Result:
    """Return a run of three days in which nothing happened, with changes."""
    result = Result(
        market="tape", market_sha256="00", specs=(StrategySpec("momentum", "momentum", "a0", {}),), policy_hash="b0", seed=7,
        stress=Stress(), capital_lamports=10 * SOL, events=3, first_ns=START_NS, last_ns=START_NS + 2 * NS_PER_DAY, fills=(), trades=(),
        left=(), waiting=0, rejected={}, refused={}, faults=(), halts={}, points=(), closes={}, intents=(), drawdown_bps_max=0,
        net_lamports=0,
    )  # fmt: skip
    return msgspec.structs.replace(result, **changes)


def test_a_drawdown_is_measured_from_the_highest_point_and_rounded_against_us() -> None:
    curve = EquityCurve(1_000)
    for number, pnl in enumerate((0, 500, 1, 400)):
        curve.note(START_NS + number, pnl)

    assert curve.drawdown_bps_max == 3_327
    assert fall_bps(3, 2) == 3_334


def test_a_long_run_keeps_a_bounded_number_of_points_and_its_last_equity() -> None:
    curve = EquityCurve(SOL)
    for number in range(5 * POINTS_MAX):
        curve.note(START_NS + number * 10**9, number + 1)

    assert POINTS_MAX // 8 <= len(curve.points) <= POINTS_MAX
    assert curve.last_lamports == SOL + 5 * POINTS_MAX


def test_a_period_without_news_has_a_return_of_zero() -> None:
    first = START_NS // NS_PER_DAY * 1_440

    returns = returns_of(a_result(closes={first: 12 * SOL, first + 9: 11 * SOL, first + 2 * 1_440: 22 * SOL}), DAY_S)

    assert [round(one, 6) for one in returns] == [0.1, 0.0, 1.1]


def test_a_period_of_broken_minutes_and_a_run_without_capital_have_no_returns() -> None:
    for result, period_s in ((a_result(), 90), (a_result(), 0), (a_result(capital_lamports=0), 60)):
        with pytest.raises(BadInput):
            returns_of(result, period_s)


def test_a_sharpe_ratio_of_a_few_days_or_of_no_spread_is_none() -> None:
    assert sharpe_of([0.1, 0.2, 0.3]) is None
    assert sharpe_of([0.1] * DAYS_MIN) is None
    assert sharpe_of([0.1, 0.2] * DAYS_MIN) is not None


def test_the_fee_of_a_failed_attempt_is_counted_apart() -> None:
    filled = a_fill(fee_lamports=5_000, tip_lamports=10_000)
    failed = a_fill(fee_lamports=7_000, status=FillStatus.FAILED, sol_delta_lamports=-7_000, token_delta_units=0)

    costs = summary_of(a_result(fills=(filled, failed))).costs

    assert (costs.network_fees, costs.failed, costs.tips) == (5_000, 7_000, 10_000)


def test_the_numbers_survive_the_trip_through_json() -> None:
    summary = summary_of(a_result(fills=(a_fill(),), faults=(Fault("momentum", "ValueError", 3, "no"),)))

    assert msgspec.json.decode(msgspec.json.encode(summary), type=Summary) == summary


def test_the_page_says_that_it_is_no_evidence_and_loads_nothing() -> None:
    page = page_of(a_result(points=((START_NS, 10 * SOL, 10 * SOL), (START_NS + 1, 11 * SOL, 11 * SOL))))

    assert "This is a backtest, not evidence" in page
    assert page.count("<figure>") == 6
    assert not re.search(r"<script|<link|src=|href=|url\(|@import|https?:", page)


def test_what_a_strategy_or_a_file_is_called_cannot_become_markup() -> None:
    page = page_of(a_result(market="<script>alert(1)</script>", faults=(Fault("momentum", "x", 1, "<img onerror=x>"),)))

    assert "<script>" not in page
    assert "<img" not in page
