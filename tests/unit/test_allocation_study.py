"""The study of the allocator: seeded, every way in it, and a verdict that is said as it is."""

import numpy as np
import pytest

from memesnipe.allocator.weighing.values import Terms
from memesnipe.testing.allocation.markets import portfolio
from memesnipe.testing.allocation.study import ALLOCATOR, EQUAL, WAYS, outcomes, study, table
from memesnipe.testing.allocation.trading import Outcome, equally, traded

GOOD, POOR = Outcome(0.2, 0.1, 3.0), Outcome(-0.2, 0.4, 1.0)


def found_with(allocator: Outcome, equal: Outcome) -> list[tuple[Outcome, ...]]:
    """Return outcomes of three portfolios, alike but for their size."""
    row = [equal] * len(WAYS)
    row[ALLOCATOR] = allocator
    return [tuple(Outcome(one.growth * scale, one.drawdown, one.turnover) for one in row) for scale in (0.9, 1.0, 1.1)]


def test_a_portfolio_is_traded_every_way_and_the_same_again() -> None:
    found = outcomes(1, Terms(), days=60)

    assert len(found) == len(WAYS)
    assert found == outcomes(1, Terms(), days=60)
    assert found[EQUAL].turnover == pytest.approx(1.0)
    assert found[-1].growth >= found[EQUAL].growth
    assert all(0.0 <= one.drawdown < 1.0 for one in found)


def test_a_table_has_growth_drawdown_and_turnover_of_each_way_with_intervals() -> None:
    shown = table(study(1, found_with(GOOD, POOR)))

    assert [line.split(" | ")[0].removeprefix("| ") for line in shown.splitlines()[2 : 2 + len(WAYS)]] == list(WAYS)
    assert "| allocator | 0.20 (0.18 to 0.22) | 0.10 (0.10 to 0.10) | 3.00 (3.00 to 3.00) |" in shown


@pytest.mark.parametrize(("allocator", "equal", "said"), [(GOOD, POOR, "beats"), (POOR, GOOD, "does NOT surely beat")])
def test_a_study_that_does_not_beat_equal_weights_says_so(allocator: Outcome, equal: Outcome, said: str) -> None:
    assert f"the allocator {said} equal weights" in study(1, found_with(allocator, equal)).sentence()


def test_moving_capital_costs() -> None:
    one = portfolio(1, 30)

    free, dear = (traded(one, equally(one), cost_bps).growth for cost_bps in (0, 100))

    assert free - dear == pytest.approx(-np.log(1 - 0.005))
