"""What happened while there was no operator: the next one finds all of it at its start."""

from memesnipe.testing.custom_resources import MERGE, ROOTS, Resources
from memesnipe.testing.operators import RunningOperator
from memesnipe.testing.redis_seen import RedisSeen


def a_settled(operator: RunningOperator, resources: Resources, seen: RedisSeen, *names: str) -> None:
    seen.hold()
    resources.limits()
    for name in names:
        resources.strategy(name)
    resources.until_trading(*names)
    operator.kill()


def test_a_deleted_strategy_waits_for_the_operator_and_goes_when_it_is_back(
    operator: RunningOperator, resources: Resources, seen: RedisSeen
) -> None:
    a_settled(operator, resources, seen, "momentum")

    resources.delete("strategies", "momentum")

    resources.remains(lambda: resources.get("strategies", "momentum")["metadata"].get("deletionTimestamp"), "it is Terminating")  # type: ignore[index]
    with operator:
        resources.until(lambda: resources.get("strategies", "momentum") is None, "it is gone")
        resources.until(lambda: "executor-momentum" not in seen.users(), "its user is gone")


def test_a_strategy_that_went_without_a_farewell_leaves_no_user_and_no_place_in_the_configuration(
    operator: RunningOperator, resources: Resources, seen: RedisSeen
) -> None:
    a_settled(operator, resources, seen, "momentum", "another")

    resources.let_go()
    resources.delete("strategies", "another")

    with operator:
        resources.until(lambda: "executor-another" not in seen.users(), "its user is gone")
        resources.until(lambda: [one.id for one in seen.configs()[-1].strategies] == ["momentum"], "it is not in the configuration")
        assert "executor-momentum" in seen.users()


def test_children_that_went_are_written_again(operator: RunningOperator, resources: Resources, seen: RedisSeen) -> None:
    a_settled(operator, resources, seen, "momentum")

    for plural in ("secrets", "networkpolicies"):
        resources.delete(plural, "strategy-momentum", ROOTS[plural])
    edit = {"spec": {"replicas": 4}}
    resources.cluster.call("PATCH", resources.owned_path("deployments", "momentum"), edit, content_type=MERGE)

    with operator:
        resources.until(lambda: resources.owned("secrets", "momentum"), "the Secret is back")
        resources.until(lambda: resources.owned("networkpolicies", "momentum"), "the NetworkPolicy is back")
        resources.until(lambda: resources.owned("deployments", "momentum")["spec"]["replicas"] == 1, "one replica")  # type: ignore[index]


def test_a_kill_switch_that_was_pulled_meanwhile_is_said_at_the_start(
    operator: RunningOperator, resources: Resources, seen: RedisSeen
) -> None:
    a_settled(operator, resources, seen, "momentum")

    resources.change("riskpolicies", "default", {"killSwitch": {"state": "Halted", "reason": "nobody was there"}})

    with operator:
        resources.until(lambda: [one.reason for one in seen.said()] == ["nobody was there"], "it is said")
        resources.until(lambda: resources.status("momentum").get("why") == "Halted: nobody was there", "the status says so")
