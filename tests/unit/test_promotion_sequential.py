"""The two tests that may be looked at after every trade: what they promise, on made-up trades."""

import random
from itertools import product

import pytest

from memesnipe.promotion.sequential import GAIN_MAX, NOTHING, PPM, START, doubted, floor_ppm, observed, together, wagered


def test_a_gain_without_end_counts_up_to_the_cap_and_a_loss_counts_whole() -> None:
    assert observed(50, 10) == GAIN_MAX
    assert observed(-11, 10) == -1.1


@pytest.mark.parametrize(("x", "floor"), list(product((-1.5, 0.0, GAIN_MAX), (0.0, 0.5, 1.9))))
def test_no_trade_ever_ruins_who_bets(x: float, floor: float) -> None:
    assert all(one > 0.0 for one in (*wagered(START, x), *doubted(NOTHING, x, floor)))


@pytest.mark.parametrize("floor", [0.0, 0.1])
def test_a_fair_trade_leaves_the_bettors_where_they_were_on_average(floor: float) -> None:
    fair = (floor - 0.3, floor + 0.3)

    assert sum(together(wagered(START, x)) for x in (-0.3, 0.3)) / 2 == pytest.approx(1.0)
    assert sum(together(doubted(NOTHING, x, floor)) for x in fair) / 2 == pytest.approx(1.0)


def test_one_that_loses_nothing_is_hardly_ever_taken_for_one_that_loses() -> None:
    random_ = random.Random(3)
    alarms = 0
    for _ in range(300):
        fortunes, worst = START, 1.0
        for _ in range(300):
            fortunes = wagered(fortunes, random_.choice((-0.2, -0.2, 0.4)))
            worst = max(worst, together(fortunes))
        alarms += worst >= 20.0

    assert alarms / 300 <= 0.05


def test_an_alarm_takes_as_many_trades_as_it_promises_while_nothing_changed() -> None:
    random_ = random.Random(4)
    lengths = []
    for _ in range(100):
        sums, length = NOTHING, 0
        while together(sums) < 100.0:
            sums, length = doubted(sums, random_.choice((-0.2, -0.2, 0.4)), 0.0), length + 1
        lengths.append(length)

    assert sum(lengths) / 100 >= 100.0


@pytest.mark.parametrize("x", [-1.0, 0.0, GAIN_MAX])
def test_paper_results_that_are_all_at_the_cap_leave_a_claim_that_can_be_bet_against(x: float) -> None:
    floor = floor_ppm((GAIN_MAX, GAIN_MAX)) / PPM

    assert all(one > 0.0 for one in doubted(NOTHING, x, floor))


def test_what_paper_showed_counts_at_its_lower_end_and_never_below_nothing() -> None:
    assert floor_ppm((0.1, 0.1, 0.1)) == PPM // 10
    assert floor_ppm((0.1, 0.5, -0.4)) == 0
    assert floor_ppm((0.1,)) == floor_ppm(()) == 0
    assert 0 < floor_ppm((0.2, 0.1, 0.15) * 20) < 0.15 * PPM
