"""The chart on a real API server, by real Helm: every object is taken, restricted pods are admitted, an upgrade rolls, little stays.

Pods of this node run no container, so what the jobs would do is not done; the real node's tests see that.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memesnipe.testing.cluster import Cluster
from memesnipe.testing.installation.installed import NAMESPACES, SIGNER
from memesnipe.testing.installation.release import NAMESPACE, Release

pytestmark = pytest.mark.timeout(400)

VALUES = {
    "localnet": {"enabled": True},
    "paperTradingMode": False,
    "crds": {"enabled": False},  # this cluster has them already, for every test
    "admission": {"enabled": False},  # they would be for the whole cluster, other tests' objects included
}
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.fixture(scope="module")
def release(cluster: Cluster, installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    made = Release(cluster.kubeconfig, tmp_path_factory.mktemp("helm"), VALUES)
    cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE, "labels": RESTRICTED}})
    made.install()
    yield made
    for namespace in NAMESPACES:
        cluster.kubectl("delete", "namespace", namespace, "--wait=false", "--ignore-not-found")


def deployments(cluster: Cluster) -> dict[str, dict[str, Any]]:
    """Return every Deployment of the installation, by name."""
    found = [one for ns in NAMESPACES for one in cluster.call("GET", f"/apis/apps/v1/namespaces/{ns}/deployments")["items"]]
    return {one["metadata"]["name"]: one for one in found}


def test_every_pod_is_admitted_under_the_restricted_standard_and_runs(cluster: Cluster, release: Release) -> None:
    cluster.wait(lambda: all(available(one) for one in deployments(cluster).values()), "every Deployment available", 120)

    signer = cluster.call("GET", f"/apis/apps/v1/namespaces/{SIGNER}/statefulsets/memesnipe-signer")
    refused = cluster.kubectl("get", "events", "-A", "--field-selector", "reason=FailedCreate", "-o", "json")

    assert len(deployments(cluster)) >= 8
    assert signer["spec"]["replicas"] == 1
    assert [one["message"] for one in json.loads(refused.stdout)["items"] if one["metadata"]["namespace"] in NAMESPACES] == []


def available(deployment: dict[str, Any]) -> bool:
    """Whether all its pods are there."""
    return bool(deployment["status"].get("availableReplicas", 0) >= deployment["spec"]["replicas"])


def test_a_changed_value_rolls_what_it_is_for_and_nothing_else(cluster: Cluster, release: Release) -> None:
    before = {name: one["metadata"]["generation"] for name, one in deployments(cluster).items()}

    release.upgrade("riskGuardian.settings.MEMESNIPE_LOG_LEVEL=DEBUG")

    after = {name: one["metadata"]["generation"] for name, one in deployments(cluster).items()}
    assert [name for name in before if after[name] != before[name]] == ["memesnipe-risk-guardian"]


def test_an_uninstall_leaves_no_workload(cluster: Cluster, release: Release) -> None:
    release.helm("uninstall", "memesnipe", "--no-hooks", "--wait")

    cluster.wait(lambda: not deployments(cluster), "no Deployment")
    kept = cluster.kubectl("get", "persistentvolumeclaims", "-n", NAMESPACE, "-o", "name").stdout.split()
    assert "persistentvolumeclaim/memesnipe-ledger" in kept


def test_the_chart_carries_the_definitions_that_the_repository_has(cluster: Cluster, tmp_path: Path) -> None:
    done = Release(cluster.kubeconfig, tmp_path, {"crds": {"enabled": True}}).helm("template", "memesnipe", str(CHART), "-s", CRDS)

    assert done.stdout.count("helm.sh/resource-policy: keep") == 3


CHART = Path(__file__).parents[2] / "charts" / "memesnipe"
CRDS = "templates/generated-crds.yaml"
