"""What a Strategy becomes: a pod that may do nothing but trade on its own streams, and all that this pod needs."""

import base64
from typing import Any

import msgspec
import pytest
import redis
from redis.exceptions import NoPermissionError

from memesnipe.bus.acl import user_of
from memesnipe.strategy.spec import StrategySpec
from memesnipe.testing.operators import Shared

OWNED = ("serviceaccounts", "configmaps", "secrets", "networkpolicies", "deployments")
PARAMETERS = {"fast_s": 10}


@pytest.fixture(scope="module")
def desk(shared: Shared) -> Shared:
    """One with a Strategy that trades, and another beside it."""
    shared.resources.strategy("momentum", parameters=PARAMETERS)
    shared.resources.strategy("another")
    shared.resources.until_trading("momentum", "another")
    return shared


def part(desk: Shared, plural: str, strategy: str = "momentum") -> dict[str, Any]:
    found = desk.resources.owned(plural, strategy)
    assert found is not None
    return found


def pod(desk: Shared) -> dict[str, Any]:
    spec: dict[str, Any] = part(desk, "deployments")["spec"]["template"]["spec"]
    return spec


def test_the_pod_runs_with_no_right_that_it_does_not_need(desk: Shared) -> None:
    spec, container = pod(desk), pod(desk)["containers"][0]

    assert spec["securityContext"] | {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}} == spec["securityContext"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert part(desk, "serviceaccounts")["automountServiceAccountToken"] is False
    assert [one["name"] for one in container["volumeMounts"]] == ["strategy", "tmp"]


def test_a_namespace_that_enforces_restricted_pods_takes_it(desk: Shared) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    warned = desk.resources.cluster.kubectl(
        "label", "namespace", desk.resources.namespace, "--dry-run=server", *(f"{name}={value}" for name, value in labels.items())
    )

    assert warned.returncode == 0, warned.stderr
    assert "violate" not in warned.stderr


def test_there_is_one_pod_at_most_at_any_time_and_it_is_probed(desk: Shared) -> None:
    spec, container = part(desk, "deployments")["spec"], pod(desk)["containers"][0]

    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    probed = {name: container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert probed == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}


def test_the_config_map_holds_the_spec_that_the_executor_reads(desk: Shared) -> None:
    text = part(desk, "configmaps")["data"]["strategy.json"]

    spec = msgspec.json.decode(text, type=StrategySpec)
    assert (spec.id, spec.plugin, spec.parameters) == ("momentum", "momentum", PARAMETERS)
    assert spec.spec_hash == desk.resources.status("momentum")["runningSpecHash"]


def test_all_of_it_goes_with_the_strategy(desk: Shared) -> None:
    uid = desk.resources.get("strategies", "momentum")["metadata"]["uid"]  # type: ignore[index]  # it is there

    owners = {plural: part(desk, plural)["metadata"]["ownerReferences"] for plural in OWNED}

    assert [(one["kind"], one["uid"], one["controller"]) for found in owners.values() for one in found] == [("Strategy", uid, True)] * 5


def test_its_password_opens_its_own_streams_and_no_other_strategys(desk: Shared) -> None:
    mine = connected(desk)

    mine.xadd("orders:intents:momentum", {"m": b"x"})

    assert mine.xrange("kill_switch_channel") == []
    for key in ("orders:intents:another", "orders:approved", "kill_switch_channel"):
        with pytest.raises(NoPermissionError):
            mine.xadd(key, {"m": b"x"})
    with pytest.raises(NoPermissionError):
        mine.get("lease:momentum")


def connected(desk: Shared) -> redis.Redis:
    """Connect as the strategy's pod would; the test's Redis is somewhere else than the pods'."""
    url = base64.b64decode(part(desk, "secrets")["data"]["url"]).decode()
    scheme, _, rest = url.partition("://")
    who, _, where = rest.partition("@")
    assert where == "redis.test:6379/0"
    assert who.partition(":")[0] == user_of("momentum")
    return redis.Redis.from_url(f"{scheme}://{who}@{desk.seen.url.partition('://')[2].rpartition('@')[2]}")


def test_nobody_reaches_the_pod_and_it_reaches_nobody_that_is_not_named(desk: Shared) -> None:
    spec = part(desk, "networkpolicies")["spec"]

    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert not spec.get("ingress")
    assert not spec.get("egress")
    assert spec["podSelector"]["matchLabels"].items() <= part(desk, "deployments")["spec"]["template"]["metadata"]["labels"].items()


def test_no_pod_monitor_is_written_where_the_cluster_does_not_know_it(desk: Shared) -> None:
    groups = {one["name"] for one in desk.resources.cluster.call("GET", "/apis")["groups"]}

    assert "monitoring.coreos.com" not in groups
    assert desk.operator.count("memesnipe_api_calls_total", kind="PodMonitor", verb="PATCH") == 0
