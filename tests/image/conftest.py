"""One Docker engine and one build of each image for all these tests; where no engine can be had they are skipped, and say why.

It has networks, as a person's has: what is built here is found again by `docker compose build` in the tests of the compose file.
"""

from collections.abc import Callable, Iterator

import pytest

from memesnipe.testing.images.build import Image, build
from memesnipe.testing.images.engine import Engine, NoEngine, an_engine

ImageOf = Callable[[str], Image]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    try:
        with an_engine(networks=True) as running:
            yield running
    except NoEngine as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def image_of(engine: Engine) -> ImageOf:
    def loaded(role: str) -> Image:
        image = build(role, engine)
        if not engine.has(image.name):
            engine.must("load", "-i", image.archive)
        return image

    return loaded
