"""Every manifest against the schemas of each Kubernetes that the chart says it runs on, strictly: a field it does not know is a fault."""

import functools
import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # the package carries no types
from kubernetes_validate import utils  # type: ignore[import-untyped]  # as above
from referencing import Registry, Resource

from memesnipe.testing.chart.render import CHART, VALUE_SETS, Manifest, render

VERSIONS = ("1.33", "1.34", "1.35")
OTHERS = {"ServiceMonitor", "PrometheusRule"}
"""Kinds of the Prometheus operator: Kubernetes has no schema of theirs, and test_monitoring looks at them."""


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_what_the_api_server_expects(version: str) -> None:
    manifests = {json.dumps(m, sort_keys=True): m for values in VALUE_SETS.values() for m in render(values, kubernetes=f"{version}.0")}

    faults = [fault for manifest in manifests.values() if manifest["kind"] not in OTHERS for fault in faults_of(manifest, version)]

    assert faults == []
    assert len(manifests) > 100


@pytest.mark.parametrize("version", VERSIONS)
def test_a_field_that_kubernetes_does_not_know_would_be_found(version: str) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "date": {}}

    assert faults_of(manifest, version) != []


def test_the_chart_asks_for_the_oldest_of_them() -> None:
    asked = yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"]

    assert asked == f">={VERSIONS[0]}.0-0"


def faults_of(manifest: Manifest, version: str) -> list[str]:
    name = f"{manifest['kind']} {manifest['metadata']['name']}"
    errors = validator(manifest["kind"], manifest["apiVersion"], version).iter_errors(manifest)
    return [f"{name}: {'.'.join(map(str, error.path))}: {error.message}" for error in errors]


@functools.cache
def validator(kind: str, api_version: str, version: str) -> Any:
    """`kubernetes_validate.validate` loads two megabytes of definitions for each object; once for each kind is enough."""
    group, _, end = api_version.rpartition("/")
    file = f"{kind.lower()}-{group.partition('.')[0]}-{end}.json" if group else f"{kind.lower()}-{end}.json"
    schema = utils.schema_contents(f"{folder(version)}/{file}", version)
    return Draft202012Validator(schema, registry=definitions(version))


@functools.cache
def definitions(version: str) -> Registry[Any]:
    contents = utils.schema_contents(f"{folder(version)}/_definitions.json", version)
    registry: Registry[Any] = Resource.from_contents(contents) @ Registry()
    return registry


def folder(version: str) -> str:
    return f"kubernetes-json-schema/v{version}.0-local-strict"
