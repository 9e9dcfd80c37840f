"""One part of a cluster as a child process: it writes its own log, dies with us, and is stopped by its process id."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/sbin"
LOG_TAIL_CHARACTERS = 4000


class PartFailed(RuntimeError):  # noqa: N818 - named for what happened, as the product's own
    """A part of the cluster ended or did not become ready; the message ends with the end of its log."""


class Part:
    """A process with a name and a log file; `start` and `stop` may be called in turn, as often as wanted. `env`: else `environment()`."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        env: dict[str, str] | None = None,
        ready: Callable[[], object] = lambda: True,
    ) -> None:
        self.name = name
        self.ready = ready
        """Whether it does its work now; asked after a start."""
        self.log = log
        self._command = [str(word) for word in command]
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the last start. Raises PartFailed before the first."""
        if self._process is None:
            raise PartFailed(f"{self.name} was never started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; a session of its own keeps a person's Ctrl-C from reaching it before us."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env or environment(),
                start_new_session=True,
                preexec_fn=_dies_with(os.getpid()),  # noqa: PLW1509 - one system call in the child, no lock is taken
            )

    def stop(self, *, how: signal.Signals = signal.SIGTERM, timeout_s: float = 30.0) -> None:
        """End it and wait; what does not end by `how` within the time is killed. Nothing to do when it does not run."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def text(self) -> str:
        """Return all it has printed since the first start."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def must_run(self) -> None:
        """Raise PartFailed, with the end of its log, when it has ended."""
        if not self.running:
            code = "not started" if self._process is None else f"exit code {self._process.returncode}"
            raise PartFailed(f"{self.name} has ended ({code}); its log ends with:\n{self.text()[-LOG_TAIL_CHARACTERS:]}")


def environment() -> dict[str, str]:
    """Return what every part gets: the folders of system programs, which a minimal shell's PATH lacks, and no proxy, since the
    parts only talk to one another.
    """
    own = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**own, "PATH": f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}"}


def _dies_with(parent: int) -> Callable[[], None]:
    """Linux: the kernel kills the child when the thread that started it ends, however it ends. Elsewhere `stop` has to do."""

    def ask_the_kernel() -> None:
        if not sys.platform.startswith("linux"):
            return
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent was gone before the kernel knew
            os._exit(1)

    return ask_the_kernel
