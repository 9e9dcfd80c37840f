"""`memesnipe backtest` as a person runs it: a table, the numbers in a file, one page with plots, and one clear line for what is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from memesnipe.market import recording
from memesnipe.testing.recorded import recorded
from memesnipe.testing.stacks import ROOT
from memesnipe.testing.tapes import a_tape

STRATEGIES = ROOT / "manifests" / "replay" / "strategies.yaml"
SLOW_MOMENTUM = """
apiVersion: memesnipe.io/v1alpha1
kind: Strategy
metadata: {name: momentum-hours}
spec:
  strategy: momentum
  parameters: {fast_s: 3600, slow_s: 14400, warmup_s: 14400, breakout_bps: 200, retry_s: 300, hold_s_max: 86400, cooldown_s: 3600}
---
apiVersion: memesnipe.io/v1alpha1
kind: RiskPolicy
metadata: {name: default}
spec: {stopLossBps: 1000, takeProfitBps: 3000, timeStopS: 86400}
"""


def backtest(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder of its own, with none of our settings in its environment."""
    command = [sys.executable, "-m", "memesnipe", "backtest", *map(str, arguments)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MEMESNIPE_")}
    return subprocess.run(command, cwd=folder, env=clean | {"COLUMNS": "120"}, capture_output=True, text=True, timeout=170)


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    recording.write(tmp_path / "tape.parquet", a_tape(seed=16))
    return tmp_path / "tape.parquet"


def test_a_recording_gives_a_table_numbers_and_a_page(tmp_path: Path, tape: Path) -> None:
    done = backtest(tmp_path, STRATEGIES, tape, "--json", "o.json", "--html", "o.html")

    assert done.returncode == 0, done.stderr
    numbers = json.loads((tmp_path / "o.json").read_text())
    assert f"({numbers['net_lamports']:,} lamports)" in done.stdout
    assert numbers["fills"] > 0
    assert [one["id"] for one in numbers["strategies"]] == ["momentum", "launch-sniper"]
    assert numbers["verdict"] in (tmp_path / "o.html").read_text()
    assert "This is a backtest, not evidence" in done.stdout


def test_a_folder_of_manifests_runs_what_a_replay_of_it_runs(tmp_path: Path, tape: Path) -> None:
    backtest(tmp_path, STRATEGIES.parent, tape, "--json", "folder.json")
    backtest(tmp_path, STRATEGIES, tape, "--json", "file.json")

    assert (tmp_path / "folder.json").read_bytes() == (tmp_path / "file.json").read_bytes()


def test_the_same_command_writes_the_same_bytes(tmp_path: Path, tape: Path) -> None:
    for name in ("a", "b"):
        backtest(tmp_path, STRATEGIES, tape, "--seed", 3, "--json", f"{name}.json", "--html", f"{name}.html")

    for kind in ("json", "html"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_harder_terms_and_less_capital_are_in_the_numbers(tmp_path: Path, tape: Path) -> None:
    backtest(tmp_path, STRATEGIES, tape, "--costs", 2, "--slots", 2, "--capital-sol", "5.5", "--json", "o.json")

    numbers = json.loads((tmp_path / "o.json").read_text())
    assert numbers["stress"] == {"costs": 2, "slots_more": 2}
    assert numbers["capital_lamports"] == 5_500_000_000


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("nowhere.yaml", "tape.parquet"), "nowhere.yaml does not exist"),
        ((STRATEGIES, "nowhere.parquet"), "nowhere.parquet does not exist"),
        ((STRATEGIES, STRATEGIES), "strategies.yaml: recording: "),
        ((STRATEGIES, "tape.parquet", "--capital-sol", "much"), "--capital-sol: 'much' is not a number"),
        ((STRATEGIES, "tape.parquet", "--capital-sol", "-1"), "--capital-sol: Input should be greater than or equal to 0"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, tape: Path, arguments: tuple[object, ...], complaint: str) -> None:
    done = backtest(tmp_path, *arguments)

    assert done.returncode == 1
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_year_of_candles_runs_end_to_end_with_a_report(tmp_path: Path) -> None:
    (tmp_path / "slow.yaml").write_text(SLOW_MOMENTUM)
    token, sol = recorded("candles/WIF_USDT-5m.feather"), recorded("candles/SOL_USDT-5m.feather")

    done = backtest(tmp_path, "slow.yaml", token, "--sol-candles", sol, "--json", "o.json", "--html", "o.html")

    assert done.returncode == 0, done.stderr
    numbers = json.loads((tmp_path / "o.json").read_text())
    assert numbers["events"] > 150_000
    assert numbers["trades"] > 20
    assert numbers["sharpe_daily"] is not None
    assert (tmp_path / "o.html").read_text().count("<polyline") >= 3  # equity, its fall, and the rolling Sharpe ratio
