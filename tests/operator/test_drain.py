"""Before `helm uninstall`: refused while a live position is held or nobody can tell; else nothing of the operator's is left behind."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import redis
from kubernetes.aio.client import ApiClient

from memesnipe.bus.topology import HOLDINGS_KEY
from memesnipe.messages import codec
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import HeldAccount, Holding, Holdings
from memesnipe.testing.builders import MINT, SOL
from memesnipe.testing.cluster import Cluster
from memesnipe.testing.roles import admit, bound
from memesnipe_operator.api import Api
from memesnipe_operator.connection import connected
from memesnipe_operator.drain.held import StillHeld, Unknown
from memesnipe_operator.drain.settings import DrainSettings
from memesnipe_operator.drain.steps import drain
from memesnipe_operator.kinds import FINALIZER, Kind

Object = dict[str, Any]
STRATEGIES = "/apis/memesnipe.io/v1alpha1/namespaces/{}/strategies"
OTHERS = "example.org/another"
OPERATOR = {"app.kubernetes.io/name": "memesnipe", "app.kubernetes.io/component": "operator"}
EXECUTOR = {
    "app.kubernetes.io/component": "executor",
    "app.kubernetes.io/managed-by": "memesnipe-operator",
    "memesnipe.io/strategy": "momentum",
}
FLAT = Holdings(())
STEPS = 7
"""Calls that change something: scale, the executor's Deployment, four objects of its own, the finalizer."""


def holding(units: int = 500_000, mode: Mode = Mode.LIVE, strategy: str = "momentum") -> Holdings:
    return Holdings((HeldAccount(strategy, mode, 0, (Holding(MINT, units, 2 * SOL, SOL),), ()),))


class Killed(BaseException):
    """The process is gone: nothing catches it."""


class Mortal(Api):
    """The API server, until so many changes were made."""

    def __init__(self, client: ApiClient, changes_max: int = 10_000) -> None:
        super().__init__(client)
        self.left = changes_max

    async def replace(self, kind: Kind, manifest: Object) -> Object:
        written = await super().replace(kind, manifest)
        self._count()
        return written

    async def delete(self, kind: Kind, namespace: str, name: str) -> None:
        await super().delete(kind, namespace, name)
        self._count()

    async def set_finalizers(self, kind: Kind, namespace: str, name: str, finalizers: list[str], version: str) -> Object:
        written = await super().set_finalizers(kind, namespace, name, finalizers, version)
        self._count()
        return written

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


class Installation:
    """An operator's Deployment, one Strategy with what belongs to it, and objects of others beside them."""

    def __init__(self, cluster: Cluster, api: Api, platform: str, strategies: str, redis_url: str) -> None:
        self.cluster, self.api, self.redis_url = cluster, api, redis_url
        self.platform, self.strategies = platform, strategies

    async def drain(self, *, changes_max: int = 10_000, **changes: Any) -> None:
        waits = {"told_s": 0.0, "settle_s": 0.0, "gone_s": 90.0}
        where = {"namespace": self.platform, "strategies_namespace": self.strategies, "redis_url": self.redis_url}
        await drain(Mortal(self.api._client, changes_max), DrainSettings(**{**where, **waits, **changes}))

    def say(self, holdings: Holdings | bytes) -> None:
        raw = holdings if isinstance(holdings, bytes) else codec.encode(holdings)
        with redis.Redis.from_url(self.redis_url) as client:
            client.set(HOLDINGS_KEY, raw)

    def build(self) -> None:
        self._post("deployments", self.platform, a_deployment("memesnipe-operator", OPERATOR))
        self.strategy("momentum", [FINALIZER, OTHERS])
        self._post("deployments", self.strategies, a_deployment("strategy-momentum", EXECUTOR))
        for plural in ("configmaps", "secrets", "serviceaccounts", "networkpolicies"):
            content: Object = {"spec": {"podSelector": {}}} if plural == "networkpolicies" else {}
            self._post(plural, self.strategies, content | {"metadata": {"name": "strategy-momentum", "labels": EXECUTOR}})
            self._post(plural, self.strategies, content | {"metadata": {"name": "a-persons-own"}})
        for namespace in (self.platform, self.strategies):
            self.cluster.wait(lambda namespace=namespace: self.pods(namespace), f"the pods of {namespace}")  # type: ignore[misc]

    def strategy(self, name: str, finalizers: list[str]) -> None:
        body = {"apiVersion": "memesnipe.io/v1alpha1", "kind": "Strategy", "metadata": {"name": name, "finalizers": finalizers}}
        self.cluster.call("POST", STRATEGIES.format(self.strategies), body | {"spec": {"strategy": "momentum", "mode": "paper"}})

    def finalizers(self, name: str = "momentum") -> list[str]:
        found: list[str] = self.cluster.call("GET", f"{STRATEGIES.format(self.strategies)}/{name}")["metadata"].get("finalizers", [])
        return found

    def replicas(self) -> int:
        return int(self.cluster.call("GET", f"{path('deployments', self.platform)}/memesnipe-operator")["spec"]["replicas"])

    def pods(self, namespace: str) -> list[str]:
        return [pod["metadata"]["name"] for pod in self.cluster.call("GET", path("pods", namespace))["items"]]

    def left(self) -> set[str]:
        """What the strategies' namespace holds, but for what the cluster puts there by itself."""
        plurals = ("deployments", "configmaps", "secrets", "serviceaccounts", "networkpolicies")
        listed = {plural: self.cluster.call("GET", path(plural, self.strategies))["items"] for plural in plurals}
        names = {f"{plural} {each['metadata']['name']}" for plural, items in listed.items() for each in items}
        return names - {"configmaps kube-root-ca.crt", "serviceaccounts default"}

    def is_untouched(self) -> bool:
        return self.replicas() == 1 and len(self.left()) == len(ALL) and self.finalizers() == [FINALIZER, OTHERS]

    def is_drained(self) -> bool:
        pods = [*self.pods(self.platform), *self.pods(self.strategies)]
        return self.replicas() == 0 and self.left() == OWN and self.finalizers() == [OTHERS] and pods == []

    def _post(self, plural: str, namespace: str, body: Object) -> None:
        self.cluster.call("POST", path(plural, namespace), body)


OWN = {f"{plural} a-persons-own" for plural in ("configmaps", "secrets", "serviceaccounts", "networkpolicies")}
ALL = OWN | {f"{plural} strategy-momentum" for plural in ("deployments", "configmaps", "secrets", "serviceaccounts", "networkpolicies")}


def path(plural: str, namespace: str) -> str:
    group = {"deployments": "apps", "networkpolicies": "networking.k8s.io", "jobs": "batch"}.get(plural, "")
    return f"/apis/{group}/v1/namespaces/{namespace}/{plural}" if group else f"/api/v1/namespaces/{namespace}/{plural}"


def a_pod(labels: dict[str, str]) -> Object:
    return {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "memesnipe"}]}}


def a_deployment(name: str, labels: dict[str, str]) -> Object:
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": a_pod(labels)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": labels}, "spec": spec}


@pytest.fixture
def strategies_namespace(cluster: Cluster, namespace: str) -> Iterator[str]:
    name = f"{namespace}-strategies"
    cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    cluster.wait(lambda: cluster.call("GET", f"/api/v1/namespaces/{name}/serviceaccounts/default"), f"the service account of {name}")
    yield name
    for each in cluster.call("GET", STRATEGIES.format(name))["items"]:
        body = {"metadata": {"finalizers": None}}
        where = f"{STRATEGIES.format(name)}/{each['metadata']['name']}"
        cluster.call("PATCH", where, body, content_type="application/merge-patch+json")
    cluster.call("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
async def installation(
    cluster: Cluster, installed: None, namespace: str, strategies_namespace: str, valkey_url: str
) -> AsyncIterator[Installation]:
    async with connected(str(cluster.kubeconfig)) as api:
        made = Installation(cluster, api, namespace, strategies_namespace, valkey_url)
        made.build()
        made.say(FLAT)
        yield made


async def test_with_nothing_held_all_of_the_operators_goes_and_what_is_others_stays(installation: Installation) -> None:
    await installation.drain()

    assert installation.is_drained()


@pytest.mark.parametrize("held", [holding(mode=Mode.PAPER), holding(units=0)])
async def test_a_paper_position_or_an_empty_one_holds_nothing_up(held: Holdings, installation: Installation) -> None:
    installation.say(held)

    await installation.drain()

    assert installation.is_drained()


async def test_a_live_position_is_named_and_nothing_is_touched(installation: Installation) -> None:
    installation.say(holding(units=500_000))

    with pytest.raises(StillHeld) as refusal:
        await installation.drain()

    assert f"momentum holds 500000 units of {MINT}" in str(refusal.value)
    assert "memesnipe close" in str(refusal.value)
    assert "uninstall.force=true" in str(refusal.value)
    assert installation.is_untouched()


@pytest.mark.parametrize(("raw", "why"), [(None, "has not said it"), (b"\xc1", "cannot be read"), (b"\x91\x01", "cannot be read")])
async def test_what_nobody_can_tell_is_refused(raw: bytes | None, why: str, installation: Installation) -> None:
    with redis.Redis.from_url(installation.redis_url) as client:
        client.delete(HOLDINGS_KEY)
    if raw is not None:
        installation.say(raw)

    with pytest.raises(Unknown, match=why):
        await installation.drain()

    assert installation.is_untouched()


@pytest.mark.parametrize(
    "url", ["redis://cli:s3cret@127.0.0.1:1/0", "redis://cli:s3cret@[127.0.0.1/0", "http://cli:s3cret@x", "redis://h:s3cret"]
)
async def test_a_redis_that_cannot_be_asked_is_refused_and_its_password_not_shown(url: str, installation: Installation) -> None:
    with pytest.raises(Unknown, match="Redis cannot be asked") as refusal:
        await installation.drain(redis_url=url)

    assert "s3cret" not in str(refusal.value)
    assert installation.is_untouched()


@pytest.mark.parametrize("held", [holding(), b"\xc1"])
async def test_by_force_it_goes_on_whatever_is_held(held: Holdings | bytes, installation: Installation) -> None:
    installation.say(held)

    await installation.drain(force=True)

    assert installation.is_drained()


async def test_by_force_it_goes_on_without_redis(installation: Installation) -> None:
    await installation.drain(force=True, redis_url="redis://127.0.0.1:1/0")

    assert installation.is_drained()


async def test_position_manager_is_given_time_to_say_what_is_held(installation: Installation) -> None:
    with redis.Redis.from_url(installation.redis_url) as client:
        client.delete(HOLDINGS_KEY)
        client.config_resetstat()
        draining = asyncio.create_task(installation.drain(told_s=90.0))
        await until(lambda: "cmdstat_get" in client.info("commandstats"))

    installation.say(FLAT)
    await draining

    assert installation.is_drained()


async def test_a_position_that_an_order_under_way_opened_stops_it_and_brings_the_operator_back(installation: Installation) -> None:
    draining = asyncio.create_task(installation.drain(settle_s=90.0))
    await until(lambda: "deployments strategy-momentum" not in installation.left())
    installation.say(holding())

    with pytest.raises(StillHeld):
        await draining

    assert installation.replicas() == 1
    assert installation.left() == ALL - {"deployments strategy-momentum"}
    assert installation.finalizers() == [FINALIZER, OTHERS]


async def test_a_refusal_after_a_killed_run_brings_the_operator_back_too(installation: Installation) -> None:
    """Without it the leases would end, and with them the exits of what is held."""
    with pytest.raises(Killed):
        await installation.drain(changes_max=1)
    stopped = installation.replicas()
    installation.say(holding())

    with pytest.raises(StillHeld):
        await installation.drain()

    assert (stopped, installation.replicas()) == (0, 1)
    assert installation.is_untouched()


async def test_an_operator_that_a_person_scaled_to_0_stays_there_when_refused(installation: Installation) -> None:
    where = f"{path('deployments', installation.platform)}/memesnipe-operator"
    installation.cluster.call("PATCH", where, {"spec": {"replicas": 0}}, content_type="application/merge-patch+json")
    installation.say(holding())

    with pytest.raises(StillHeld):
        await installation.drain()

    assert installation.replicas() == 0


async def until(holds: Callable[[], bool], timeout_s: float = 90.0) -> None:
    deadline_s = asyncio.get_running_loop().time() + timeout_s
    while not holds():
        assert asyncio.get_running_loop().time() < deadline_s
        await asyncio.sleep(0.05)


async def test_run_twice_it_changes_nothing_more(installation: Installation) -> None:
    await installation.drain()

    await installation.drain(changes_max=1)  # the first change would kill it

    assert installation.is_drained()


@pytest.mark.parametrize("changes", range(1, STEPS + 1))
async def test_killed_after_any_change_and_run_again_it_ends_where_it_would_have(changes: int, installation: Installation) -> None:
    with pytest.raises(Killed):
        await installation.drain(changes_max=changes)

    await installation.drain()

    assert installation.is_drained()


async def test_without_an_operator_it_does_the_rest(installation: Installation) -> None:
    installation.cluster.call("DELETE", f"{path('deployments', installation.platform)}/memesnipe-operator")

    await installation.drain()

    assert installation.left() == OWN
    assert installation.finalizers() == [OTHERS]


async def test_an_operator_that_does_not_go_keeps_everything_else_in_place(installation: Installation) -> None:
    """Its objects would come back otherwise."""
    pod = f"{path('pods', installation.platform)}/{installation.pods(installation.platform)[0]}"
    held = {"metadata": {"finalizers": ["example.org/stuck"]}}
    installation.cluster.call("PATCH", pod, held, content_type="application/merge-patch+json")

    with pytest.raises(Exception, match=r"the pods of memesnipe-operator in .* did not go within 1 s"):
        await installation.drain(gone_s=1.0)

    assert installation.is_untouched()
    installation.cluster.call("PATCH", pod, {"metadata": {"finalizers": None}}, content_type="application/merge-patch+json")


async def test_a_job_with_the_operators_labels_is_not_waited_for(installation: Installation) -> None:
    """The drain itself runs in such a pod."""
    template = a_pod(OPERATOR)
    spec = template["spec"] | {"restartPolicy": "Never"}
    job = {"metadata": {"name": "drain"}, "spec": {"template": template | {"spec": spec}}}
    installation.cluster.call("POST", path("jobs", installation.platform), job)
    installation.cluster.wait(lambda: len(installation.pods(installation.platform)) == 2, "the pod of the Job")

    await installation.drain(gone_s=90.0)

    assert installation.left() == OWN


async def test_pod_monitors_go_too_where_there_are_any(installation: Installation) -> None:
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    installation.cluster.call("POST", crds, POD_MONITORS)
    monitors = f"/apis/monitoring.coreos.com/v1/namespaces/{installation.strategies}/podmonitors"
    installation.cluster.wait(lambda: "items" in installation.cluster.call("GET", monitors), "PodMonitors are served")
    body = {"apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor"}
    installation.cluster.call("POST", monitors, body | {"metadata": {"name": "strategy-momentum", "labels": EXECUTOR}})

    await installation.drain()

    left = installation.cluster.call("GET", monitors)["items"]
    installation.cluster.call("DELETE", f"{crds}/podmonitors.monitoring.coreos.com")
    installation.cluster.wait(lambda: installation.cluster.found(f"{crds}/podmonitors.monitoring.coreos.com") is None, "the CRD is gone")
    assert left == []
    assert installation.is_drained()


POD_MONITORS = {
    "metadata": {"name": "podmonitors.monitoring.coreos.com"},
    "spec": {
        "group": "monitoring.coreos.com",
        "scope": "Namespaced",
        "names": {"kind": "PodMonitor", "listKind": "PodMonitorList", "plural": "podmonitors", "singular": "podmonitor"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}],
    },
}


PLATFORM_RULES = [
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "update"], "resourceNames": ["memesnipe-operator"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
]
STRATEGIES_RULES = [
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list", "delete"]},
    {"apiGroups": [""], "resources": ["configmaps", "secrets", "serviceaccounts"], "verbs": ["list", "delete"]},
    {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["list", "delete"]},
    {"apiGroups": ["monitoring.coreos.com"], "resources": ["podmonitors"], "verbs": ["list", "delete"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    {"apiGroups": ["memesnipe.io"], "resources": ["strategies"], "verbs": ["list", "patch"]},
]
"""The Roles of the account of the drain, to the verb."""


def job(installation: Installation, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run `python -m memesnipe_operator.drain` under an account with these Roles and no other."""
    cluster = installation.cluster
    cluster.call("POST", path("serviceaccounts", installation.platform), {"metadata": {"name": "drain"}})
    rules = {installation.platform: PLATFORM_RULES, installation.strategies: STRATEGIES_RULES}
    admit(cluster, bound("drain", installation.platform, rules))
    env = {
        "MEMESNIPE_NAMESPACE": installation.platform,
        "MEMESNIPE_STRATEGIES_NAMESPACE": installation.strategies,
        "MEMESNIPE_REDIS_URL": installation.redis_url,
        "MEMESNIPE_SETTLE_S": "0",
        "MEMESNIPE_KUBECONFIG": str(cluster.service_account_kubeconfig(installation.platform, "drain")),
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MEMESNIPE_", "KUBE"))}
    command = [sys.executable, "-m", "memesnipe_operator.drain"]
    return subprocess.run(command, env=clean | env | settings, capture_output=True, text=True, timeout=120)


async def test_the_job_does_all_of_it_with_its_own_rights_on_a_live_strategy_too(installation: Installation, guarded: Cluster) -> None:
    """Nobody needs `golive` for it: what a Strategy asks for stays as it was."""
    live = {"spec": {"mode": "live"}}
    where = f"{STRATEGIES.format(installation.strategies)}/momentum"
    installation.cluster.call("PATCH", where, live, content_type="application/merge-patch+json")

    done = job(installation)

    assert done.returncode == 0, done.stderr
    assert installation.is_drained()


async def test_the_job_that_refuses_says_why_and_exits_with_1(installation: Installation) -> None:
    installation.say(holding())

    done = job(installation)

    assert done.returncode == 1
    assert f"momentum holds 500000 units of {MINT}" in done.stderr
    assert installation.is_untouched()


async def test_the_job_by_force_says_what_it_leaves_in_the_wallet(installation: Installation) -> None:
    installation.say(holding())

    done = job(installation, MEMESNIPE_FORCE="true")

    assert done.returncode == 0, done.stderr
    assert "left_in_the_wallet" in done.stderr
    assert MINT in done.stderr
    assert installation.is_drained()
