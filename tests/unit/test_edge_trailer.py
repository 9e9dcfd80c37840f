"""The commit trailer: a change that touches a trade says which edge it creates or which loss it prevents."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "edge_trailer.py"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    git(tmp_path, "config", "user.email", "test@example.com")
    git(tmp_path, "config", "user.name", "test")
    commit(tmp_path, "README.md", "begin")
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".ci" / "edge-baseline").write_text(git(tmp_path, "rev-parse", "HEAD"))
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder: Path, path: str, message: str) -> None:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(message)
    git(folder, "add", path)
    git(folder, "commit", "-q", "-m", message)


def check(folder: Path) -> int:
    return subprocess.run([sys.executable, SCRIPT], cwd=folder, capture_output=True, check=False).returncode


def test_a_commit_that_touches_a_trade_without_an_answer_is_named(repository: Path) -> None:
    commit(repository, "runtime/memesnipe/risk/checks.py", "Loosen a limit")

    assert check(repository) == 1


def test_an_answer_of_a_few_words_passes(repository: Path) -> None:
    commit(repository, "runtime/memesnipe/risk/checks.py", "Tighten a limit\n\nEdge: prevents doubling into one token")

    assert check(repository) == 0


def test_an_empty_answer_does_not_pass(repository: Path) -> None:
    commit(repository, "strategies/memesnipe_strategies/momentum.py", "Tune\n\nEdge: more")

    assert check(repository) == 1


def test_a_commit_that_touches_no_trade_needs_no_answer(repository: Path) -> None:
    commit(repository, "docs/reference/halts.md", "Say more about halts")

    assert check(repository) == 0


def test_a_clone_without_the_baseline_is_not_taken_for_a_pass(repository: Path) -> None:
    (repository / ".ci" / "edge-baseline").write_text("0" * 40)

    assert check(repository) == 2
