"""Under the chart's own roles, with the admission policies in force, the operator can do all that it does, and nothing that it must not."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from memesnipe.testing.chart.render import PLATFORM, STRATEGIES, render
from memesnipe.testing.cluster import ApiError, Cluster
from memesnipe.testing.custom_resources import MERGE, Resources, a_namespace
from memesnipe.testing.desk import evidence_map
from memesnipe.testing.operators import RunningOperator, Shared, starting
from memesnipe.testing.redis_seen import RedisSeen
from memesnipe.testing.roles import admit

ACCOUNT = "memesnipe-operator"


@pytest.fixture(scope="module")
def platform(cluster: Cluster) -> Iterator[str]:
    with a_namespace(cluster) as name:
        yield name


@pytest.fixture(scope="module")
def limited(guarded: Cluster, platform: str, valkey_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """An operator in a namespace of its own, as the chart's service account."""
    seen = RedisSeen(valkey_server)
    seen.client.flushall()
    seen.hold()
    with a_namespace(guarded) as namespace:
        grant(guarded, {PLATFORM: platform, STRATEGIES: namespace})
        resources = Resources(guarded, namespace)
        config = str(guarded.service_account_kubeconfig(platform, ACCOUNT))
        with starting(resources, valkey_server, tmp_path_factory.mktemp("operator")) as start:
            resources.limits()
            yield Shared(start(MEMESNIPE_NAMESPACE=platform, MEMESNIPE_KUBECONFIG=config), resources, seen)
        resources.let_go()


def grant(cluster: Cluster, namespaces: dict[str, str]) -> None:
    """Create the chart's service account with its roles and bindings, in the namespaces that stand for the chart's."""
    account = f"/api/v1/namespaces/{namespaces[PLATFORM]}/serviceaccounts"
    cluster.call("POST", account, {"metadata": {"name": ACCOUNT}})
    text = json.dumps([one for one in render() if one["metadata"]["name"] == ACCOUNT and one["kind"] in ("Role", "RoleBinding")])
    roles = json.loads(text)
    for one in roles:
        one["metadata"]["namespace"] = namespaces[one["metadata"]["namespace"]]
        for subject in one.get("subjects", ()):
            subject["namespace"] = namespaces[subject["namespace"]]
    admit(cluster, roles)


def may(limited: Shared, platform: str, verb: str, what: str, namespace: str) -> str:
    who = f"system:serviceaccount:{platform}:{ACCOUNT}"
    return limited.resources.cluster.kubectl("auth", "can-i", verb, what, "-n", namespace, as_user=who).stdout.strip()


def test_it_operates_a_strategy_from_its_first_pod_to_its_farewell(limited: Shared) -> None:
    resources, seen = limited.resources, limited.seen

    resources.strategy("momentum", mode="live")
    resources.until(lambda: seen.lease("momentum") and resources.trades("momentum"), "it is live")
    edit: dict[str, Any] = {"spec": {"replicas": 4}}
    resources.cluster.call("PATCH", resources.owned_path("deployments", "momentum"), edit, content_type=MERGE)
    resources.until(lambda: resources.owned("deployments", "momentum")["spec"]["replicas"] == 1, "drift is repaired")  # type: ignore[index]
    resources.change("riskpolicies", "default", {"killSwitch": {"state": "Halted", "reason": "all rights are there"}})
    resources.until(lambda: resources.status("default", "riskpolicies").get("halt") == "Halted", "the policy's status says it")
    resources.until(lambda: ("TradingHalted", "Halted: all rights are there") in resources.events("momentum"), "there is an event")
    resources.delete("strategies", "momentum")
    resources.until(lambda: resources.get("strategies", "momentum") is None, "it is gone")

    assert refused(limited.operator) == []


def refused(operator: RunningOperator) -> list[str]:
    return [line for line in operator.log().splitlines() if "Forbidden" in line or "HTTP 403" in line or "ValidatingAdmission" in line]


@pytest.mark.parametrize("resource", ["strategies", "allocations", "riskpolicies"])
def test_it_may_not_take_anything_live(limited: Shared, platform: str, resource: str) -> None:
    assert may(limited, platform, "golive", f"{resource}.memesnipe.io", limited.resources.namespace) == "no"


def test_it_may_not_say_what_evidence_there_is(limited: Shared, platform: str) -> None:
    assert may(limited, platform, "attest", "strategies.memesnipe.io", limited.resources.namespace) == "no"
    path = f"/api/v1/namespaces/{limited.resources.namespace}/configmaps?dryRun=All"
    with pytest.raises(ApiError, match=r"needs the verb attest or golive on strategies\.memesnipe\.io/momentum"):
        limited.resources.cluster.call("POST", path, evidence_map("{}"), as_user=f"system:serviceaccount:{platform}:{ACCOUNT}")


def test_it_reads_no_secret_beside_its_pod(limited: Shared, platform: str) -> None:
    assert may(limited, platform, "get", "secrets", platform) == "no"
    assert may(limited, platform, "list", "secrets", platform) == "no"
    assert may(limited, platform, "get", "secrets", limited.resources.namespace) == "yes"


def test_it_gives_no_pod_the_identity_of_a_service(limited: Shared, platform: str) -> None:
    for what in ("pods", "deployments.apps", "serviceaccounts", "serviceaccounts/token"):
        assert may(limited, platform, "create", what, platform) == "no", what
