"""The whole product as a test sees it: `memesnipe up` in a folder of its own, on ports of its own, looked at from outside."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from memesnipe.kernel.ports import free_port

ROOT = Path(__file__).parents[3]


class RunningStack:
    """`memesnipe up` as a child process. Use as a context manager: whatever happens, nothing is left behind."""

    def __init__(self, data: Path, *arguments: str, **env: str) -> None:
        self.data = data
        self.page = f"http://127.0.0.1:{free_port()}"
        self._arguments = arguments
        self._env = {**_clean_environment(), "MEMESNIPE_DATA_DIR": str(data), "MEMESNIPE_LOCALNET_PORT": str(free_port()), **env}
        self.strategies = Path(self._env.setdefault("MEMESNIPE_STRATEGIES_PATH", str(data / "my_strategies")))
        """A folder of its own: what a developer keeps in `my_strategies` must not trade in a test."""
        self._env["MEMESNIPE_DASHBOARD_PORT"] = self.page.rpartition(":")[2]
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "RunningStack":
        self.data.mkdir(parents=True, exist_ok=True)
        self.strategies.mkdir(parents=True, exist_ok=True)
        output = (self.data / "up.log").open("ab")
        command = [sys.executable, "-m", "memesnipe", "up", *self._arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=output, stderr=output)  # noqa: S603 - our own command
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.interrupt()

    def interrupt(self, timeout_s: float = 40.0) -> int:
        """Press Ctrl-C and wait; return the exit code."""
        assert self.process is not None  # noqa: S101 - used inside the context only
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def wait(self, timeout_s: float) -> int:
        """Wait until it ends by itself, as a replay does; return the exit code. Raises TimeoutExpired."""
        assert self.process is not None  # noqa: S101 - used inside the context only
        return self.process.wait(timeout_s)

    def log(self) -> str:
        """Return what `up` printed."""
        return (self.data / "up.log").read_text(errors="replace")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `memesnipe …` beside it, as a person would."""
        command = [sys.executable, "-m", "memesnipe", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self._env, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - our own command

    def ledger(self, question: str) -> list[tuple[object, ...]]:
        """Ask the ledger; an empty answer while it does not exist yet."""
        path = self.data / "trades_v18.db"
        if not path.exists():
            return []
        try:
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5) as db:
                return db.execute(question).fetchall()
        except sqlite3.OperationalError:
            return []

    def rests(self, question: str, for_s: float = 10.0) -> bool:
        """Return whether the ledger's answer stays the same for so long.

        A transaction that is on its way lands within seconds, on a busy machine, too: what is reconciled must have come to rest.
        """
        before, ends_s = self.ledger(question), time.monotonic() + for_s
        while time.monotonic() < ends_s:
            if self.ledger(question) != before:
                return False
            time.sleep(0.1)
        return True

    def children(self) -> dict[int, str]:
        """Return pid -> command line of every process that was started for this data folder and still runs.

        The signer shows its environment to root alone, so while `up` runs its own children are counted, too.
        """
        own = children_of(self.process.pid) if self.process is not None and self.process.poll() is None else {}
        return processes_with(f"MEMESNIPE_DATA_DIR={self.data}") | own

    def pid_of(self, service: str) -> int:
        """Return a service's pid; of one that is just being started again as soon as it has one. Raises AssertionError when none comes."""
        found: list[int] = []

        def alone() -> bool:
            found[:] = [pid for pid, command in self.children().items() if f"-m memesnipe {service}" in command]
            return len(found) == 1

        until(alone, 60, f"{service} to run, once")
        return found[0]


def until(condition: Callable[[], object], timeout_s: float, what: str) -> None:
    """Poll until `condition` is truthy. Raises AssertionError saying what did not come."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(0.1)


def processes_with(variable: str) -> dict[int, str]:
    """Return pid -> command line of processes with this in their environment (Linux)."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if variable.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it ended while we looked
    return found


def children_of(parent: int) -> dict[int, str]:
    """Return pid -> command line of a process's children (Linux)."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it ended while we looked
    return found


def _clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("MEMESNIPE_") and name != "PAPER_TRADING_MODE"}
