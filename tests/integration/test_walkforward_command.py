"""`memesnipe walkforward` as a person runs it: on this machine's cores, on a Dask cluster, killed in the middle, and with what is wrong."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psutil  # type: ignore[import-untyped]  # it has no annotations
import pytest

from memesnipe.cli.studying import Asked, study_of
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.research.trials.spread import OnCluster, OnCores
from memesnipe.research.walk.summary import Summary, summary_of
from memesnipe.research.walk.values import Walked
from memesnipe.testing.stacks import until
from memesnipe.testing.studies import files_in

GRID = "every=20,30,50,70"
PATIENCE_S = 150.0


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's folder: manifest, market, a strategy of their own whose trials 50 and 70 wait for the file `gate`."""
    files_in(tmp_path, waits_from=50, gate=tmp_path / "gate")
    for name in [name for name in os.environ if name.startswith("MEMESNIPE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MEMESNIPE_STRATEGIES_PATH", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked(database: str, **options: Any) -> Asked:
    usual = {"strategy": Path("every.yaml"), "market": Path("tape.parquet"), "grid": [GRID], "period": "1m", "purge": "1m", "folds": 3}
    return Asked(**{**usual, "jobs": 1, "database": f"sqlite:///{database}", **options})


@contextmanager
def started(*command: object) -> Iterator[subprocess.Popen[bytes]]:
    with Path("out.txt").open("ab") as out:  # no pipe: workers that outlive the command would hold it open
        process = subprocess.Popen([*map(str, command)], stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def walkforward(database: str, *more: object) -> list[str]:
    options = ("--grid", GRID, "--period", "1m", "--purge", "1m", "--folds", 3, "--database", f"sqlite:///{database}", *more)
    return [sys.executable, "-m", "memesnipe", "walkforward", "every.yaml", "tape.parquet", *map(str, options)]


def done(database: str) -> dict[str, int]:
    """Return when each finished trial was finished, by its key."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return dict(connection.execute("SELECT key, finished_ns FROM trials WHERE state = 'done'"))


def two_are_done(database: str) -> bool:
    try:
        return len(done(database)) == 2
    except sqlite3.OperationalError:  # not made yet
        return False


def same(one: Walked, other: Walked) -> bool:
    arrays = ("returns", "paths", "starts_ns")
    return summary_of(one) == summary_of(other) and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)


def test_two_processes_give_the_study_that_one_gives(here: Path) -> None:
    (here / "gate").touch()

    one, two = study_of(asked("one.db")), study_of(asked("two.db", jobs=2))

    assert same(one, two)
    assert one.result == two.result


def test_a_worker_counts_on_one_thread() -> None:
    assert list(OnCores(2)(os.getenv, ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"])) == ["1", "1"]


def test_a_study_killed_in_the_middle_goes_on_and_ends_as_if_it_had_not_been(here: Path) -> None:
    with started(*walkforward("killed.db", "--jobs", 2)) as process:
        until(lambda: two_are_done("killed.db"), PATIENCE_S, "two trials done")
        workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.wait()
    _, alive = psutil.wait_procs(workers, timeout=PATIENCE_S)
    before = done("killed.db")
    (here / "gate").touch()

    resumed = subprocess.run(walkforward("killed.db", "--jobs", 1, "--json", "o.json"), capture_output=True, text=True, timeout=PATIENCE_S)

    assert resumed.returncode == 0, resumed.stderr
    assert "4 tries in all for every" in resumed.stdout
    assert not alive, "workers outlive the command that was killed"
    assert before.items() <= done("killed.db").items()
    assert msgspec.json.decode((here / "o.json").read_bytes(), type=Summary) == summary_of(study_of(asked("whole.db")))


@contextmanager
def a_cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A real scheduler and two worker processes; yields its address and the workers."""
    file = folder / "scheduler.json"
    dask = (sys.executable, "-m", "distributed.cli.dask_scheduler")
    worker = (
        sys.executable,
        "-m",
        "distributed.cli.dask_worker",
        "--scheduler-file",
        file,
        "--nthreads",
        1,
        "--no-nanny",
        "--no-dashboard",
    )
    with (
        started(*dask, "--host", "127.0.0.1", "--port", 0, "--no-dashboard", "--scheduler-file", file),
        started(*worker) as first,
        started(*worker) as second,
    ):
        until(lambda: file.exists() and b"address" in file.read_bytes(), PATIENCE_S, "the scheduler's address")
        yield msgspec.json.decode(file.read_bytes())["address"], [first, second]


def test_a_cluster_gives_the_same_study_and_outlives_a_worker(here: Path) -> None:
    with a_cluster(here) as (address, workers), started(*walkforward("far.db", "--scheduler", address, "--json", "far.json")) as process:
        until(lambda: two_are_done("far.db"), PATIENCE_S, "two trials done on the cluster")
        workers[0].send_signal(signal.SIGKILL)
        (here / "gate").touch()
        process.wait(timeout=PATIENCE_S)

    assert process.returncode == 0, Path("out.txt").read_text()
    assert msgspec.json.decode((here / "far.json").read_bytes(), type=Summary) == summary_of(study_of(asked("near.db")))


def test_a_scheduler_that_does_not_answer_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memesnipe.research.trials.spread.CONNECT_S", 0.5)

    with pytest.raises(Unavailable, match=r"scheduler unavailable: tcp://127\.0\.0\.1:1"):
        list(OnCluster("tcp://127.0.0.1:1")(len, ["work"]))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"grid": []}, "grid: nothing to search"),
        ({"grid": ["evry=20"]}, "parameters.evry: Extra inputs"),
        ({"grid": ["every=1"]}, "parameters.every: Input should be greater"),
        ({"period": "90s"}, "--period: '90s': want whole minutes"),
        ({"period": "1 hour"}, "--period: '1 hour': want a whole number and s, m, h or d"),
        ({"purge": "0s"}, "--purge: "),
        ({"embargo": "x"}, "--embargo: 'x'"),
        ({"folds": 900}, "tape.parquet: folds: "),
        ({"study": "a b"}, "--study: 'a b'"),
        ({"strategy": Path("nowhere.yaml")}, "nowhere.yaml does not exist"),
        ({"market": Path("nowhere.parquet")}, "nowhere.parquet does not exist"),
        ({"market": Path("every.yaml")}, "every.yaml: recording: "),
        ({"incumbent": Path("nowhere.yaml")}, "nowhere.yaml does not exist"),
        ({"capital_sol": "much"}, "--capital-sol: 'much' is not a number"),
        ({"manifests": [Path("other.yaml")]}, "every.yaml: a study is about one Strategy that is not paused; found every, other"),
        ({"jobs": -1}, "jobs: want 1 process or more"),
    ],
)
def test_what_is_wrong_is_named_before_anything_is_tried(here: Path, options: dict[str, Any], complaint: str) -> None:
    (here / "other.yaml").write_text((here / "every.yaml").read_text().replace("name: every", "name: other"))

    with pytest.raises(ConfigError) as error:
        study_of(asked("never.db", **options))

    assert complaint in str(error.value)
    assert not (here / "never.db").exists() or done("never.db") == {}
