"""The API server away, overloaded or cutting connections: the operator goes on where it was, and does not make it worse."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memesnipe.kernel.service import EXIT_FAILED
from memesnipe.testing.api_proxy import ApiProxy, a_proxy
from memesnipe.testing.cluster import Cluster
from memesnipe.testing.custom_resources import Resources
from memesnipe.testing.operators import StartOperator
from memesnipe.testing.redis_seen import RedisSeen

PATIENT: dict[str, Any] = {"MEMESNIPE_LEASE_S": "60"}
"""A Lease that outlives the outage: losing it ends the process, which is another test's promise."""

WATCHES = 9
"""One for each kind of ours, for each kind that a Strategy owns, and for records of evidence."""


@pytest.fixture
def proxied(cluster: Cluster, tmp_path: Path) -> Iterator[tuple[ApiProxy, Path]]:
    with a_proxy(cluster.kubeconfig, tmp_path) as made:
        yield made


def is_a_write(method: str, path: str) -> bool:
    return method == "PATCH" and "fieldManager" in path


def is_a_watch(_: str, path: str) -> bool:
    return "watch=true" in path


def test_an_api_server_that_was_killed_is_followed_again_when_it_is_back(
    cluster: Cluster, resources: Resources, start_operator: StartOperator, seen: RedisSeen
) -> None:
    operator = start_operator(**PATIENT)
    resources.limits()

    cluster.restart("kube-apiserver")

    resources.until(lambda: resources.strategy("momentum"), "a Strategy can be applied")
    resources.until(lambda: resources.owned("deployments", "momentum"), "it has a Deployment")
    resources.change("riskpolicies", "default", {"killSwitch": {"state": "Halted", "reason": "still heard"}})
    resources.until(lambda: [one.reason for one in seen.said()] == ["still heard"], "the kill switch is heard")
    assert operator.runs


def test_watches_that_are_cut_are_taken_up_again_and_nothing_that_happened_meanwhile_is_missed(
    proxied: tuple[ApiProxy, Path], resources: Resources, start_operator: StartOperator
) -> None:
    proxy, kubeconfig = proxied
    start_operator(**PATIENT, MEMESNIPE_KUBECONFIG=str(kubeconfig), MEMESNIPE_RESYNC_S="86400", MEMESNIPE_WATCH_IDLE_S="600")
    resources.limits()
    resources.strategy("momentum")
    resources.until(lambda: resources.trades("momentum"), "it trades")
    resources.until(lambda: proxy.watching == WATCHES, "every watch is open")
    asked = len(proxy.asked)
    proxy.refuse(WATCHES, 500, is_a_watch)

    assert proxy.cut_watches() == WATCHES

    resources.delete("secrets", "strategy-momentum", "/api/v1")
    resources.strategy("another")
    resources.until(lambda: resources.trades("another"), "the one that came meanwhile trades")
    resources.until(lambda: resources.owned("secrets", "momentum"), "the Secret that went meanwhile is back")
    assert sum(is_a_watch(*one) for one in proxy.asked[asked:]) >= 2 * WATCHES


def test_an_overloaded_api_server_is_left_alone_for_as_long_as_it_asks(
    proxied: tuple[ApiProxy, Path], resources: Resources, start_operator: StartOperator
) -> None:
    proxy, kubeconfig = proxied
    operator = start_operator(**PATIENT, MEMESNIPE_KUBECONFIG=str(kubeconfig))
    resources.limits()
    resources.until(lambda: resources.status("default", "riskpolicies").get("inForce") == "Yes", "the limits are in force")
    proxy.refuse(2, 429, lambda method, path: is_a_write(method, path) and "/strategies/momentum?" in path, Retry_After="2")
    started_s = time.monotonic()

    resources.strategy("momentum")

    resources.until(lambda: resources.trades("momentum"), "it trades")
    assert proxy.refusals_left == 0
    assert time.monotonic() - started_s >= 2 * 2 * 0.5  # each pause is spread around what was asked for
    assert operator.count("memesnipe_api_calls_total", outcome="429") == 2


def test_calls_that_fail_are_made_again_until_all_is_there(
    proxied: tuple[ApiProxy, Path], resources: Resources, start_operator: StartOperator
) -> None:
    proxy, kubeconfig = proxied
    proxy.refuse(4, 503, is_a_write)
    resources.limits()
    resources.strategy("momentum")

    operator = start_operator(**PATIENT, MEMESNIPE_KUBECONFIG=str(kubeconfig))

    resources.until(lambda: resources.trades("momentum"), "it trades")
    assert proxy.refusals_left == 0
    assert operator.count("memesnipe_reconciles_total", outcome="failed") >= 1


def test_an_operator_that_cannot_watch_every_kind_ends_rather_than_be_deaf_to_the_kill_switch(
    proxied: tuple[ApiProxy, Path], start_operator: StartOperator
) -> None:
    proxy, kubeconfig = proxied
    ours = ("GET", "/apis/memesnipe.io/v1alpha1")
    proxy.refuse(99, 404, lambda *asked: asked == ours and proxy.asked.count(ours) > 3)  # after the operator's own look at its three kinds

    operator = start_operator(**PATIENT, MEMESNIPE_KUBECONFIG=str(kubeconfig), wait=False)

    assert operator.wait() == EXIT_FAILED
    assert "it does not serve Allocation, RiskPolicy, Strategy yet" in operator.log()


def test_watches_that_are_never_answered_do_not_make_it_deaf(
    proxied: tuple[ApiProxy, Path], resources: Resources, start_operator: StartOperator, seen: RedisSeen
) -> None:
    proxy, kubeconfig = proxied
    start_operator(**PATIENT, MEMESNIPE_KUBECONFIG=str(kubeconfig), MEMESNIPE_WATCH_IDLE_S="2")
    resources.limits()
    proxy.hang(is_a_watch)
    proxy.cut_watches()
    resources.until(lambda: proxy.hanging >= 8, "every watch hangs")

    proxy.answer_again()
    resources.change("riskpolicies", "default", {"killSwitch": {"state": "Halted", "reason": "still heard"}})

    resources.until(lambda: [one.reason for one in seen.said()] == ["still heard"], "the kill switch is heard")
