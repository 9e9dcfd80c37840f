"""PodMonitor: written where Prometheus' operator is installed and the chart asks for it; elsewhere never thought of."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from memesnipe.testing.cluster import Cluster
from memesnipe.testing.custom_resources import Resources
from memesnipe.testing.operators import StartOperator, executor_file

NAME = "podmonitors.monitoring.coreos.com"
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": NAME},
    "spec": {
        "group": "monitoring.coreos.com",
        "scope": "Namespaced",
        "names": {"kind": "PodMonitor", "plural": "podmonitors", "singular": "podmonitor"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
DEFINITION = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{NAME}"


@pytest.fixture
def prometheus(cluster: Cluster) -> Iterator[None]:
    cluster.apply(CRD)
    cluster.wait(partial(cluster.call, "GET", "/apis/monitoring.coreos.com/v1/podmonitors"), "PodMonitor is served")
    yield
    cluster.call("DELETE", DEFINITION)
    cluster.wait(lambda: "monitoring.coreos.com" not in str(cluster.call("GET", "/apis")), "PodMonitor is gone")
    cluster.wait(lambda: cluster.found(DEFINITION) is None, "its definition, too: another test makes it anew")


def test_a_pod_monitor_scrapes_the_pods_of_its_strategy_and_goes_when_it_is_not_wanted_any_more(
    prometheus: None, resources: Resources, start_operator: StartOperator, tmp_path: Path
) -> None:
    executor_file(tmp_path, podMonitor=True)
    resources.strategy("momentum")

    operator = start_operator()

    resources.until(lambda: resources.owned("podmonitors", "momentum"), "there is a PodMonitor")
    resources.until(lambda: resources.owned("deployments", "momentum"), "and the Deployment, which is written after it")
    spec = resources.owned("podmonitors", "momentum")["spec"]  # type: ignore[index]  # it is there
    labels = resources.owned("deployments", "momentum")["spec"]["template"]["metadata"]["labels"]  # type: ignore[index]
    assert spec["selector"]["matchLabels"].items() <= labels.items()
    operator.stop()
    executor_file(tmp_path, podMonitor=False)
    with operator:
        resources.until(lambda: resources.owned("podmonitors", "momentum") is None, "the PodMonitor is gone")
