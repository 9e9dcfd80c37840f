"""The whole path of somebody new, as the README tells it: clone, `make up`, a strategy of their own, its trade, and the word of it.

The clone's `.venv` is made of what is installed here, so that no download decides whether the test passes; that set-up itself installs what
the locks say is what `make up` does on every clone that was never set up before.
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from memesnipe.testing.chats import Chat
from memesnipe.testing.stacks import ROOT, a_free_port, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500), pytest.mark.xdist_group("newcomer")]

TRADED = "SELECT intent_id, mode FROM fills WHERE strategy = 'dip-buyer' AND status = 'filled'"
SETTLE = "import sys; sys.path.insert(0, 'scripts'); import setup; setup.stamp('up').write_text(setup.wanted('up'))"


class Clone:
    """A checkout of its own, in a folder with a space in its name."""

    def __init__(self, folder: Path, chat: Chat) -> None:
        self.folder, self.log = folder, folder.parent / "up.log"
        urls = folder.parent / "notify_urls.txt"
        urls.write_text(chat.url)
        urls.chmod(0o600)
        self._copy()
        self._set_up()
        ports = {f"MEMESNIPE_{name}_PORT": str(a_free_port()) for name in ("DASHBOARD", "LOCALNET")}
        self._env = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "PYTHON": sys.executable, **ports}
        self._env["MEMESNIPE_NOTIFY_URLS_FILE"] = str(urls)

    def _copy(self) -> None:
        """What git would hand out if all that is here were committed: no file that it ignores can help."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            source, target = ROOT / name, self.folder / name
            if source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)

    def _set_up(self) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=self.folder, check=True)
        (packages,) = (self.folder / ".venv" / "lib").glob("python*/site-packages")
        own = [str(self.folder / name) for name in ("operator", "runtime", "strategies")]
        (packages / "linked.pth").write_text("\n".join([*own, sysconfig.get_path("purelib")]) + "\n")
        command = self.folder / ".venv" / "bin" / "memesnipe"
        command.write_text('#!/bin/sh\nexec "$(dirname "$0")/python" -m memesnipe "$@"\n')
        command.chmod(0o755)
        subprocess.run([sys.executable, "-c", SETTLE], cwd=self.folder, check=True)

    def up(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as output:
            return subprocess.Popen(["make", "up"], cwd=self.folder, env=self._env, stdout=output, stderr=output, start_new_session=True)

    def memesnipe(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [".venv/bin/memesnipe", *words]
        return subprocess.run(command, cwd=self.folder, env=self._env, capture_output=True, text=True, timeout=120)

    def ledger(self, question: str) -> list[tuple[str, ...]]:
        path = self.folder / "shared" / "trades_v18.db"
        try:
            with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5) as db:
                return db.execute(question).fetchall()
        except sqlite3.OperationalError:
            return []


@pytest.fixture
def chat() -> Iterator[Chat]:
    with Chat() as chat:
        yield chat


@pytest.fixture
def clone(tmp_path: Path, chat: Chat) -> Iterator[Clone]:
    """A checkout in which `make up` runs, with somebody to tell; Ctrl-C at the end."""
    clone = Clone(tmp_path / "meme snipe", chat)
    running = clone.up()
    try:
        until(lambda: "all services are ready" in clone.log.read_text(), 180, "all services ready")
        yield clone
    finally:
        os.killpg(running.pid, signal.SIGINT)
        running.wait(60)


def test_clone_make_up_new_strategy_and_it_trades_on_paper_and_tells(clone: Clone, chat: Chat) -> None:
    made = clone.memesnipe("new", "strategy", "dip-buyer")
    manifest = clone.folder / "my_strategies" / "dip_buyer.yaml"
    manifest.write_text(manifest.read_text().replace("dip_bps: 1000", "dip_bps: 200"))  # smaller dips come sooner
    until(lambda: clone.ledger(TRADED), 200, "a fill of the new strategy")
    ((order, mode), *_) = clone.ledger(TRADED)

    shown = json.loads(clone.memesnipe("orders", "show", order[:12], "--json").stdout)
    status = json.loads(clone.memesnipe("status", "--json").stdout)
    told = clone.memesnipe("positions")

    until(lambda: any("dip-buyer bought" in title for title in chat.titles()), 60, "the word of its trade")
    assert (made.returncode, mode, told.returncode) == (0, "paper", 0), made.stderr + told.stderr
    assert (shown["id"], shown["strategy"], shown["outcome"]) == (order, "dip-buyer", "filled")
    assert "dip-buyer" in {one["id"] for one in status["snapshot"]["strategies"]}
    assert status["snapshot"]["marker"]["kind"] == "paper"
