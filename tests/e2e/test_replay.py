"""`memesnipe up --replay`: the same recording and seed give the same summary, byte for byte, and both shipped strategies trade on it."""

from pathlib import Path

import pytest

from memesnipe.market import recording
from memesnipe.testing.stacks import ROOT, RunningStack
from memesnipe.testing.tapes import a_tape

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def summary_of(folder: Path, tape: Path, *more: str) -> str:
    """Replay a tape in a data folder of its own; return what it printed as its summary."""
    with RunningStack(folder, "--replay", str(tape), *more) as stack:
        assert stack.wait(180) == 0, stack.log()
        log = stack.log()
    return log[log.index("replay of ") :]


def test_the_same_recording_gives_the_same_summary_on_which_both_strategies_trade(tmp_path: Path) -> None:
    tape = tmp_path / "tape.parquet"
    recording.write(tape, a_tape(seed=11))

    first, second = summary_of(tmp_path / "one", tape), summary_of(tmp_path / "two", tape)

    assert first == second
    assert "180 trades, 3 launches, 3 tokens" in first
    for line in ("launch-sniper: 3 buy filled", "momentum: 3 buy filled", "refused: ", "open at the end: ", "digest of all fills: "):
        assert line in first, first


def test_a_halt_that_silenced_the_strategies_is_in_the_summary(tmp_path: Path) -> None:
    tape, manifests = tmp_path / "tape.parquet", tmp_path / "manifests"
    recording.write(tape, a_tape(seed=11))
    manifests.mkdir()
    for path in (ROOT / "manifests" / "replay").glob("*.yaml"):
        (manifests / path.name).write_text(path.read_text().replace("drawdownBpsMax: 2000", "drawdownBpsMax: 20"))

    summary = summary_of(tmp_path / "shared", tape, "--manifests", str(manifests))

    assert "the portfolio ended halted: paper drawdown of " in summary
