"""Clocks that lie: what is counted or remembered by time stays on the safe side."""

import pytest

from memesnipe.consumers.book import Book
from memesnipe.consumers.decide import Bounds, admit
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput
from memesnipe.risk.book import Account
from memesnipe.testing.builders import START_NS, a_tick

S = NS_PER_S
BOUNDS = Bounds(age_ns_max=3_600 * S, future_ns_max=60 * S)


@pytest.mark.parametrize("back_s", [1, 59, 300, 86_400])
def test_a_clock_that_steps_back_does_not_make_room_under_the_order_rate(back_s: int) -> None:
    account = Account(orders_by_second={START_NS // S: 60})

    assert account.orders_last_minute(START_NS - back_s * S) == 60


def test_a_clock_that_steps_back_refuses_what_now_lies_in_the_future_and_takes_it_when_it_is_time() -> None:
    book, tick = Book(), a_tick(time_ns=START_NS)

    with pytest.raises(BadInput, match="in the future"):
        admit(book, tick, START_NS - 300 * S, BOUNDS)

    assert admit(book, tick, START_NS, BOUNDS)


def test_a_repeat_after_the_clock_stepped_back_is_still_a_repeat() -> None:
    book, tick = Book(), a_tick(time_ns=START_NS)
    admit(book, tick, START_NS, BOUNDS)

    assert not admit(book, tick, START_NS - 300 * S, BOUNDS)


@pytest.mark.parametrize("slot", [0, 1_000])
def test_after_a_fork_prices_of_the_abandoned_slots_are_refused_and_the_new_one_goes_on(slot: int) -> None:
    book = Book()
    admit(book, a_tick(slot=1_001), START_NS, BOUNDS)

    with pytest.raises(BadInput, match=f"slot {slot} after slot 1001"):
        admit(book, a_tick(slot=slot), START_NS, BOUNDS)

    assert admit(book, a_tick(slot=1_001), START_NS, BOUNDS)
