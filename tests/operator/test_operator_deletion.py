"""Deleting a Strategy: its pod goes at once, its positions are closed or waited for, and nothing it holds is ever stranded."""

from collections.abc import Iterator

import pytest

from memesnipe.messages.bounds import Mode
from memesnipe.testing.builders import MINT, OTHER_MINT
from memesnipe.testing.operators import Shared


@pytest.fixture
def desk(shared: Shared) -> Iterator[Shared]:
    """Nothing is held, and deletion closes."""
    shared.seen.hold()
    shared.resources.limits(onDelete="Close")
    yield shared
    shared.seen.hold()


def a_live(desk: Shared, name: str) -> None:
    desk.resources.strategy(name, mode="live")
    desk.resources.until(lambda: desk.seen.lease(name) and desk.resources.trades(name), f"{name} is live")


def why(desk: Shared, name: str) -> str:
    return str(desk.resources.status(name).get("why"))


def asked_for(desk: Shared, name: str) -> list[str]:
    return [one.mint for one in desk.seen.close_requests() if one.strategy == name]


def test_a_strategy_with_open_positions_closes_them_says_so_and_goes_when_they_are_closed(desk: Shared) -> None:
    a_live(desk, "holder")
    desk.seen.hold("holder", MINT, OTHER_MINT)

    desk.resources.delete("strategies", "holder")

    desk.resources.until(lambda: desk.resources.owned("deployments", "holder") is None, "its pod is gone")
    desk.resources.until(lambda: "closing 2 positions" in why(desk, "holder"), "it says what it waits for")
    desk.resources.until(lambda: (desk.seen.lease("holder"), bool(desk.seen.exit_lease("holder"))) == (None, True), "only exits are left")
    desk.resources.remains(lambda: sorted(asked_for(desk, "holder")), "what was asked to be closed", 2.5)
    assert sorted(asked_for(desk, "holder")) == sorted([MINT, OTHER_MINT])
    assert {"executor-holder"} <= desk.seen.users()

    desk.seen.hold()

    desk.resources.until(lambda: desk.resources.get("strategies", "holder") is None, "it is gone")
    desk.resources.until(lambda: "executor-holder" not in desk.seen.users(), "its user is gone")
    desk.resources.until(lambda: desk.seen.exit_lease("holder") is None, "its exit lease is gone")
    assert desk.seen.client.keys("orders:*holder") == []
    assert "Gone" in dict(desk.resources.events("holder"))


def test_a_strategy_that_may_not_close_waits_for_a_person_and_says_so(desk: Shared) -> None:
    desk.resources.limits(onDelete="Refuse")
    desk.resources.strategy("refuser")
    desk.resources.until(lambda: desk.resources.trades("refuser"), "it trades")
    desk.seen.hold("refuser", MINT, mode=Mode.PAPER)

    desk.resources.delete("strategies", "refuser")

    desk.resources.until(lambda: "onDelete is Refuse" in why(desk, "refuser"), "it says what it waits for")
    assert "memesnipe close" in why(desk, "refuser")
    assert desk.resources.status("refuser")["openPositions"] == 1
    assert asked_for(desk, "refuser") == []
    desk.seen.hold()
    desk.resources.until(lambda: desk.resources.get("strategies", "refuser") is None, "it is gone")


def test_a_strategy_of_the_same_name_may_come_again_at_once(desk: Shared) -> None:
    desk.resources.strategy("phoenix")
    desk.resources.until(lambda: desk.resources.trades("phoenix"), "it trades")
    desk.resources.delete("strategies", "phoenix")
    desk.resources.until(lambda: desk.resources.get("strategies", "phoenix") is None, "it is gone")

    desk.resources.strategy("phoenix")

    desk.resources.until(lambda: desk.resources.trades("phoenix"), "it trades again")
    desk.resources.until(lambda: "executor-phoenix" in desk.seen.users(), "it has a user")
