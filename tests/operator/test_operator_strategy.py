"""A Strategy on a real API server: what it becomes, what repairs it, and what its status says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from memesnipe.testing.cluster import Cluster
from memesnipe.testing.operators import Resources, RunningOperator, a_chain

pytestmark = [pytest.mark.xdist_group("cluster"), pytest.mark.timeout(300)]


@pytest.fixture
def resources(cluster: Cluster, namespace: str, installed: None) -> Resources:
    return Resources(cluster, namespace)


@pytest.fixture
def operator(cluster: Cluster, namespace: str, valkey_url: str, tmp_path: Path, installed: None) -> Iterator[RunningOperator]:
    with (
        a_chain() as chain,
        RunningOperator(
            cluster.kubeconfig, namespace, valkey_url, tmp_path, MEMESNIPE_RPC_URL=chain, PAPER_TRADING_MODE="false"
        ) as running,
    ):
        running.ready()
        yield running


def test_an_applied_strategy_becomes_its_objects_and_says_that_it_trades_on_paper(operator: RunningOperator, resources: Resources) -> None:
    resources.allocation()
    resources.policy()

    resources.strategy("momentum")

    resources.until(lambda: resources.status("momentum").get("trading") == "Yes", f"trading\n{operator.log()[-3000:]}")
    status = resources.status("momentum")
    assert status["mode"] == "paper"
    print(status)
    print(operator.log()[-3000:])
