"""New definitions over old ones, with objects in place: nothing is lost, nothing is locked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from memesnipe.manifests.models import GROUP, VERSION
from memesnipe.testing.cluster import ApiError, Cluster
from memesnipe_operator.crds.definitions import RESOURCES, definition

OLDER = Path(__file__).parents[1] / "data" / "crds_before.yaml"
ELSEWHERE = f"older.{GROUP}"
"""A group of this test's own: the definitions that the other tests use stay as they are."""
MERGE = "application/merge-patch+json"


def elsewhere(definitions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    moved: list[dict[str, Any]] = json.loads(json.dumps(definitions).replace(GROUP, ELSEWHERE))
    for one in moved:  # no names that two groups would both claim
        one["spec"]["names"] |= {"shortNames": [], "categories": []}
    return moved


def older() -> list[dict[str, Any]]:
    return elsewhere(list(yaml.safe_load_all(OLDER.read_text(encoding="utf-8"))))


def newer() -> list[dict[str, Any]]:
    return elsewhere([definition(resource) for resource in RESOURCES])


def paths() -> list[str]:
    return [f"/apis/{one['apiVersion']}/customresourcedefinitions/{one['metadata']['name']}" for one in newer()]


class Objects:
    """The objects of one namespace in the group of this test."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster = cluster
        self.root = f"/apis/{ELSEWHERE}/{VERSION}/namespaces/{namespace}"

    def create(self, kind: str, plural: str, name: str, spec: dict[str, Any], status: dict[str, Any]) -> None:
        body = {"apiVersion": f"{ELSEWHERE}/{VERSION}", "kind": kind, "metadata": {"name": name}, "spec": spec}
        self.cluster.call("POST", f"{self.root}/{plural}", body)
        self.patch(f"{plural}/{name}/status", {"status": status})

    def get(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.cluster.call("GET", f"{self.root}/{path}")
        return found

    def patch(self, path: str, patch: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.cluster.call("PATCH", f"{self.root}/{path}", patch, content_type=MERGE)
        return found


READY = {"type": "Ready", "status": "True", "reason": "Running", "message": "", "lastTransitionTime": "2026-11-01T00:00:00Z"}
MOMENTUM = {"strategy": "momentum", "mode": "live", "parameters": {"fast_s": 10, "nested": {"kept": [1, None]}}}
CONTRADICTORY = {"tradeSizeSolMax": 6, "strategyExposureSolMax": 5}
"""Nobody refused it before there was a rule."""


@pytest.fixture
def upgraded(cluster: Cluster, namespace: str) -> Iterator[Objects]:
    """Objects made under the older definitions, after the newer ones were applied over them."""
    try:
        yield made(cluster, Objects(cluster, namespace))
    finally:
        for path in filter(cluster.found, paths()):
            cluster.call("DELETE", path)
        # Deleted is not gone: while its objects are being deleted, a definition takes changes but no new object.
        cluster.wait(lambda: not any(map(cluster.found, paths())), "the definitions gone: the next test makes them anew")


def made(cluster: Cluster, objects: Objects) -> Objects:
    cluster.apply(*older())
    cluster.wait(lambda: [objects.get(resource.plural) for resource in RESOURCES], "the older definitions served")
    objects.create("Strategy", "strategies", "momentum", MOMENTUM, {"mode": "live", "openPositions": 2, "conditions": [READY]})
    objects.create("Allocation", "allocations", "default", {"capitalSol": 12.5}, {"inForce": "Yes"})
    objects.create("RiskPolicy", "riskpolicies", "default", CONTRADICTORY, {"halt": "Active"})
    cluster.apply(*newer())
    cluster.wait(lambda: "onDelete" in objects.get("riskpolicies/default")["spec"], "the newer definition of a RiskPolicy in force")
    cluster.wait(lambda: keeps_resources(objects), "that of a Strategy, too: the API server takes up each by itself")
    return objects


def keeps_resources(objects: Objects) -> bool:
    """A field that the older definition does not know is dropped from what is written."""
    asked = {"spec": {"resources": {"limits": {"memory": "1Gi"}}}}
    return "resources" in objects.patch("strategies/momentum?dryRun=All", asked)["spec"]


def test_objects_from_before_are_read_as_they_were_written_and_can_be_changed(upgraded: Objects) -> None:
    strategy = upgraded.get("strategies/momentum")
    allocation = upgraded.get("allocations/default")

    assert strategy["spec"] == {**MOMENTUM, "paused": False}
    assert strategy["status"] == {"mode": "live", "openPositions": 2, "conditions": [READY]}
    assert (allocation["spec"]["capitalSol"], allocation["status"]) == (12.5, {"inForce": "Yes"})
    assert upgraded.patch("strategies/momentum", {"metadata": {"labels": {"team": "a"}}})["spec"] == strategy["spec"]
    assert upgraded.patch("strategies/momentum", {"spec": {"paused": True}})["spec"] == {**MOMENTUM, "paused": True}
    assert upgraded.patch("strategies/momentum", {"spec": {"resources": {"limits": {"memory": "1Gi"}}}})["spec"]["resources"]
    assert upgraded.patch("allocations/default", {"spec": {"capitalSol": 13}})["spec"]["capitalSol"] == 13


def test_a_policy_that_breaks_a_later_rule_is_told_so_only_when_its_spec_changes(upgraded: Objects) -> None:
    policy = "riskpolicies/default"

    assert upgraded.patch(policy, {"metadata": {"finalizers": [f"{GROUP}/test"]}})
    assert upgraded.patch(policy, {"metadata": {"finalizers": None}})
    assert upgraded.patch(f"{policy}/status", {"status": {"halt": "Halted"}})
    with pytest.raises(ApiError, match="tradeSizeSolMax is more than strategyExposureSolMax"):
        upgraded.patch(policy, {"spec": {"slippageBpsMax": 100}})
    assert upgraded.patch(policy, {"spec": {"slippageBpsMax": 100, "tradeSizeSolMax": 1, "killSwitch": {"state": "Halted"}}})


def test_the_version_that_is_stored_stays_the_only_one(upgraded: Objects) -> None:
    for path in paths():
        found = upgraded.cluster.call("GET", path)

        assert found["status"]["storedVersions"] == [VERSION]
