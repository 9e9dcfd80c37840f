"""docs/reference/crashes.md has a row for every crash that is tested, as its test says it."""

import importlib.util
from pathlib import Path
from typing import Any

from memesnipe.testing.crashes.recorded import CRASHES
from memesnipe.testing.crashes.row import HEAD, Row, line_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "crashes.md").read_text(encoding="utf-8")


def scenarios() -> Any:
    """What the test on a localnet goes through."""
    spec = importlib.util.spec_from_file_location("crashes_on_localnet", ROOT / "tests" / "integration" / "test_crashes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SCENARIOS


def test_every_crash_has_its_row_and_no_other_is_told() -> None:
    rows = [Row("localnet", name, one.made, one.must, one.cause, 0.0, 0) for name, one in scenarios().items()]
    rows += [Row("recorded", name, one.made, one.must, one.cause, 0.0, 0) for name, one in CRASHES.items()]
    lines = [line for line in PAGE.splitlines() if line.startswith(("| localnet", "| recorded"))]

    assert HEAD in PAGE
    assert sorted(as_told(line) for line in lines) == sorted(as_told(line_of(row)) for row in rows)


def as_told(line: str) -> str:
    """A row without what was measured."""
    return line.rsplit("|", 3)[0]
