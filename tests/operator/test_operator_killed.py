"""The operator killed between any two steps: the next one finishes them, and does or says nothing twice."""

from collections import Counter

from memesnipe.messages.bounds import HaltState
from memesnipe.testing.custom_resources import ROOTS, Resources
from memesnipe.testing.operators import RunningOperator, StartOperator
from memesnipe.testing.redis_seen import RedisSeen

SIGKILLED = -9
OWNED = ("serviceaccounts", "configmaps", "secrets", "networkpolicies", "deployments")


def objects(resources: Resources) -> list[str]:
    """Return what is there of what Strategies become, each as plural/name."""
    label = "labelSelector=app.kubernetes.io/managed-by=memesnipe-operator"
    paths = {plural: f"{ROOTS[plural]}/namespaces/{resources.namespace}/{plural}?{label}" for plural in OWNED}
    return [f"{plural}/{one['metadata']['name']}" for plural, path in paths.items() for one in resources.cluster.call("GET", path)["items"]]


def restart(operator: RunningOperator) -> None:
    """Start it as Kubernetes does after a crash, without what killed it."""
    operator.env.pop("MEMESNIPE_FAILPOINT", None)
    operator.__enter__()
    operator.ready()


POINTS = (
    "operator.before_user",
    "operator.before_child:1",
    "operator.before_child:4",
    "operator.before_finalizer",
    "control.before_publish",
    "control.after_publish",
)
"""In the order in which an operator gets there: each life ends a step later than the one before."""


def test_an_operator_killed_in_mid_reconcile_again_and_again_leaves_nothing_half_made_and_nothing_doubled(
    resources: Resources, start_operator: StartOperator, seen: RedisSeen
) -> None:
    resources.limits()
    resources.strategy("momentum")
    operator = start_operator(wait=False, MEMESNIPE_FAILPOINT=POINTS[0])
    for point in POINTS:
        operator.env["MEMESNIPE_FAILPOINT"] = point
        if not operator.runs:
            operator.__enter__()
        assert operator.wait() == SIGKILLED, point

    restart(operator)

    resources.until(lambda: resources.trades("momentum"), "it trades")
    assert sorted(objects(resources)) == sorted(f"{plural}/strategy-momentum" for plural in OWNED)
    assert "executor-momentum" in seen.users()
    versions = [config.version for config in seen.configs()]
    assert versions == sorted(set(versions))


def test_a_restart_changes_nothing_and_says_nothing_again(operator: RunningOperator, resources: Resources, seen: RedisSeen) -> None:
    resources.limits(killSwitch={"state": "ReduceOnly", "reason": "a quiet start"})
    resources.strategy("momentum", mode="live")
    resources.until(lambda: resources.condition("momentum", "Stable").get("reason") == "Stable", "it is stable")
    resources.until(lambda: seen.lease("momentum"), "it is live")
    resources.until(lambda: len(seen.said()) == 1, "the kill switch is said")

    def told() -> object:
        generation = resources.owned("deployments", "momentum")["metadata"]["generation"]  # type: ignore[index]  # it is there
        return len(seen.configs()), seen.said(), generation, Counter(resources.events("momentum")), resources.status("momentum")

    before = resources.settled(told, "what is said and written")
    operator.kill()
    restart(operator)

    resources.until(lambda: operator.count("memesnipe_reconciles_total", outcome="done") >= 3, "it looked at everything")
    resources.remains(told, "what is said and written")
    assert told() == before
    assert seen.said()[0].state is HaltState.REDUCE_ONLY


def test_an_operator_killed_while_a_strategy_leaves_lets_it_go_after_its_restart(
    resources: Resources, start_operator: StartOperator, seen: RedisSeen
) -> None:
    seen.hold()
    resources.limits()
    resources.strategy("momentum")
    operator = start_operator(MEMESNIPE_FAILPOINT="operator.before_finalizer_off")
    resources.until(lambda: resources.trades("momentum"), "it trades")
    resources.delete("strategies", "momentum")
    assert operator.wait() == SIGKILLED
    assert resources.get("strategies", "momentum") is not None

    restart(operator)

    resources.until(lambda: resources.get("strategies", "momentum") is None, "it is gone")
    resources.until(lambda: not objects(resources), "all that it owned is gone", 60)
    assert "executor-momentum" not in seen.users()
    resources.until(lambda: [strategy.id for strategy in seen.configs()[-1].strategies] == [], "it is not in the configuration")
