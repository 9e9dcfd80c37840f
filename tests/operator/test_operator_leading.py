"""Two operators: one leads, the other waits; the hand-over is quick, and never do both lead."""

import time
from pathlib import Path
from typing import Any

from memesnipe.kernel.service import EXIT_FAILED
from memesnipe.testing.api_proxy import a_proxy
from memesnipe.testing.cluster import Cluster
from memesnipe.testing.custom_resources import Resources
from memesnipe.testing.operators import RunningOperator, StartOperator

LEASE_S = 3
SHORT: dict[str, Any] = {"MEMESNIPE_LEASE_S": str(LEASE_S)}
"""Elsewhere it is as long as in the product: a leader that a busy machine stops for two seconds would end, and the test with it."""


def a_pair(start_operator: StartOperator, resources: Resources) -> tuple[RunningOperator, RunningOperator]:
    first, second = start_operator("first", **SHORT), start_operator("second", wait=False, **SHORT)
    resources.until(lambda: second.is_up, "the second is up")
    return first, second


def handed_over(first: RunningOperator, second: RunningOperator, resources: Resources, timeout_s: float = 60.0) -> float:
    """Wait until the second leads, looking at both all the time; return the seconds it took."""
    started_s = time.monotonic()

    def leads() -> bool:
        both = (first.leads, second.leads)  # in this order: the first may end between the two looks, but not begin
        assert both != (True, True), "two lead"
        return both[1]

    resources.until(leads, "the second leads", timeout_s)
    return time.monotonic() - started_s


def test_the_second_operator_writes_nothing_until_the_leader_hands_over_within_two_seconds_of_being_asked_to_end(
    start_operator: StartOperator, resources: Resources
) -> None:
    first, second = a_pair(start_operator, resources)
    resources.limits()
    resources.strategy("momentum")
    resources.until(lambda: resources.owned("deployments", "momentum"), "the leader reconciles")
    assert (first.leads, second.leads) == (True, False)
    assert second.count("memesnipe_api_calls_total", verb="PATCH") == 0
    assert first.process is not None

    first.process.terminate()

    took_s = handed_over(first, second, resources)
    print(f"hand-over after SIGTERM: {took_s * 1_000:.0f} ms")
    assert took_s <= 2
    assert first.wait() == 0


def test_a_waiting_operator_ends_at_once_when_it_is_asked_to(start_operator: StartOperator, resources: Resources) -> None:
    _, second = a_pair(start_operator, resources)

    assert second.stop(timeout_s=7) == 0  # less than the 8 s after which work that does not end is cut


def test_a_leader_that_is_killed_is_followed_when_its_lease_has_run_out(start_operator: StartOperator, resources: Resources) -> None:
    first, second = a_pair(start_operator, resources)
    first.kill()

    took_s = handed_over(first, second, resources)
    print(f"hand-over after SIGKILL: {took_s:.1f} s with a lease of {LEASE_S} s")
    assert took_s <= LEASE_S + 2
    resources.strategy("momentum")
    resources.until(lambda: resources.owned("deployments", "momentum"), "the second operates")


def test_a_leader_whose_calls_hang_ends_before_another_leads(
    cluster: Cluster, start_operator: StartOperator, resources: Resources, tmp_path: Path
) -> None:
    with a_proxy(cluster.kubeconfig, tmp_path) as (proxy, kubeconfig):
        first = start_operator("first", **SHORT, MEMESNIPE_KUBECONFIG=str(kubeconfig))
        second = start_operator("second", wait=False, **SHORT)
        resources.until(lambda: second.is_up, "the second is up")

        proxy.hang(lambda _method, _path: True)

        handed_over(first, second, resources)
        assert first.wait() == EXIT_FAILED


def test_an_operator_whose_state_another_one_wrote_ends(operator: RunningOperator, resources: Resources) -> None:
    path = f"/api/v1/namespaces/{resources.namespace}/configmaps/memesnipe-operator-state"
    resources.limits()
    resources.until(lambda: resources.get("configmaps", "memesnipe-operator-state", "/api/v1"), "there is a state")
    mark = {"metadata": {"annotations": {"example.com/touched": "by another"}}}
    resources.cluster.call("PATCH", path, mark, content_type="application/merge-patch+json")

    resources.change("riskpolicies", "default", {"killSwitch": {"state": "Halted", "reason": "so that there is something to keep"}})

    assert operator.wait() == EXIT_FAILED
    assert "another operator keeps the state" in operator.log()
