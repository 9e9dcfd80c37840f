"""One installation by Helm on one real node for all these tests: real pods, Services, DNS and volumes, live trading on the localnet."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from memesnipe.testing.cluster import a_real_node
from memesnipe.testing.cluster.packages import NoRealNode
from memesnipe.testing.images.build import Image, build, stand_in
from memesnipe.testing.images.engine import NoEngine, an_engine
from memesnipe.testing.installation.installed import NAMESPACES, STRATEGIES, Installation
from memesnipe.testing.installation.release import CHART, Release
from memesnipe.testing.installation.values import values

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
INSTALLED = ("runtime", "allocator", "operator", "signer")
MANIFESTS = ("manifests/risk-policy.yaml", "manifests/allocation.yaml")
Say = Callable[[str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A cluster and its images take minutes to make: these tests share one, and belong to `make e2e`."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(1_800))


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Print a figure even when the test passes."""

    def shown(text: str) -> None:
        with capsys.disabled():
            print(f"\n  {text}", end="", flush=True)

    return shown


@pytest.fixture(scope="session")
def images() -> dict[str, Image]:
    """The images of this checkout, and a Redis."""
    try:
        with an_engine(networks=True) as engine:  # as those of tests/image: the layers are the same
            return {**{role: build(role, engine) for role in INSTALLED}, "redis": stand_in("redis", engine)}
    except NoEngine as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def chart(images: dict[str, Image], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chart as it was when the images were made: whoever edits the checkout during a run must not upgrade to half of their work."""
    return Path(shutil.copytree(CHART, tmp_path_factory.mktemp("chart") / "memesnipe"))


@pytest.fixture(scope="session")
def installation(images: dict[str, Image], chart: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The chart, installed, with capital and limits applied and every pod ready. No strategy is applied yet."""
    started = time.monotonic()
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(a_real_node())
        except NoRealNode as missing:
            pytest.skip(str(missing))
        for image in images.values():
            cluster.load_image(image.archive)
        node_s = time.monotonic() - started
        installed = Installation(cluster, Release(cluster.kubeconfig, tmp_path_factory.mktemp("helm"), values(images, cluster.url), chart))
        installed.release.install()
        for namespace in NAMESPACES:
            cluster.wait(lambda ns=namespace: installed.get("namespace", ns), f"the namespace {namespace}")  # type: ignore[misc]  # a default binds it
        installed.kubectl("apply", "-n", STRATEGIES, *(word for path in MANIFESTS for word in ("-f", str(ROOT / path))))
        installed.until_ready(420)
        installed.figures = f"node and images {node_s:.0f} s, helm install to all ready {time.monotonic() - started - node_s:.0f} s"
        print(f"\ninstallation: {cluster.description}; {installed.figures}")
        yield installed
