"""Recordings of the real market and chain, which are too large for the repository: a test is skipped where they are not at hand."""

import os
from pathlib import Path

import pytest

GIVEN = "MEMESNIPE_SHARED_DATA"
DATA = Path(os.environ.get(GIVEN) or Path(__file__).parents[4] / "shared" / "data")
"""Where they are looked for: in the folder that is named, else beside the checkout."""
TRADES = "pumpfun_trades_2025-09.csv"


def recorded(name: str = TRADES) -> Path:
    """Return the path of a recording; without one the test that asks is skipped."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"not at hand: {path} (set {GIVEN})")
    return path
