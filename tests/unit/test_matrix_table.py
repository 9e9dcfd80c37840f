"""The misbehaviour matrix's own arithmetic: what makes a row unsound, and what its tables say."""

from pathlib import Path

import msgspec
import pytest

from memesnipe.localnet.switches import Switches
from memesnipe.testing.bad_days import BAD_DAYS, LOST_FILES
from memesnipe.testing.matrix_row import FAILPOINTS, Row
from memesnipe.testing.matrix_table import told


@pytest.mark.parametrize("fault", ["twice", "lost", "wrong", "stuck", "off"])
def test_any_one_of_these_makes_a_row_unsound(fault: str) -> None:
    row = Row("a good day")
    before = row.sound

    setattr(row, fault, 1)

    assert before
    assert not row.sound


@pytest.mark.parametrize("day", BAD_DAYS)
def test_a_bad_day_is_made_of_switches_that_there_are(day: str) -> None:
    msgspec.convert(BAD_DAYS[day], Switches)


def test_what_is_lost_is_lost_on_days_that_there_are() -> None:
    assert LOST_FILES
    assert set(LOST_FILES) <= set(BAD_DAYS)


def test_every_switch_has_its_bad_day() -> None:
    met = {name for switches in BAD_DAYS.values() for name in switches}

    assert met == set(Switches.__struct_fields__)


def test_the_tables_count_days_and_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMESNIPE_MATRIX_TABLE", str(tmp_path / "table.md"))
    late = Row("late", orders=3, filled=2, refused=1, cells=[(FAILPOINTS[0], "buy", True), (FAILPOINTS[0], "exit", False)])
    good = Row("a good day", orders=1, filled=1, cells=[(FAILPOINTS[0], "buy", True)], off=1, off_lamports=5)

    lines = told(msgspec.json.encode(row).decode() for row in (late, good))

    assert lines[2].startswith("| a good day | 1 of 1 | 1 | 1 | 0 |")
    assert lines[3].startswith("| late | 1 of 2 | 3 | 2 | 1 |")
    assert lines[4].startswith("| **all** | 2 of 3 | 4 | 3 | 1 | 0 | 0 | 0 | 0 | 5 |")
    assert f"| `{FAILPOINTS[0]}` | 2 of 2 | 0 of 0 | 0 of 1 |" in lines
    assert (tmp_path / "table.md").read_text().splitlines() == lines
