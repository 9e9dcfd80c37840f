"""Fixtures of the unit tests: a ledger of one's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.ledger.migrate import migrate


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Return an empty ledger: a SQLite file in the test's own folder."""
    url = ledger_url(str(tmp_path))
    migrate(url)
    engine = open_engine(url)
    yield engine
    engine.dispose()
