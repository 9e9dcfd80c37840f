"""Somebody changes or deletes what the operator wrote: it is written again within seconds, counted, and nobody fights about it."""

from collections.abc import Callable
from typing import Any

import pytest

from memesnipe.testing.custom_resources import MERGE, ROOTS
from memesnipe.testing.operators import Shared

DRIFT = "memesnipe_drift_repaired_total"


@pytest.fixture
def desk(shared: Shared, request: pytest.FixtureRequest) -> Shared:
    """One with a Strategy of this test's own, which trades and is written down as stable: nothing is left to do for it."""
    name = name_of(request)
    shared.resources.strategy(name)
    shared.resources.until(lambda: shared.resources.condition(name, "Stable").get("reason") == "Stable", "it is stable")
    return shared


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return name_of(request)


def name_of(request: pytest.FixtureRequest) -> str:
    return str(request.node.name).removeprefix("test_").replace("_", "-")[:40].strip("-")


def spec_of(desk: Shared, plural: str, name: str) -> Any:
    return (desk.resources.owned(plural, name) or {}).get("spec")


def hurt(desk: Shared, plural: str, name: str, change: dict[str, Any]) -> None:
    desk.resources.cluster.call("PATCH", desk.resources.owned_path(plural, name), change, content_type=MERGE)


def repaired(desk: Shared, kind: str) -> Callable[[], float]:
    return lambda: desk.operator.count(DRIFT, kind=kind)


def test_an_edited_deployment_is_written_again(desk: Shared, name: str) -> None:
    before, counted = spec_of(desk, "deployments", name), repaired(desk, "Deployment")()

    hurt(desk, "deployments", name, {"spec": {"replicas": 3, "template": {"spec": {"terminationGracePeriodSeconds": 3600}}}})

    desk.resources.until(lambda: spec_of(desk, "deployments", name) == before, "the Deployment is as it was")
    assert repaired(desk, "Deployment")() == counted + 1


def test_a_deleted_secret_comes_back_with_the_same_password(desk: Shared, name: str) -> None:
    before, counted = desk.resources.owned("secrets", name), repaired(desk, "Secret")()
    assert before is not None

    desk.resources.delete("secrets", f"strategy-{name}", ROOTS["secrets"])

    desk.resources.until(lambda: desk.resources.owned("secrets", name), "there is a Secret again")
    after = desk.resources.owned("secrets", name)
    assert after is not None
    assert (after["data"], after["metadata"]["uid"] != before["metadata"]["uid"]) == (before["data"], True)
    assert repaired(desk, "Secret")() == counted + 1


def test_an_opened_network_policy_is_closed_again(desk: Shared, name: str) -> None:
    before, counted = spec_of(desk, "networkpolicies", name), repaired(desk, "NetworkPolicy")()

    hurt(desk, "networkpolicies", name, {"spec": {"policyTypes": ["Ingress"], "ingress": [{}]}})

    desk.resources.until(lambda: spec_of(desk, "networkpolicies", name) == before, "the NetworkPolicy is closed")
    assert repaired(desk, "NetworkPolicy")() == counted + 1


@pytest.mark.parametrize("label", ["memesnipe.io/strategy", "app.kubernetes.io/managed-by"])
def test_a_label_by_which_it_is_found_is_put_back(desk: Shared, name: str, label: str) -> None:
    def labels() -> Any:
        return desk.resources.owned("configmaps", name)["metadata"].get("labels", {})  # type: ignore[index]  # it is there

    before = labels()

    hurt(desk, "configmaps", name, {"metadata": {"labels": {label: None}}})

    desk.resources.until(lambda: labels() == before, "the labels are back")


def test_another_field_manager_that_takes_our_field_loses_it_and_there_is_no_fight(desk: Shared, name: str) -> None:
    theirs = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": f"strategy-{name}"}, "spec": {"replicas": 5}}
    path = f"{desk.resources.owned_path('deployments', name)}?fieldManager=other&force=true"

    desk.resources.cluster.call("PATCH", path, theirs, content_type="application/apply-patch+yaml")

    desk.resources.until(lambda: spec_of(desk, "deployments", name)["replicas"] == 1, "our number of replicas is back")
    desk.resources.remains(
        lambda: desk.operator.count("memesnipe_api_calls_total", verb="PATCH", kind="Deployment"), "writes of Deployments"
    )


def test_another_field_managers_own_field_stays_and_there_is_no_fight(desk: Shared, name: str) -> None:
    hurt(desk, "configmaps", name, {"metadata": {"annotations": {"example.com/owner": "somebody"}}})

    desk.resources.until(lambda: repaired(desk, "ConfigMap")() >= 1, "the operator looked at it")
    desk.resources.remains(lambda: desk.operator.count("memesnipe_api_calls_total", verb="PATCH", kind="ConfigMap"), "writes of ConfigMaps")
    annotations = desk.resources.owned("configmaps", name)["metadata"]["annotations"]  # type: ignore[index]  # it is there
    assert annotations == {"example.com/owner": "somebody"}


def test_our_own_changes_are_no_drift_however_late_their_events_come(desk: Shared, name: str) -> None:
    def counted() -> float:
        return desk.operator.count(DRIFT)

    before = counted()

    for number in range(5):
        desk.resources.strategy(name, parameters={"fast_s": 10 + number})
    desk.resources.until(lambda: '"fast_s":14' in str(desk.resources.owned("configmaps", name)), "the last parameters are written")
    desk.resources.until(lambda: desk.resources.trades(name), "it trades")

    assert counted() == before
