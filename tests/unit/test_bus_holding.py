"""What a stage holds back: nothing that caused something, nothing for long, nothing twice."""

from memesnipe.bus.api import Batch, Entry, Output
from memesnipe.bus.holding import HELD_MAX, Held
from memesnipe.bus.topology import PRICE
from memesnipe.testing.builders import a_frame, an_approved, an_intent

ORDER = Output("orders:approved", an_approved(an_intent()), "id")


def prices(*ids: str) -> Batch:
    return Batch("risk_guardian", tuple(Entry(PRICE.name, entry_id, a_frame()) for entry_id in ids))


def test_what_caused_nothing_waits() -> None:
    held = Held(hold_s=60.0)

    held.add(prices("1-0"), [()])

    assert not held.is_due()


def test_what_caused_something_takes_with_it_what_waited_before() -> None:
    held = Held(hold_s=60.0)
    held.add(prices("1-0"), [()])

    held.add(prices("2-0"), [(ORDER,)])

    assert held.is_due()
    assert [entry.id for entry in held.batch().entries] == ["1-0", "2-0"]
    assert held.outputs == [(), (ORDER,)]


def test_nothing_waits_for_longer_than_it_may() -> None:
    held = Held(hold_s=0.0)

    held.add(prices("1-0"), [()])

    assert held.is_due()


def test_a_flood_of_prices_is_committed_before_it_is_over() -> None:
    held = Held(hold_s=60.0)

    held.add(prices(*(f"{number}-0" for number in range(HELD_MAX))), [()] * HELD_MAX)

    assert held.is_due()


def test_empty_hands_are_never_due() -> None:
    assert not Held(hold_s=0.0).is_due()


def test_what_the_bus_gives_again_after_a_lost_connection_is_not_decided_again() -> None:
    held = Held(hold_s=60.0)
    held.add(prices("1-0", "2-0"), [(), ()])

    again = held.unseen(prices("1-0", "2-0", "3-0"))

    assert [entry.id for entry in again.entries] == ["3-0"]
