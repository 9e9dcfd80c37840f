"""A real server for tests: the embedded Valkey, or the one that MEMESNIPE_TEST_REDIS_URL names (CI runs Redis 7 that way)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memesnipe.bus.embedded import EmbeddedValkey

GIVEN_URL = "MEMESNIPE_TEST_REDIS_URL"


@contextmanager
def a_redis(data_dir: Path) -> Iterator[str]:
    """Yield the URL of a server that is this test run's own: tests flush it."""
    given = os.environ.get(GIVEN_URL)
    if given:
        yield given
        return
    with EmbeddedValkey(data_dir) as server:
        yield server.url
