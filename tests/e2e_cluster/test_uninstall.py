"""`helm uninstall`: refused while somebody's live position would be left without its stops; afterwards nothing but what the docs name."""

import contextlib
import time
from collections.abc import Callable
from typing import Any

import httpx

from memesnipe.testing.installation.installed import NAMESPACES, STRATEGIES, Installation
from memesnipe.testing.installation.release import NAMESPACE
from memesnipe.testing.stacks import until

Say = Callable[[str], None]
FILLS = "SELECT signature FROM fills WHERE mode = 'live'"
HELD = "SELECT strategy, mint FROM positions WHERE mode = 'live' AND units > 0"
KEPT = {
    "customresourcedefinitions": {"allocations.memesnipe.io", "riskpolicies.memesnipe.io", "strategies.memesnipe.io"},
    "namespaces": set(NAMESPACES),
}
NOT_OURS = ("nodes", "persistentvolumes", "apiservices")
"""The node's volumes, named by the claims that stay, and what the API server keeps for each definition."""
OF_THE_CLUSTER = ("configmaps/kube-root-ca.crt", "serviceaccounts/default")
"""What Kubernetes itself puts into every namespace."""


def test_an_uninstall_is_refused_while_a_live_position_is_open(installation: Installation) -> None:
    until(lambda: installation.ledger(HELD), 400, "an open live position")

    refused = installation.release.helm("uninstall", "memesnipe", "--timeout", "2m")

    assert refused.returncode != 0, "helm uninstalled although a live position is open"
    assert '"refused"' in installation.kubectl("logs", "-n", NAMESPACE, "job/memesnipe-drain")
    assert installation.unready() == []


def closed(installation: Installation) -> bool:
    for strategy, mint in installation.ledger(HELD):
        with contextlib.suppress(RuntimeError, httpx.HTTPError):
            installation.close(str(strategy), str(mint))
    return not installation.ledger(HELD)


def left(installation: Installation) -> set[str]:
    """Everything in the three namespaces, as `namespace: kind/name`; events apart, which end by themselves."""
    kinds = [
        kind for kind in installation.kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name").split() if "events" not in kind
    ]
    return {
        f"{namespace}: {kind}/{item['metadata']['name']}"
        for namespace in NAMESPACES
        for kind in kinds
        for item in installation.get(kind, "-n", namespace)["items"]
        if f"{kind}/{item['metadata']['name']}" not in OF_THE_CLUSTER
    }


def test_an_uninstall_leaves_what_the_docs_say_and_nothing_else(installation: Installation, say: Say) -> None:
    installation.kill_switch("Halted", "test: uninstall")
    until(lambda: closed(installation), 240, "every live position sold")
    started = time.monotonic()

    installation.release.uninstall()

    uninstalled_s = time.monotonic() - started
    until(lambda: not installation.pods(finished=True), 120, "no pods")
    with contextlib.suppress(AssertionError):  # said better below
        until(lambda: all(map(may_stay, left(installation))), 120, "what the garbage collector takes is gone")
    found = left(installation)
    say(f"uninstalled in {uninstalled_s:.0f} s; left: {', '.join(sorted(found))}")
    assert {one for one in found if not may_stay(one)} == set()
    assert cluster_wide(installation) == KEPT


def test_an_install_after_an_uninstall_takes_up_the_same_ledger_and_wallet(installation: Installation, say: Say) -> None:
    started = time.monotonic()

    installation.release.install()

    installation.until_ready(420)
    until(lambda: installation.ledger(FILLS), 120, "the ledger")
    code, told = installation.command("reconcile")
    say(f"ready again after {time.monotonic() - started:.0f} s; halted as it was left: {installation.halt()}")
    assert code == 0, told
    assert installation.halt() == "Halted"


def may_stay(one: str) -> bool:
    """What docs/howto/uninstall.md says stays: what a person made, the volumes, keys and passwords, what the operator remembers."""
    namespace, _, thing = one.partition(": ")
    kind, _, name = thing.partition("/")
    if kind.endswith("memesnipe.io"):
        return namespace == STRATEGIES
    if thing == "leases.coordination.k8s.io/memesnipe-operator":
        return True
    return kind in ("persistentvolumeclaims", "secrets", "configmaps") and name.startswith("memesnipe-") and namespace != STRATEGIES


def cluster_wide(installation: Installation) -> dict[str, set[str]]:
    kinds = installation.kubectl("api-resources", "--namespaced=false", "--verbs=list", "-o", "name").split()
    ours: dict[str, set[str]] = {}
    for kind in kinds:
        items: list[dict[str, Any]] = installation.get(kind)["items"]
        names = {item["metadata"]["name"] for item in items if "memesnipe" in item["metadata"]["name"]}
        if names and kind.partition(".")[0] not in NOT_OURS:
            ours[kind.partition(".")[0]] = names
    return ours
