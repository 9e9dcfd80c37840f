"""One real control plane for the operator's tests of a process, and a fresh namespace for each test that wants one."""

import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import yaml

from memesnipe.testing.cluster import Cluster, a_cluster, prepare
from memesnipe.testing.custom_resources import Resources, a_namespace, install_crds
from memesnipe.testing.desk import CONFIG_MAPS, DRY, POLICY, STRATEGY, TRADER, Desk, evidence_map, granting, people
from memesnipe.testing.operators import RunningOperator, Shared, StartOperator, starting
from memesnipe.testing.redis_seen import RedisSeen
from memesnipe.testing.roles import admit
from memesnipe.testing.setting_up import Installation, Mortal
from memesnipe_operator.api import Api
from memesnipe_operator.connection import connected
from memesnipe_operator.setup import steps
from memesnipe_operator.setup.keeping import Keeping
from memesnipe_operator.setup.settings import SetupSettings

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build the cluster's tools now: a first build takes longer than a test may. What fails here fails again, aloud, in the fixture."""
    first_worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0"
    if first_worker and not session.config.option.collectonly and any(map(_wants_cluster, session.items)):
        with suppress(RuntimeError):
            prepare()


def _wants_cluster(item: pytest.Item) -> bool:
    return HERE in item.path.parents and "cluster" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster whose API server, controllers and scheduler are real; its one node is not."""
    with a_cluster() as running:
        yield running


@pytest.fixture(autouse=True)
def _named_in_the_summary(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """Whoever reads the test run learns against what it ran; tests/conftest.py prints it once."""
    if "cluster" in request.fixturenames:
        record_property("cluster", request.getfixturevalue("cluster").description)


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of this test's own. It is deleted at the end, and nobody waits for that."""
    with a_namespace(cluster) as name:
        yield name


@pytest.fixture
def signer_namespace(cluster: Cluster, namespace: str) -> Iterator[str]:
    """A second one, for a signer."""
    name = f"{namespace}-signer"
    cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    cluster.call("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
async def installation(cluster: Cluster, namespace: str, signer_namespace: str) -> AsyncIterator[Installation]:
    """Both, with nothing in them yet."""
    settings = SetupSettings(
        namespace=namespace, signer_namespace=signer_namespace, redis_address="memesnipe-redis:6379", localnet=True, settle_s=0
    )

    async def run(api: Mortal, now: datetime, changes: Mapping[str, Any]) -> None:
        await steps.run(Keeping(cast("Api", api)), msgspec.structs.replace(settings, **changes), now)

    async with connected(str(cluster.kubeconfig)) as api:
        yield Installation(cluster, api, namespace, signer_namespace, run)


@pytest.fixture(scope="session")
def installed(cluster: Cluster) -> None:
    """The CRDs, as the repository has them."""
    install_crds(cluster)


@pytest.fixture
def resources(cluster: Cluster, namespace: str, installed: None) -> Iterator[Resources]:
    """Our kinds in that namespace. It may go at the end: whoever would take the finalizers off is stopped by then."""
    made = Resources(cluster, namespace)
    yield made
    made.let_go()


@pytest.fixture
def start_operator(resources: Resources, valkey_url: str, tmp_path: Path) -> Iterator[StartOperator]:
    """Start an operator that may go live, on a localnet, and wait until it leads; all are stopped in the end."""
    with starting(resources, valkey_url, tmp_path) as start:
        yield start


@pytest.fixture
def operator(start_operator: StartOperator) -> RunningOperator:
    """One that leads."""
    return start_operator()


@pytest.fixture
def seen(valkey_url: str) -> RedisSeen:
    """Its Redis."""
    return RedisSeen(valkey_url)


@pytest.fixture(scope="module")
def shared(cluster: Cluster, installed: None, valkey_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """One operator for all tests of a file, each with Strategies of its own; there are limits, and nothing is held.

    Not beside `operator` in one file: that one empties the Redis which this one uses.
    """
    seen = RedisSeen(valkey_server)
    seen.client.flushall()
    seen.hold()
    with a_namespace(cluster) as namespace:
        resources = Resources(cluster, namespace)
        with starting(resources, valkey_server, tmp_path_factory.mktemp("operator")) as start:
            resources.limits()
            yield Shared(start(), resources, seen)
        resources.let_go()


@pytest.fixture(scope="module")
def guarded(cluster: Cluster, installed: None) -> Iterator[Cluster]:
    """The cluster with the CRDs, and with all admission policies in force, which takes a new one about a second."""
    made = list(yaml.safe_load_all((ROOT / "crds" / "admission.yaml").read_text()))
    cluster.apply(*made)
    probe = f"probe-{uuid.uuid4().hex[:10]}"
    cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": probe}})
    for denied in _denied(Desk(cluster, probe)):
        cluster.wait(denied, "every admission policy in force")
    yield cluster
    cluster.call("DELETE", f"/api/v1/namespaces/{probe}")
    for one in made:
        cluster.kubectl("delete", "--wait=false", one["kind"], one["metadata"]["name"])


def _denied(probe: Desk) -> Iterator[Callable[[], bool]]:
    """Yield, for each policy, whether it refuses what it must refuse."""
    admit(probe.cluster, people(probe.namespace))
    for kind, name, spec in (("RiskPolicy", "default", {"onDelete": "Refuse"}), ("Strategy", "momentum", {"strategy": "momentum"})):
        assert probe.create(kind, name, spec) == ""
    probe.say_status(STRATEGY, openPositions=1)
    admit(probe.cluster, granting(probe.namespace, TRADER, "configmaps", "create", group=""))
    asked: tuple[Callable[[], str], ...] = (
        lambda: probe.told("POST", CONFIG_MAPS + DRY, evidence_map("{}"), who=TRADER),
        lambda: probe.change(STRATEGY + DRY, {"mode": "live"}),
        lambda: probe.create("Allocation", "default", {"capitalSol": 1}, who=TRADER, query=DRY),
        lambda: probe.change(POLICY + DRY, {"drawdownBpsMax": 9_999}),
        lambda: probe.told("DELETE", POLICY + DRY, who=TRADER),
        lambda: probe.told("DELETE", STRATEGY + DRY, who=TRADER),
    )
    for ask in asked:
        yield partial(_by_policy, ask)


def _by_policy(ask: Callable[[], str]) -> bool:
    return "ValidatingAdmissionPolicy" in ask()


@pytest.fixture
def desk(guarded: Cluster, namespace: str) -> Desk:
    """A namespace with the people of the page on RBAC in it, a RiskPolicy of defaults, some capital and a Strategy on paper."""
    admit(guarded, people(namespace))
    made = Desk(guarded, namespace)
    assert made.create("RiskPolicy", "default", {}) == ""
    assert made.create("Allocation", "default", {"capitalSol": 20}) == ""
    assert made.create("Strategy", "momentum", {"strategy": "momentum", "mode": "paper"}) == ""
    return made
