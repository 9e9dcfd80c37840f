"""What control writes of every strategy is what whoever shows it reads."""

from pathlib import Path

from memesnipe.control.files import write_status
from memesnipe.control.status import Condition, StrategyStatus, Verdict, status_file, status_in
from memesnipe.testing.builders import STRATEGY, a_config


def test_what_was_written_is_read(tmp_path: Path) -> None:
    gates = (Condition("SwitchedLive", Verdict.TRUE, "SwitchOpen", ""), Condition("EvidencePassed", Verdict.WAIVED, "NotMainnet", "no"))

    write_status(status_file(tmp_path), a_config(), {STRATEGY: gates}, {})

    assert status_in(tmp_path) == (StrategyStatus(STRATEGY, gates, "paper"),)
