"""Who is asked before the kill switch moves: a person on a terminal before a freeze and a resume, nobody before a halt, never a script."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from memesnipe.cli import manual


def env(data: Path, redis_url: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "MEMESNIPE_DATA_DIR": str(data), "MEMESNIPE_REDIS_URL": redis_url}


def at_a_terminal(env: dict[str, str], answer: str, *words: str) -> int:
    """Run a command at a terminal on which somebody types."""
    person, terminal = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "memesnipe", *words], env=env, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    os.write(person, answer.encode())
    try:
        return process.wait(120)
    finally:
        os.close(person)


@pytest.mark.parametrize(
    ("words", "answer", "code"),
    [
        (("kill",), "", manual.DONE),
        (("kill", "--freeze"), "n\n", manual.FAILED),
        (("kill", "--freeze"), "y\n", manual.DONE),
        (("kill", "--freeze", "--yes"), "", manual.DONE),
    ],
    ids=["a halt is not asked", "a freeze is not wanted", "a freeze is wanted", "a freeze is sure"],
)
def test_only_what_stops_exits_is_asked(tmp_path: Path, valkey_url: str, words: tuple[str, ...], answer: str, code: int) -> None:
    assert at_a_terminal(env(tmp_path, valkey_url), answer, *words) == code


def test_a_script_is_never_asked(tmp_path: Path, valkey_url: str) -> None:
    def code(*words: str) -> int:
        command = [sys.executable, "-m", "memesnipe", *words]
        return subprocess.run(command, env=env(tmp_path, valkey_url), stdin=subprocess.DEVNULL, capture_output=True).returncode

    assert [code("kill", "--freeze"), code("resume", "--frozen")] == [manual.DONE] * 2
