"""Every pod of the chart is restricted, whichever values it was made from."""

import copy

import pytest

from memesnipe.testing.chart.pod_security import faults
from memesnipe.testing.chart.pods import pod_of, pods
from memesnipe.testing.chart.render import VALUE_SETS, Values, render

TALKS_TO_THE_API_SERVER = {"operator", "setup", "drain"}


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())
def test_every_pod_is_restricted_and_bounded(values: Values) -> None:
    assert [fault for pod in pods(render(values)) for fault in faults(pod)] == []


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())
def test_nobody_but_the_operator_and_its_jobs_gets_a_token(values: Values) -> None:
    promoting = {"autonomous-allocator"} if values.get("promotion") else set()
    attesting = {"attest"} if values.get("evidence") else set()

    with_token = {pod.component for pod in pods(render(values)) if pod.spec["automountServiceAccountToken"]}

    assert with_token == TALKS_TO_THE_API_SERVER | promoting | attesting


def test_no_service_account_hands_out_a_token_by_itself() -> None:
    accounts = [m for m in render(VALUE_SETS["everything"]) if m["kind"] == "ServiceAccount"]

    assert {account["automountServiceAccountToken"] for account in accounts} == {False}


@pytest.mark.parametrize(
    ("field", "value"),
    [("privileged", True), ("allowPrivilegeEscalation", True), ("capabilities", {}), ("runAsUser", 0), ("readOnlyRootFilesystem", False)],
)
def test_a_pod_that_may_more_would_be_found(field: str, value: object) -> None:
    pod = copy.deepcopy(pod_of(render(), "risk-guardian"))

    pod.spec["containers"][0]["securityContext"][field] = value

    assert faults(pod) != []
