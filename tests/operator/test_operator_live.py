"""Going live, and back: who may ask, what the gates say, and the leases by which the signer believes it."""

import time
from collections.abc import Iterator

import pytest

from memesnipe.approvals.leases import check
from memesnipe.messages.bounds import Mode
from memesnipe.testing.chains import LOCALNET_GENESIS
from memesnipe.testing.cluster import Cluster
from memesnipe.testing.desk import CAPTAIN, TRADER, people
from memesnipe.testing.operators import Shared, trusted
from memesnipe.testing.roles import admit


@pytest.fixture
def desk(guarded: Cluster, shared: Shared) -> Iterator[Shared]:
    """The admission policies are in force; nobody halted anything, and there are limits."""
    shared.resources.limits()
    yield shared
    shared.resources.limits()


def a_live(desk: Shared, name: str) -> None:
    desk.resources.strategy(name, mode="live")
    desk.resources.until(lambda: desk.resources.trades(name) and desk.seen.lease(name), f"{name} is live")


def test_only_who_has_the_verb_takes_a_strategy_live(desk: Shared) -> None:
    resources = desk.resources
    admit(resources.cluster, people(resources.namespace))
    resources.strategy("momentum")
    resources.until(lambda: resources.trades("momentum"), "it trades on paper")

    refused = resources.patch("strategy", "momentum", {"mode": "live"}, as_user=TRADER)
    assert "needs the verb golive on strategies.memesnipe.io/momentum" in refused.stderr
    resources.remains(lambda: (resources.status("momentum")["mode"], desk.seen.lease("momentum")), "paper, without a lease", 0.5)

    assert resources.patch("strategy", "momentum", {"mode": "live"}, as_user=CAPTAIN).returncode == 0
    resources.until(lambda: resources.status("momentum")["mode"] == "live", "it is live")
    resources.until(lambda: ("WentLive", "paper -> live: every gate passes") in resources.events("momentum"), "an event says so")


def test_the_lease_of_a_live_strategy_is_one_that_the_signer_believes(desk: Shared) -> None:
    a_live(desk, "leased")

    lease = check(desk.seen.lease("leased") or b"", trusted(desk.operator.folder), time.time_ns())

    config = desk.seen.configs()[-1]
    mine = next(one for one in config.strategies if one.id == "leased")
    assert (lease.strategy, lease.mode, lease.spec_hash) == ("leased", Mode.LIVE, mine.spec_hash)
    assert (lease.policy_hash, lease.genesis, lease.exits_only) == (config.policy_hash, LOCALNET_GENESIS, False)
    assert lease.spec_hash == desk.resources.status("leased")["runningSpecHash"]


def test_back_to_paper_takes_the_full_lease_within_a_second_and_leaves_the_exit_lease(desk: Shared) -> None:
    a_live(desk, "back")

    desk.resources.change("strategies", "back", {"mode": "paper"})
    started_s = time.monotonic()  # the API server has it and its watch event is under way

    desk.resources.until(lambda: desk.seen.lease("back") is None, "the full lease is gone")
    took_s = time.monotonic() - started_s
    print(f"live -> paper: the full lease is gone after {took_s * 1_000:.0f} ms")
    assert took_s < 1
    assert check(desk.seen.exit_lease("back") or b"", trusted(desk.operator.folder), time.time_ns()).exits_only
    desk.resources.until(lambda: "OnPaper" in dict(desk.resources.events("back")), "an event says so")


def test_a_paused_strategy_has_no_full_lease(desk: Shared) -> None:
    a_live(desk, "paused")

    desk.resources.change("strategies", "paused", {"paused": True})

    desk.resources.until(lambda: desk.seen.lease("paused") is None, "the full lease is gone")
    assert desk.seen.exit_lease("paused") is not None


def test_without_its_risk_policy_everything_is_on_paper(desk: Shared) -> None:
    a_live(desk, "unbound")

    desk.resources.delete("riskpolicies", "default")

    desk.resources.until(lambda: desk.resources.status("unbound")["mode"] == "paper", "it is on paper")
    desk.resources.until(lambda: desk.seen.lease("unbound") is None, "the full lease is gone")
    desk.resources.until(
        lambda: desk.resources.condition("unbound", "Live")["message"] == "RiskPolicyBound: apply a RiskPolicy", "the status says why"
    )
    assert desk.seen.exit_lease("unbound") is not None
