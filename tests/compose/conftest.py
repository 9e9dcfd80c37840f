"""One stack on a real engine, for all tests here that ask for it: they run in one process and leave it trading, with nothing halted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from memesnipe.testing.images.compose import ComposeStack
from memesnipe.testing.images.engine import NoEngine, an_engine

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Images and a stack take minutes to make: who needs them belongs to `make e2e`."""
    for item in items:
        if HERE in item.path.parents and "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(1_800))


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeStack]:
    """Every service but those of other profiles, built and healthy, on paper on the localnet."""
    try:
        with an_engine(networks=True) as engine, ComposeStack(engine, tmp_path_factory.mktemp("compose")) as project:
            project.up()
            yield project
    except NoEngine as missing:
        pytest.skip(str(missing))
