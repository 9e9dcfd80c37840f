"""Redis restarted without its users, or with nothing left: users, halts and configuration are made and said again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from memesnipe.bus.embedded import EmbeddedValkey
from memesnipe.messages.bounds import HaltState
from memesnipe.testing.custom_resources import Resources
from memesnipe.testing.operators import Shared, starting
from memesnipe.testing.redis_seen import RedisSeen

SERVICES = {"risk_guardian", "wallet_guard", "position_manager"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path / "valkey") as running:
        yield running


@pytest.fixture
def desk(server: EmbeddedValkey, resources: Resources, tmp_path: Path) -> Iterator[Shared]:
    """A live Strategy beside a Redis of its own."""
    seen = RedisSeen(server.url)
    with starting(resources, server.url, tmp_path / "operator") as start:
        operator = start()
        resources.limits()
        resources.strategy("momentum", mode="live")
        resources.until(lambda: seen.lease("momentum") and resources.trades("momentum"), "it is live")
        yield Shared(operator, resources, seen)


def test_a_redis_that_restarts_without_its_users_gets_all_of_them_again(desk: Shared, server: EmbeddedValkey) -> None:
    configs = len(desk.seen.configs())
    assert desk.seen.users() >= SERVICES | {"executor-momentum"}

    server.kill()
    server.start()

    desk.resources.until(lambda: desk.seen.users() >= SERVICES | {"executor-momentum"}, "all users are back")
    desk.resources.until(lambda: desk.seen.lease("momentum"), "it has a lease again")
    assert len(desk.seen.configs()) == configs
    assert desk.operator.runs


def test_a_redis_that_lost_everything_hears_the_halts_at_a_later_epoch_and_the_configuration(desk: Shared) -> None:
    desk.resources.change("riskpolicies", "default", {"killSwitch": {"state": "ReduceOnly", "reason": "carefully"}})
    desk.seen.halt(HaltState.HALTED, "risk_guardian", "drawdown", scope="another")
    policy = desk.resources
    policy.until(lambda: policy.status("default", "riskpolicies").get("strategyHalts") == {"another": "Halted"}, "both halts are known")
    policy.until(lambda: policy.status("default", "riskpolicies").get("halt") == "ReduceOnly", "both halts are known")
    before, version = policy.status("default", "riskpolicies")["haltEpoch"], desk.seen.configs()[-1].version

    desk.seen.client.flushall()

    desk.resources.until(
        lambda: {one.scope: one.state.value for one in desk.seen.said()} == {"*": "reduce_only", "another": "halted"}, "said"
    )
    assert max(one.epoch for one in desk.seen.said()) > before
    desk.resources.until(desk.seen.configs, "the configuration is published again")
    assert [one.version for one in desk.seen.configs()] == [version]
    desk.resources.until(lambda: desk.seen.lease("momentum"), "it has a lease again")
    assert {one.reason for one in desk.seen.said()} == {"carefully", "drawdown"}
