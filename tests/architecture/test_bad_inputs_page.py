"""The page of bad inputs names tests: each must exist, and each row must name one."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "bad-inputs.md").read_text()
NAMED = set(re.findall(r"`(test_\w+\.py)::(test_\w+)`", PAGE))


def existing() -> set[tuple[str, str]]:
    files = (ROOT / "tests").rglob("test_*.py")
    return {(file.name, name) for file in files for name in re.findall(r"^(?:async )?def (test_\w+)\(", file.read_text(), re.MULTILINE)}


def test_every_test_named_on_the_page_exists() -> None:
    assert NAMED - existing() == set()


def test_every_row_of_the_page_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| kind |")]

    assert len(rows) > 50
    assert [row for row in rows if not re.search(r"`test_\w+\.py::test_\w+`", row)] == []
