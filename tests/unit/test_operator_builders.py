"""What a Strategy becomes, as builders make it: closed networks, and for each change of a field what the field says of itself."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from memesnipe.manifests.fields import Change
from memesnipe.manifests.models import StrategySpecModel
from memesnipe_operator.resources.network_policy import network_policy
from memesnipe_operator.resources.owned import owned
from memesnipe_operator.resources.plan import Manifest, Plan
from memesnipe_operator.resources.pod_monitor import pod_monitor
from memesnipe_operator.settings import ExecutorTemplate
from memesnipe_operator.stability import choose, runnable
from memesnipe_operator.views import strategy_view

TO_REDIS = {
    "to": [{"podSelector": {"matchLabels": {"app.kubernetes.io/component": "redis"}}}],
    "ports": [{"protocol": "TCP", "port": 6379}],
}
TEMPLATE = ExecutorTemplate("memesnipe/memesnipe:1", "redis:6379", resources={"requests": {"cpu": "10m"}}, egress=(TO_REDIS,))
SPEC = {"strategy": "momentum", "parameters": {"fast_s": 10}}


def a_plan(template: ExecutorTemplate = TEMPLATE, name: str = "momentum", **spec: Any) -> Plan:
    meta = {"name": name, "namespace": "n", "uid": f"u-{name}", "generation": 1}
    view = strategy_view({"metadata": meta, "spec": {**SPEC, **spec}})
    return Plan(view, choose(runnable(view.spec), {}, None, 0, 30.0).running, template, "s3cret")


def made(**spec: Any) -> dict[str, Manifest]:
    return {one["kind"]: one for one in owned(a_plan(**spec), progress_s=120, monitored=True)}


def without(manifest: Manifest, *path: str) -> Manifest:
    """Return a copy without what is at this path."""
    copy: Manifest = json.loads(json.dumps(manifest))
    node = copy
    for step in path[:-1]:
        node = node[step]
    del node[path[-1]]
    return copy


def nothing_changes(before: dict[str, Manifest], after: dict[str, Manifest]) -> None:
    assert after == before


def only_replicas_change(before: dict[str, Manifest], after: dict[str, Manifest]) -> None:
    replicas = [one["Deployment"]["spec"]["replicas"] for one in (before, after)]
    assert replicas == [1, 0]
    assert without(before["Deployment"], "spec", "replicas") == without(after["Deployment"], "spec", "replicas")
    assert [kind for kind in before if before[kind] != after[kind]] == ["Deployment"]


def the_process_starts_anew(before: dict[str, Manifest], after: dict[str, Manifest]) -> None:
    annotations = ("spec", "template", "metadata", "annotations")
    assert without(before["Deployment"], *annotations) == without(after["Deployment"], *annotations)
    assert [kind for kind in before if before[kind] != after[kind]] == ["ConfigMap", "Deployment"]


def another_pod_takes_its_place(before: dict[str, Manifest], after: dict[str, Manifest]) -> None:
    assert before["Deployment"]["spec"]["template"]["spec"] != after["Deployment"]["spec"]["template"]["spec"]
    assert [kind for kind in before if before[kind] != after[kind]] == ["Deployment"]


CHANGED: dict[str, Any] = {
    "mode": "live",
    "paused": True,
    "parameters": {"fast_s": 20},
    "resources": {"requests": {"cpu": "20m"}},
}
HOLDS: dict[Change, Callable[[dict[str, Manifest], dict[str, Manifest]], None]] = {
    Change.GATED: nothing_changes,
    Change.SCALED: only_replicas_change,
    Change.RESTARTED: the_process_starts_anew,
    Change.REPLACED: another_pod_takes_its_place,
}
SCHEMA: dict[str, Any] = StrategySpecModel.model_json_schema()["properties"]
FIELDS = {name: Change(field["x-change"]) for name, field in SCHEMA.items()}


@pytest.mark.parametrize("field", sorted(CHANGED))
def test_a_change_of_a_field_does_what_the_field_says_of_itself(field: str) -> None:
    HOLDS[FIELDS[field]](made(), made(**{field: CHANGED[field]}))


def test_every_field_that_may_change_is_looked_at() -> None:
    assert {name for name, change in FIELDS.items() if change is not Change.FIXED} == set(CHANGED)


def test_without_a_monitoring_namespace_nobody_may_come_in() -> None:
    assert network_policy(a_plan())["spec"] == {
        "podSelector": {"matchLabels": {"app.kubernetes.io/component": "executor", "memesnipe.io/strategy": "momentum"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [],
        "egress": [TO_REDIS],
    }


def test_who_monitors_may_reach_the_metrics_and_nothing_else() -> None:
    template = ExecutorTemplate("memesnipe/memesnipe:1", "redis:6379", monitoring_namespace="monitoring")

    [rule] = network_policy(a_plan(template))["spec"]["ingress"]

    assert rule == {
        "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
        "ports": [{"protocol": "TCP", "port": 8081}],
    }


def test_the_password_is_in_the_secret_and_nowhere_else() -> None:
    plan = a_plan()

    texts = {kind: json.dumps(one) for kind, one in made().items()}

    assert [kind for kind, text in texts.items() if "s3cret" in text] == []  # in the Secret it is in base64
    assert "s3cret" not in repr(plan)


def test_the_pod_comes_last_when_all_that_it_needs_is_there() -> None:
    assert list(made()) == ["ServiceAccount", "ConfigMap", "Secret", "NetworkPolicy", "PodMonitor", "Deployment"]


def test_objects_of_two_strategies_share_no_name_and_no_selector() -> None:
    one, other = (owned(a_plan(name=name), progress_s=120, monitored=True) for name in ("a", "b"))

    assert not {m["metadata"]["name"] for m in one} & {m["metadata"]["name"] for m in other}
    assert one[-1]["spec"]["selector"] != other[-1]["spec"]["selector"]


def test_a_prometheus_that_selects_by_label_finds_the_pod_and_our_own_labels_stay() -> None:
    labels = {"release": "prometheus", "app.kubernetes.io/component": "theirs"}
    plan = a_plan(msgspec.structs.replace(TEMPLATE, pod_monitor=True, pod_monitor_labels=labels))

    made_labels = pod_monitor(plan)["metadata"]["labels"]

    assert (made_labels["release"], made_labels["app.kubernetes.io/component"]) == ("prometheus", "executor")
