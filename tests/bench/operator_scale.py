"""The operator beside what it is made of, in ONE run: N Strategies until every Deployment is written, and the same objects applied raw.

- raw: the same objects from the same builders, server-side applied by the same client with as many calls under way. No watch, no Redis
  users, no finalizer, no status, no configuration.
- operator: the shipped operator, started on N Strategies that are there: Redis users, five objects each, then finalizers, config, status.

    python tests/bench/operator_scale.py [--strategies 1000] [--rounds 1]

The control plane is real (see docs/howto/test-cluster.md) and shares the machine's cores with both, with the controllers that make
ReplicaSets and Pods of what is written, so read the ratio. Asserts nothing.
"""

import argparse
import asyncio
import os
import re
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop

from memesnipe.bus.embedded import EmbeddedValkey
from memesnipe.manifests.fields import STRATEGIES_MAX
from memesnipe.testing.cluster import Cluster, a_cluster, prepare
from memesnipe.testing.operators import Resources, RunningOperator, a_chain, install_crds
from memesnipe.testing.stacks import until
from memesnipe_operator.api import Api
from memesnipe_operator.connection import connected
from memesnipe_operator.kinds import DEPLOYMENT, STRATEGY
from memesnipe_operator.resources.owned import owned
from memesnipe_operator.resources.plan import Plan
from memesnipe_operator.settings import OperatorSettings, executor_template
from memesnipe_operator.stability import choose, runnable
from memesnipe_operator.views import strategy_view

GOAL = 0.8
CALLS = OperatorSettings().calls_max
SETTLE_S_MAX = 300.0


async def at_once(work: list[Callable[[], Awaitable[object]]]) -> None:
    """Run all, as many at a time as the operator would."""
    waiting = iter(work)

    async def worker() -> None:
        for step in waiting:
            await step()

    await asyncio.gather(*(worker() for _ in range(CALLS)))


async def fill(api: Api, namespace: str, count: int) -> list[dict[str, Any]]:
    """Create the Strategies; return them."""
    bodies: list[dict[str, Any]] = []

    async def one(number: int) -> None:
        body = {
            "apiVersion": STRATEGY.api_version,
            "kind": "Strategy",
            "metadata": {"name": f"s-{number:05d}", "namespace": namespace},
            "spec": {"strategy": "momentum", "parameters": {"fast_s": 10 + number % 7}},
        }
        bodies.append(await api.create(STRATEGY, body))

    await at_once([lambda n=number: one(n) for number in range(count)])  # type: ignore[misc]
    return bodies


async def raw(api: Api, bodies: list[dict[str, Any]], template_file: Path) -> float:
    """Apply every object of every Strategy; return the seconds it took."""
    template = executor_template(template_file)

    async def one(body: dict[str, Any]) -> None:
        view = strategy_view(body)
        plan = Plan(view, choose(runnable(view.spec), {}, None, 0, 30).running, template, "00" * 32)
        for manifest in owned(plan, progress_s=120, monitored=False):
            await api.apply(manifest)

    started_s, before_s, servers_before_s = time.monotonic(), time.process_time(), servers_s()
    await at_once([lambda b=body: one(b) for body in bodies])  # type: ignore[misc]
    took_s = time.monotonic() - started_s
    print(f"  raw: {time.process_time() - before_s:.1f} s of a processor, the servers {servers_s() - servers_before_s:.1f} s")
    return took_s


def counted(cluster: Cluster, path: str) -> int:
    """Return how many objects there are, without reading them all."""
    page = cluster.call("GET", f"{path}?limit=1")
    return len(page["items"]) + int(page["metadata"].get("remainingItemCount") or 0)


def servers_s() -> float:
    """Return the processor time of what we started, from whichever thread: API server, etcd, controllers, Redis, and the operator."""
    lists = [path.read_text() for path in Path(f"/proc/{os.getpid()}/task").glob("*/children")]
    return sum(cpu_s(int(pid)) for pid in " ".join(lists).split())


def operated(cluster: Cluster, namespace: str, count: int, folder: Path, redis_url: str) -> tuple[float, float]:
    """Start the operator on the Strategies; return seconds from leading to the last Deployment, and its memory then (MB).

    What it does afterwards (finalizers, the configuration, statuses) is timed until as many are in force as can be, and printed.
    """
    with (
        a_chain() as chain,
        RunningOperator(
            cluster.kubeconfig, namespace, redis_url, folder, MEMESNIPE_RPC_URL=chain, MEMESNIPE_STATUS_S="5", MEMESNIPE_LEASE_S="30"
        ) as operator,
    ):
        until(lambda: operator.leads, 60, "the operator leads")
        assert operator.process is not None
        pid, resources = operator.process.pid, Resources(cluster, namespace)
        started_s, before_s, servers_before_s = time.monotonic(), cpu_s(pid), servers_s() - cpu_s(pid)
        resources.until(lambda: counted(cluster, DEPLOYMENT.path(namespace)) >= count, f"{count} Deployments", 1_800)
        took_s = time.monotonic() - started_s
        print(f"  operator: {cpu_s(pid) - before_s:.1f} s of a processor, the servers {servers_s() - cpu_s(pid) - servers_before_s:.1f} s")
        print(f"  its calls until then: {calls(operator.metrics())}")
        memory_mb = rss_mb(pid)
        most = min(count, STRATEGIES_MAX)
        resources.until(lambda: operator.count("memesnipe_strategies", mode="paper") >= most, f"{most} Strategies in force", 1_800)
        print(f"  {most} Strategies in force after {time.monotonic() - started_s:.1f} s, {rss_mb(pid):.0f} MB")
        return took_s, memory_mb


def calls(metrics: str) -> str:
    """Return what the operator asked of the API server, by verb and kind."""
    found = re.findall(r'memesnipe_api_calls_total\{kind="(\w+)",outcome="(\w+)",verb="(\w+)"\} ([0-9.]+)', metrics)
    return ", ".join(f"{verb} {kind} {outcome}: {float(count):.0f}" for kind, outcome, verb, count in sorted(found))


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has used: what a busy machine does not change."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Return a process's resident memory in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1_024 for line in lines if line.startswith("VmRSS:"))


def new_namespace(cluster: Cluster, name: str) -> str:
    """Create a namespace."""
    cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    return name


async def one_round(cluster: Cluster, number: int, count: int, folder: Path, redis_url: str) -> tuple[float, float, float]:
    """Run both contenders; return (raw s, operator s, operator MB)."""
    plain, ours = new_namespace(cluster, f"raw-{number}"), new_namespace(cluster, f"operated-{number}")
    Resources(cluster, ours).limits()
    files = RunningOperator(cluster.kubeconfig, ours, redis_url, folder)
    async with connected(str(cluster.kubeconfig), CALLS) as api:
        await fill(api, ours, count)
        bodies = await fill(api, plain, count)
        raw_s = await raw(api, bodies, files.folder / "executor_file")
        await asyncio.to_thread(settle, cluster, plain, count)
    operator_s, memory_mb = await asyncio.to_thread(operated, cluster, ours, count, folder, redis_url)
    return raw_s, operator_s, memory_mb


def settle(cluster: Cluster, namespace: str, count: int) -> None:
    """Wait until the controllers have made every pod: the next contender shall have the machine as the first had it.

    Not for ever: they make 20 calls a second, so of 10,000 pods they would be at it for half an hour, and beside either contender.
    """
    pods = f"/api/v1/namespaces/{namespace}/pods"
    try:
        Resources(cluster, namespace).until(lambda: counted(cluster, pods) >= count, f"{count} pods in {namespace}", SETTLE_S_MAX)
    except AssertionError as error:
        print(f"  went on with the controllers still at work: {error}")


def main() -> None:
    """Print both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strategies", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    prepare()
    with tempfile.TemporaryDirectory() as name, a_cluster() as cluster, EmbeddedValkey(Path(name) / "valkey") as server:
        install_crds(cluster)
        print(f"{cluster.description}; {given.strategies} Strategies, five objects each, {CALLS} calls under way at most")
        ratios = []
        for number in range(given.rounds):
            raw_s, operator_s, memory_mb = uvloop.run(one_round(cluster, number, given.strategies, Path(name) / str(number), server.url))
            ratios.append(raw_s / operator_s)
            print(f"round {number}: raw {raw_s:.1f} s, operator {operator_s:.1f} s with {memory_mb:.0f} MB, ratio {ratios[-1]:.2f}")
            if number + 1 < given.rounds:
                settle(cluster, f"operated-{number}", given.strategies)
        print(f"operator / raw: {statistics.median(ratios):.2f} of raw's rate (goal >= {GOAL})")


if __name__ == "__main__":
    main()
