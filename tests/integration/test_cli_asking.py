"""Who is asked before the kill switch moves: a person on a terminal before a freeze and a resume, nobody before a halt, never a script.

And what can keep a halt from being in force: not the words it is given with, nor a person without a name.
"""

import asyncio
import getpass
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from memesnipe.bus.folds import Halts, fold_halts
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import KILL_SWITCH
from memesnipe.cli import manual
from memesnipe.cli.addresses import Addresses
from memesnipe.cli.halting import halt
from memesnipe.messages.bounds import HaltState


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


@pytest.mark.parametrize("reason", ["x" * 5_000, b"feed \xff is odd"], ids=["longer than a message takes", "bytes that are no letters"])
async def test_no_words_keep_a_halt_from_being_in_force(tmp_path: Path, valkey_url: str, bus: RedisBus, reason: str | bytes) -> None:
    command = [sys.executable, "-m", "memesnipe", "kill", "--reason", reason]

    done = await asyncio.to_thread(subprocess.run, command, env=env(tmp_path, valkey_url), stdin=subprocess.DEVNULL, capture_output=True)

    halts = fold_halts(Halts(), await bus.fold(KILL_SWITCH.name))
    assert (done.returncode, done.stderr, halts.portfolio) == (manual.DONE, b"", HaltState.HALTED)


async def test_whoever_has_no_name_here_halts_under_a_number(
    tmp_path: Path, valkey_url: str, bus: RedisBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 54321")

    monkeypatch.setattr(getpass, "getuser", nobody)

    await asyncio.to_thread(halt, Addresses(tmp_path, valkey_url), HaltState.HALTED, "", "odd")

    assert [entry.message.by for entry in await bus.fold(KILL_SWITCH.name)] == [f"uid {os.getuid()}"]
