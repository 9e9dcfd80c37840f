"""Our kinds in one namespace, as a person with kubectl sees them: applied, patched, deleted, and what their status says."""

import contextlib
import json
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from memesnipe.testing.cluster import Cluster
from memesnipe.testing.stacks import until

ROOT = Path(__file__).parents[3]
API = "/apis/memesnipe.io/v1alpha1"
MERGE = "application/merge-patch+json"
PATIENCE_S = 90.0
"""On two cores with a load of eight a pod took 25 s to be ready. What is promised to be quick is measured, not waited for less long."""


def install_crds(cluster: Cluster) -> None:
    """Apply the CRDs as the repository has them, and wait until they are served."""
    documents = [one for file in sorted((ROOT / "crds").glob("*.yaml")) for one in yaml.safe_load_all(file.read_text())]
    cluster.apply(*(one for one in documents if one["kind"] == "CustomResourceDefinition"))
    for plural in ("strategies", "allocations", "riskpolicies"):
        cluster.wait(partial(cluster.call, "GET", f"{API}/{plural}"), f"the API server serves {plural}")


@contextlib.contextmanager
def a_namespace(cluster: Cluster) -> Iterator[str]:
    """Make a namespace, and delete it in the end without waiting; its name."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    cluster.wait(lambda: cluster.call("GET", account), f"the service account of {name}, which pods need")
    yield name
    cluster.call("DELETE", f"/api/v1/namespaces/{name}")


class Resources:
    """One namespace."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster, self.namespace = cluster, namespace

    def strategy(self, name: str, plugin: str = "momentum", **spec: Any) -> dict[str, Any]:
        """Apply a Strategy and return it."""
        return self._apply("Strategy", "strategies", name, {"strategy": plugin, **spec})

    def policy(self, **spec: Any) -> dict[str, Any]:
        """Apply the RiskPolicy."""
        return self._apply("RiskPolicy", "riskpolicies", "default", spec)

    def allocation(self, capital_sol: float = 20, **spec: Any) -> dict[str, Any]:
        """Apply the Allocation."""
        return self._apply("Allocation", "allocations", "default", {"capitalSol": capital_sol, **spec})

    def limits(self, **spec: Any) -> None:
        """Apply what no Strategy trades without: an Allocation, and a RiskPolicy with this spec."""
        self.allocation()
        self.policy(**spec)

    def _apply(self, kind: str, plural: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
        body = {"apiVersion": "memesnipe.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        path = f"{self._path(plural, name)}?fieldManager=a-person&force=true"
        applied: dict[str, Any] = self.cluster.call("PATCH", path, body, content_type="application/apply-patch+yaml")
        return applied

    def patch(self, kind: str, name: str, spec: dict[str, Any], as_user: str = "") -> subprocess.CompletedProcess[str]:
        """`kubectl patch … --type merge`."""
        patch = json.dumps({"spec": spec})
        return self.kubectl("patch", kind, name, "--type", "merge", "-p", patch, as_user=as_user)

    def change(self, plural: str, name: str, spec: dict[str, Any], root: str = API) -> dict[str, Any]:
        """Merge into a spec without kubectl's 100 ms; return the object."""
        changed: dict[str, Any] = self.cluster.call("PATCH", self._path(plural, name, root), {"spec": spec}, content_type=MERGE)
        return changed

    def kubectl(self, *arguments: str, as_user: str = "") -> subprocess.CompletedProcess[str]:
        """Run kubectl in the namespace."""
        return self.cluster.kubectl("-n", self.namespace, *arguments, as_user=as_user)

    def get(self, plural: str, name: str, root: str = API) -> dict[str, Any] | None:
        """Return an object, by default one of ours; None where there is none."""
        found: dict[str, Any] | None = self.cluster.found(self._path(plural, name, root))
        return found

    def owned(self, plural: str, strategy: str) -> dict[str, Any] | None:
        """Return an object that a Strategy became, by its plural; None where there is none."""
        return self.get(plural, f"strategy-{strategy}", ROOTS[plural])

    def owned_path(self, plural: str, strategy: str) -> str:
        """Return its path on the API server."""
        return self._path(plural, f"strategy-{strategy}", ROOTS[plural])

    def _path(self, plural: str, name: str, root: str = API) -> str:
        return f"{root}/namespaces/{self.namespace}/{plural}/{name}"

    def status(self, name: str, plural: str = "strategies") -> dict[str, Any]:
        """Return an object's status, empty without one."""
        return (self.get(plural, name) or {}).get("status") or {}

    def condition(self, name: str, type_: str, plural: str = "strategies") -> dict[str, Any]:
        """Return a condition, empty while it is not stated."""
        return next((one for one in self.status(name, plural).get("conditions") or () if one["type"] == type_), {})

    def events(self, name: str) -> list[tuple[str, str]]:
        """Return (reason, message) of the Kubernetes events about an object, the oldest first."""
        path = f"/api/v1/namespaces/{self.namespace}/events?fieldSelector=involvedObject.name={name}"
        found = sorted(self.cluster.call("GET", path)["items"], key=lambda one: int(one["metadata"]["resourceVersion"]))
        return [(one["reason"], one["message"]) for one in found if one["source"].get("component") == "memesnipe-operator"]

    def delete(self, plural: str, name: str, root: str = API) -> None:
        """Ask for the deletion of an object, by default one of ours; it may take its time."""
        self.cluster.call("DELETE", self._path(plural, name, root))

    def trades(self, name: str) -> bool:
        """Return whether a Strategy's status says that it trades."""
        return self.status(name).get("trading") == "Yes"

    def until_trading(self, *names: str) -> None:
        """Wait until these Strategies trade. Raises AssertionError."""
        self.until(lambda: all(map(self.trades, names)), f"{', '.join(names)} trade")

    def let_go(self) -> None:
        """Take every finalizer off, for a namespace whose operator is gone and which is to go."""
        for one in self.cluster.call("GET", f"{API}/namespaces/{self.namespace}/strategies")["items"]:
            if one["metadata"].get("finalizers"):
                self.cluster.call(
                    "PATCH", self._path("strategies", one["metadata"]["name"]), {"metadata": {"finalizers": []}}, content_type=MERGE
                )

    def until(self, condition: Callable[[], object], what: str, timeout_s: float = PATIENCE_S) -> None:
        """Poll; an API server that is away counts as no. Raises AssertionError saying what did not come."""
        until(lambda: self.cluster.client.holds(condition), timeout_s, what)

    def settled(self, state: Callable[[], object], what: str, for_s: float = 1.5) -> object:
        """Wait until something has been the same for a while, and return it: an event comes after the status that it tells of.

        Raises AssertionError saying what never came to rest.
        """
        known, since_s = state(), time.monotonic()

        def rests() -> bool:
            nonlocal known, since_s
            if (now := state()) != known:
                known, since_s = now, time.monotonic()
            return time.monotonic() - since_s >= for_s

        self.until(rests, f"{what} at rest")
        return known

    def remains(self, state: Callable[[], object], what: str, for_s: float = 1.5) -> None:
        """Watch for a while that something stays as it is. Raises AssertionError saying what became another."""
        before, ends_s = state(), time.monotonic() + for_s
        while time.monotonic() < ends_s:
            now = state()
            assert now == before, f"{what}: {before} became {now}"  # noqa: S101 - a test's helper
            time.sleep(0.1)


ROOTS = {
    "deployments": "/apis/apps/v1",
    "networkpolicies": "/apis/networking.k8s.io/v1",
    "configmaps": "/api/v1",
    "secrets": "/api/v1",
    "serviceaccounts": "/api/v1",
    "podmonitors": "/apis/monitoring.coreos.com/v1",
}
"""Where the API server has the kinds that a Strategy becomes, by plural."""
