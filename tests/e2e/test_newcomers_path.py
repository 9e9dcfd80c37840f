"""The whole path of somebody new, as the README tells it: clone, `make up`, a strategy of their own, its trade, and the word of it.

Beside that stack every `memesnipe …` of the pages is run, in the order of the pages: what they tell people to type does what they say.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from memesnipe.kernel.ports import free_port
from memesnipe.testing.chats import Chat
from memesnipe.testing.checkouts import checked_out
from memesnipe.testing.documented.desk import Desk
from memesnipe.testing.documented.table import HOST, share_of
from memesnipe.testing.stacks import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]

TRADED = "SELECT intent_id, mode FROM fills WHERE strategy = 'dip-buyer' AND status = 'filled'"


class Clone:
    """A checkout of its own, in a folder with a space in its name."""

    def __init__(self, folder: Path, chat: Chat) -> None:
        self.folder, self.log = checked_out(folder), folder.parent / "up.log"
        urls = folder.parent / "notify_urls.txt"
        urls.write_text(chat.url)
        urls.chmod(0o600)
        ports = {f"MEMESNIPE_{name}_PORT": str(free_port()) for name in ("DASHBOARD", "LOCALNET")}
        self.env = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "PYTHON": sys.executable, **ports}
        self.env["MEMESNIPE_NOTIFY_URLS_FILE"] = str(urls)

    def up(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as output:
            return subprocess.Popen(["make", "up"], cwd=self.folder, env=self.env, stdout=output, stderr=output, start_new_session=True)

    def memesnipe(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [".venv/bin/memesnipe", *words]
        return subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=120)

    def ledger(self, question: str) -> list[tuple[str, ...]]:
        path = self.folder / "shared" / "trades_v18.db"
        try:
            with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5) as db:
                return db.execute(question).fetchall()
        except sqlite3.OperationalError:
            return []

    def first(self, question: str) -> tuple[str, ...]:
        """Wait for an answer of the ledger."""
        until(lambda: self.ledger(question), 200, question)
        return self.ledger(question)[0]


@pytest.fixture(scope="module")
def chat() -> Iterator[Chat]:
    with Chat() as chat:
        yield chat


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, chat: Chat) -> Iterator[Clone]:
    """A checkout in which `make up` runs, with somebody to tell; Ctrl-C at the end."""
    clone = Clone(tmp_path_factory.mktemp("newcomer") / "meme snipe", chat)
    running = clone.up()
    try:
        until(lambda: "all services are ready" in clone.log.read_text(), 180, "all services ready")
        yield clone
    finally:
        os.killpg(running.pid, signal.SIGINT)
        running.wait(60)


@pytest.fixture(scope="module")
def desk(clone: Clone, own: None, chat: Chat) -> Desk:
    """The same checkout with the files that the pages speak of."""
    addresses = dict(line.split("=", 1) for line in (clone.folder / "shared" / "run" / "addresses").read_text().splitlines())
    urls = clone.folder / "notify_urls.txt"
    urls.write_text(chat.url)
    urls.chmod(0o600)
    desk = Desk(clone.folder, clone.env, clone.first, (addresses["rpc_url"], addresses["wallet"]))
    desk.furnish()
    return desk


@pytest.fixture(scope="module")
def own(clone: Clone) -> None:
    """A strategy of one's own."""
    made = clone.memesnipe("new", "strategy", "dip-buyer")
    assert made.returncode == 0, made.stderr


def test_clone_make_up_new_strategy_and_it_trades_on_paper_and_tells(clone: Clone, own: None, chat: Chat) -> None:
    manifest = clone.folder / "my_strategies" / "dip_buyer.yaml"
    manifest.write_text(manifest.read_text().replace("dip_bps: 1000", "dip_bps: 200"))  # smaller dips come sooner
    order, mode = clone.first(TRADED)

    shown = json.loads(clone.memesnipe("orders", "show", order[:12], "--json").stdout)
    status = json.loads(clone.memesnipe("status", "--json").stdout)
    told = clone.memesnipe("positions")

    until(lambda: any("dip-buyer bought" in title for title in chat.titles()), 60, "the word of its trade")
    assert (mode, told.returncode) == ("paper", 0), told.stderr
    assert (shown["id"], shown["strategy"], shown["outcome"]) == (order, "dip-buyer", "filled")
    assert "dip-buyer" in {one["id"] for one in status["snapshot"]["strategies"]}
    assert status["snapshot"]["marker"]["kind"] == "paper"


@pytest.mark.parametrize("command", share_of(HOST))
def test_a_command_of_a_page_does_what_the_page_says(desk: Desk, command: str) -> None:
    answer = desk.type(command)

    assert answer.code in desk.codes(command), answer.said


def test_make_unit_runs_the_tests_of_ones_own_strategies(clone: Clone, own: None) -> None:
    command = ["make", "unit", "ARGS=my_strategies"]
    tested = subprocess.run(command, cwd=clone.folder, env=clone.env, capture_output=True, text=True, timeout=180)

    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert " passed" in tested.stdout
