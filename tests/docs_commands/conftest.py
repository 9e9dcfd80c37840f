"""One checkout for the commands of the pages that need no running stack."""

import os
from pathlib import Path

import pytest

from memesnipe.testing.checkouts import checked_out


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout that may be written to."""
    return checked_out(tmp_path_factory.mktemp("pages") / "meme snipe")


@pytest.fixture(scope="session")
def surroundings(checkout: Path) -> dict[str, str]:
    """What a person's shell has: the checkout's own programs first on the path, and none of our settings."""
    return {"PATH": f"{checkout / '.venv' / 'bin'}:{os.environ['PATH']}", "HOME": str(checkout.parent)}
