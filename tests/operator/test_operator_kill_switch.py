"""The kill switch by kubectl: said on the channel and taken out of the leases within a second, once, and never against a drawdown halt."""

import statistics
import time
from collections.abc import Callable, Iterator

import pytest

from memesnipe.approvals.leases import check
from memesnipe.bus.topology import KILL_SWITCH
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import PORTFOLIO
from memesnipe.messages.signing import Lease
from memesnipe.testing.operators import Shared, trusted

ACTIVE, REDUCE_ONLY, HALTED, FROZEN = HaltState
ROUNDS = 10


@pytest.fixture
def desk(shared: Shared) -> Iterator[Shared]:
    """A live Strategy named momentum, and nothing halted; reopened in the end."""
    shared.resources.strategy("momentum", mode="live")
    reopen(shared)
    yield shared
    reopen(shared)


def reopen(desk: Shared) -> None:
    """A person resumes everyone and everything, whoever halted it; the policy says Active afterwards, and has been heard."""
    said = desk.seen.said()
    for scope in {command.scope for command in said}:
        desk.seen.halt(ACTIVE, "cli", "the test is over", scope)
    reason = f"reopened after {len(said)}"
    pull(desk, state="Active", reason=reason, strategies=None)
    if said:  # else Active stands there for the first time, which says nothing
        desk.resources.until(lambda: reason in [one.reason for one in desk.seen.said()], "the policy is heard")
    desk.resources.until(lambda: desk.seen.lease("momentum") and desk.resources.trades("momentum"), "momentum is live")
    desk.resources.until(lambda: status(desk).get("halt") == "Active", "nothing is halted")


def status(desk: Shared) -> dict[str, object]:
    return desk.resources.status("default", "riskpolicies")


def pull(desk: Shared, **switch: object) -> None:
    desk.resources.change("riskpolicies", "default", {"killSwitch": switch})


def lease_of(desk: Shared, strategy: str) -> Lease:
    return check(desk.seen.lease(strategy) or b"", trusted(desk.operator.folder), time.time_ns())


def test_a_patched_kill_switch_is_said_and_takes_the_lease_within_a_second(desk: Shared) -> None:
    said_ms, taken_ms = [], []
    for number in range(ROUNDS):
        before = desk.seen.client.xlen(KILL_SWITCH.name)
        pull(desk, state="Halted", reason=f"round {number}")
        written_s = time.time()  # the API server has it and its watch event is under way
        said_ms.append(measured(lambda before=before: desk.seen.client.xlen(KILL_SWITCH.name) > before, written_s))  # type: ignore[misc]
        taken_ms.append(measured(lambda: desk.seen.lease("momentum") is None, written_s))
        pull(desk, state="Active", reason=f"again {number}")
        desk.resources.until(lambda: desk.seen.lease("momentum"), "it is reopened")

    for what, found in (("said", said_ms), ("lease taken", taken_ms)):
        print(f"kill switch, {ROUNDS} rounds, {what}: median {statistics.median(found):.0f} ms, max {max(found):.0f} ms")
    assert sorted(taken_ms)[-2] < 1_000  # a machine that runs other tests may stall once
    assert desk.seen.exit_lease("momentum") is not None


def measured(happened: Callable[[], object], since_s: float) -> float:
    """Return the milliseconds until it happened, to about one."""
    while not happened():
        assert time.time() < since_s + 60
        time.sleep(0.001)
    return (time.time() - since_s) * 1_000


def test_kubectl_patch_says_the_halt_with_its_reason_and_the_status_shows_it(desk: Shared) -> None:
    done = desk.resources.patch("riskpolicy", "default", {"killSwitch": {"state": "Halted", "reason": "test"}})

    assert done.returncode == 0
    desk.resources.until(lambda: [(one.state, one.reason) for one in desk.seen.said()[-1:]] == [(HALTED, "test")], "it is said")
    assert (desk.seen.said()[-1].scope, desk.seen.said()[-1].by) == (PORTFOLIO, "riskpolicy")
    desk.resources.until(lambda: desk.resources.status("momentum").get("why") == "Halted: test", "the Strategy says why")
    desk.resources.until(lambda: (status(desk).get("halt"), status(desk).get("haltReason")) == ("Halted", "test"), "so does the policy")
    desk.resources.until(lambda: ("HaltHalted", "Active -> Halted: test") in desk.resources.events("default"), "there is an event")


def test_reduce_only_leaves_a_lease_that_only_sells(desk: Shared) -> None:
    pull(desk, state="ReduceOnly", reason="no new risk")

    desk.resources.until(lambda: desk.seen.lease("momentum") and lease_of(desk, "momentum").reduce_only, "the lease only sells")
    assert desk.resources.trades("momentum")


def test_frozen_leaves_no_lease_at_all(desk: Shared) -> None:
    pull(desk, state="Frozen", reason="a stolen key")

    desk.resources.until(lambda: (desk.seen.lease("momentum"), desk.seen.exit_lease("momentum")) == (None, None), "no lease is left")


def test_one_strategy_is_halted_alone(desk: Shared) -> None:
    desk.resources.strategy("another", mode="live")
    desk.resources.until(lambda: desk.seen.lease("another"), "another is live")
    said = len(desk.seen.said())

    pull(desk, strategies={"another": "Halted"}, reason="it misbehaves")

    desk.resources.until(lambda: desk.seen.lease("another") is None, "its lease is gone")
    assert [(one.scope, one.state) for one in desk.seen.said()[said:]] == [("another", HALTED)]
    assert desk.seen.lease("momentum") is not None
    desk.resources.until(lambda: status(desk).get("strategyHalts") == {"another": "Halted"}, "the policy's status names it")


def test_what_stands_there_unchanged_does_not_undo_a_drawdown_halt(desk: Shared) -> None:
    said = len(desk.seen.said())

    desk.seen.halt(HALTED, "risk_guardian", "drawdown")

    desk.resources.until(lambda: desk.seen.lease("momentum") is None, "its lease is gone")
    desk.resources.policy(killSwitch=desk.resources.get("riskpolicies", "default")["spec"]["killSwitch"], drawdownBpsMax=1_900)  # type: ignore[index]
    desk.resources.until(lambda: status(desk).get("observedGeneration") == generation(desk), "the changed policy is seen")
    desk.resources.remains(lambda: (desk.seen.lease("momentum"), len(desk.seen.said())), "the halt", 0.7)
    assert len(desk.seen.said()) == said + 1
    pull(desk, state="Active", reason="the drawdown is looked at")
    desk.resources.until(lambda: desk.seen.lease("momentum"), "a person's word reopens")


def generation(desk: Shared) -> int:
    return int(desk.resources.get("riskpolicies", "default")["metadata"]["generation"])  # type: ignore[index]  # it is there


def test_the_same_state_with_another_reason_is_said_once_more(desk: Shared) -> None:
    pull(desk, state="Halted", reason="first")
    desk.resources.until(lambda: [one.reason for one in desk.seen.said()[-1:]] == ["first"], "it is said")
    said = len(desk.seen.said())

    pull(desk, state="Halted", reason="second")

    desk.resources.until(lambda: [one.reason for one in desk.seen.said()[-1:]] == ["second"], "it is said again")
    desk.resources.remains(lambda: len(desk.seen.said()), "what was said", 0.7)
    assert len(desk.seen.said()) == said + 1


def test_a_halt_of_one_strategy_does_not_say_to_everyone_again_that_all_may_trade(desk: Shared) -> None:
    desk.seen.halt(HALTED, "risk_guardian", "drawdown")
    desk.resources.until(lambda: status(desk).get("halt") == "Halted", "the drawdown halt is known")
    said = len(desk.seen.said())

    pull(desk, strategies={"another": "Frozen"}, reason="its key leaked")  # beside the state Active that stands there

    desk.resources.until(lambda: len(desk.seen.said()) > said, "it is said")
    desk.resources.remains(lambda: len(desk.seen.said()), "what was said", 0.7)
    assert [(one.scope, one.state) for one in desk.seen.said()[said:]] == [("another", FROZEN)]
    assert desk.seen.lease("momentum") is None


def test_a_halt_that_was_taken_out_and_is_written_again_is_said_again(desk: Shared) -> None:
    pull(desk, state="Halted", reason="looks wrong")
    desk.resources.until(lambda: desk.seen.lease("momentum") is None, "it is halted")
    desk.resources.change("riskpolicies", "default", {"killSwitch": None})
    desk.resources.until(lambda: status(desk).get("observedGeneration") == generation(desk), "the empty kill switch is seen")
    desk.seen.halt(ACTIVE, "cli", "looked at it")
    desk.resources.until(lambda: desk.seen.lease("momentum"), "a person resumed")

    pull(desk, state="Halted", reason="looks wrong")

    desk.resources.until(lambda: desk.seen.lease("momentum") is None, "it is halted again")
