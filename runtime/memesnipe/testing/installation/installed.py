"""An installation to look at and to hurt: its pods, ledger, streams and page, by the ways a person has."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from redis import Redis

from memesnipe.testing.cluster import Cluster
from memesnipe.testing.installation.forward import forwarded
from memesnipe.testing.installation.release import NAMESPACE, Release
from memesnipe.testing.stacks import until

STRATEGIES = "memesnipe-strategies"
SIGNER = "memesnipe-signer"
NAMESPACES = (NAMESPACE, STRATEGIES, SIGNER)
LEDGER = """
import json, sqlite3, sys
with sqlite3.connect("file:/var/lib/memesnipe/trades_v18.db?mode=ro", uri=True, timeout=5) as db:
    print(json.dumps(db.execute(sys.argv[1]).fetchall()))
"""


class Installation:
    """What a test holds in its hand."""

    def __init__(self, cluster: Cluster, release: Release) -> None:
        self.cluster, self.release = cluster, release
        self.figures = ""
        """How long it took to come up, for whoever reads the test run."""

    def kubectl(self, *arguments: str, given: str = "") -> str:
        """Run kubectl as admin and return what it printed. Raises RuntimeError with its words when it fails."""
        done = self.cluster.kubectl(*arguments, input=given)
        if done.returncode != 0:
            raise RuntimeError(f"kubectl {' '.join(arguments[:4])}: {done.stderr.strip()[-1_500:]}")
        return done.stdout

    def get(self, *arguments: str) -> Any:
        """Return what `kubectl get` finds, parsed. Raises RuntimeError."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def strategy(self, name: str = "momentum") -> dict[str, Any]:
        """Return a Strategy with its status. Raises RuntimeError when it is not there."""
        found: dict[str, Any] = self.get("strategy", name, "-n", STRATEGIES)
        return found

    def patch(self, kind: str, name: str, spec: dict[str, Any]) -> None:
        """Merge into the spec of one of our resources, as `kubectl patch` does. Raises RuntimeError when it is refused."""
        self.kubectl("patch", kind, name, "-n", STRATEGIES, "--type", "merge", "-p", json.dumps({"spec": spec}))

    def kill_switch(self, state: str, why: str) -> None:
        """Command a halt state for everything, as a person does. Raises RuntimeError when it is refused."""
        self.patch("riskpolicy", "default", {"killSwitch": {"state": state, "reason": why}})

    def halt(self) -> str:
        """Return the halt state that is in force for everything, as the RiskPolicy's status says. Raises RuntimeError."""
        return str(self.get("riskpolicy", "default", "-n", STRATEGIES).get("status", {}).get("halt"))

    def pods(self, *, finished: bool = False) -> list[dict[str, Any]]:
        """Return the pods of all three namespaces; those of Jobs and tests only with `finished`."""
        found = [pod for namespace in NAMESPACES for pod in self.get("pods", "-n", namespace)["items"]]
        return [pod for pod in found if finished or pod["spec"]["restartPolicy"] == "Always"]

    def unready(self) -> list[str]:
        """Return what is not as it should be: a sentence for each pod that is missing or does not take work."""
        workloads = [w for ns in NAMESPACES for kind in ("deployments", "statefulsets") for w in self.get(kind, "-n", ns)["items"]]
        return [text for workload in workloads if (text := _short_of(workload))]

    def until_ready(self, timeout_s: float) -> None:
        """Wait until every pod takes work. Raises AssertionError naming those that do not, with the end of their logs."""
        try:
            until(lambda: self._quiet(self.unready) == [], timeout_s, "everything ready")
        except AssertionError:
            raise AssertionError(f"not ready after {timeout_s:.0f} s: {self.unready()}\n{self.trouble()}") from None

    def trouble(self) -> str:
        """Return what a person would look at first: pods that do not run, why, and what they said last."""
        return "\n".join(
            self._story(pod) for pod in self.pods(finished=True) if not _is_ready(pod) and pod["status"]["phase"] != "Succeeded"
        )

    def ledger(self, question: str) -> list[tuple[object, ...]]:
        """Ask the ledger, from inside position_manager's pod; an empty answer while it cannot be asked."""
        asked = ("exec", "-n", NAMESPACE, "deploy/memesnipe-position-manager", "--", "python", "-c", LEDGER, question)
        done = self.cluster.kubectl(*asked)
        return [tuple(row) for row in json.loads(done.stdout)] if done.returncode == 0 else []

    def command(self, *arguments: str) -> tuple[int, str]:
        """Run `memesnipe …` in position_manager's pod; return its exit code and what it printed."""
        done = self.cluster.kubectl("exec", "-n", NAMESPACE, "deploy/memesnipe-position-manager", "--", "memesnipe", *arguments)
        return done.returncode, done.stdout + done.stderr

    @contextmanager
    def page(self) -> Iterator[str]:
        """Yield the page's URL, through its Service."""
        with forwarded(self.cluster.kubeconfig, NAMESPACE, "service/memesnipe-dashboard", 8080) as port:
            yield f"http://127.0.0.1:{port}"

    def snapshot(self) -> dict[str, Any]:
        """Return what the page shows. Raises RuntimeError, httpx.HTTPError."""
        with self.page() as url:
            shown: dict[str, Any] = httpx.get(f"{url}/api/snapshot", timeout=10).raise_for_status().json()
        return shown

    def close(self, strategy: str, mint: str) -> None:
        """Press the page's close button for one position. Raises RuntimeError, httpx.HTTPError."""
        with self.page() as url:
            found = re.search(r'name="csrf-token" content="([^"]+)"', httpx.get(url, timeout=10).text)
            headers = {"X-CSRF-Token": found[1] if found else "", "Origin": url}
            httpx.post(f"{url}/api/close", json={"strategy": strategy, "mint": mint}, headers=headers, timeout=20).raise_for_status()

    @contextmanager
    def redis(self) -> Iterator[Any]:
        """Yield a client of the installation's Redis, as its administrator."""
        url = urlsplit(self._secret("memesnipe-redis-admin", "url"))
        with (
            forwarded(self.cluster.kubeconfig, NAMESPACE, "service/memesnipe-redis", 6379) as port,
            Redis(port=port, username=url.username, password=url.password, protocol=2) as client,
        ):
            yield client

    def _secret(self, name: str, key: str) -> str:
        return base64.b64decode(self.get("secret", name, "-n", NAMESPACE)["data"][key]).decode()

    def _story(self, pod: dict[str, Any]) -> str:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        said = self.cluster.kubectl("logs", "-n", namespace, name, "--all-containers", "--tail=6").stdout[-1_500:]
        events = self.cluster.kubectl("get", "events", "-n", namespace, f"--field-selector=involvedObject.name={name}").stdout[-1_200:]
        return f"-- {namespace}/{name}: {pod['status']['phase']}\n{events}{said}"

    @staticmethod
    def _quiet(ask: Callable[[], list[str]]) -> list[str] | None:
        try:
            return ask()
        except RuntimeError:
            return None


def _is_ready(pod: dict[str, Any]) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))


def _short_of(workload: dict[str, Any]) -> str:
    wanted, status, meta = workload["spec"]["replicas"], workload.get("status", {}), workload["metadata"]
    seen = status.get("observedGeneration", 0) >= meta["generation"]
    counts = {name: status.get(name, 0) for name in ("readyReplicas", "updatedReplicas", "replicas")}
    if seen and set(counts.values()) == {wanted}:
        return ""
    return f"{meta['namespace']}/{meta['name']}: wanted {wanted}, has {counts}{'' if seen else ', change not seen yet'}"
