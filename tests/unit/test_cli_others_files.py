"""Whoever may not read what the stack left is told whom to be, and sees neither a traceback nor the password."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from memesnipe.cli import commands, halting, manual  # halting: loaded before rights are taken away, as our libraries may be root's alone
from memesnipe.control.history import History

NOBODY = 65_534


@contextmanager
def somebody_else(path: Path) -> Iterator[None]:
    """Take a file from this process; root has to become another user for that."""
    path.chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def said_of(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, path: Path, *words: str) -> str:
    """Run a command as somebody else; return what it says on stderr."""
    monkeypatch.setattr(sys, "argv", ["memesnipe", *words])
    monkeypatch.setattr(commands, "configure", lambda *_, **__: None)  # it is for the whole process, and this one has other tests
    with somebody_else(path), pytest.raises(SystemExit) as ended:
        commands.run()
    assert ended.value.code == manual.FAILED
    return capsys.readouterr().err


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    assert halting
    monkeypatch.setenv("MEMESNIPE_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("MEMESNIPE_REDIS_URL", raising=False)
    return tmp_path


def test_a_kill_by_another_user_names_the_file_and_whom_to_be(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left = data / "run" / "addresses"
    left.parent.mkdir()
    left.write_text("redis_url=redis://default:secret@127.0.0.1:1/0")

    said = said_of(capsys, monkeypatch, left, "kill")

    assert said.startswith(f"memesnipe: {data}")
    assert (said.count("\n"), "run this as that one" in said, "secret" in said) == (1, True, False)


def test_a_rollback_by_another_user_says_so(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    History(data / "config.db")

    said = said_of(capsys, monkeypatch, data / "config.db", "config", "rollback", "1")

    assert said.count("\n") == 1
    assert "run this as" in said
