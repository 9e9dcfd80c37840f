"""What each hop of a fill took: in its order, once, and never a sum of several passed off as one."""

import pytest

from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import Fill, way_of
from memesnipe.positions.order_path import hops_of
from memesnipe.testing.builders import START_NS, a_fill, an_approved, an_intent

MS = 1_000_000


def at(ms: int) -> int:
    return START_NS + ms * MS


def a_walked(mode: Mode, *, wished_ms: int = 402, **stamps_ms: int) -> Fill:
    intent = an_intent(wished_ns=at(wished_ms))
    way = way_of(intent, an_approved(intent, time_ns=at(405)), **{f"{name}_ns": at(ms) for name, ms in stamps_ms.items()})
    return a_fill(intent, mode=mode, time_ns=at(900), way=way)


def test_a_live_fill_tells_what_each_hop_took() -> None:
    fill = a_walked(Mode.LIVE, taken=407, quoted=540, signed=552, sent=553)

    assert dict(hops_of(fill)) == pytest.approx(
        {"wish": 0.002, "approved": 0.003, "taken": 0.002, "quoted": 0.133, "signed": 0.012, "sent": 0.001, "ended": 0.347}
    )


def test_a_paper_fill_waits_in_the_guard_s_hands_until_it_ends() -> None:
    assert dict(hops_of(a_walked(Mode.PAPER, taken=407))) == pytest.approx(
        {"wish": 0.002, "approved": 0.003, "taken": 0.002, "ended": 0.493}
    )


def test_hops_around_one_that_nobody_remembers_are_left_out() -> None:
    assert [hop for hop, _ in hops_of(a_walked(Mode.LIVE, quoted=540))] == ["wish", "approved"]


def test_a_clock_that_is_behind_makes_no_hop_shorter_than_nothing() -> None:
    assert dict(hops_of(a_walked(Mode.PAPER, wished_ms=399, taken=407)))["wish"] == 0.0


def test_a_fill_of_a_release_without_ways_tells_nothing() -> None:
    assert list(hops_of(a_fill())) == []
