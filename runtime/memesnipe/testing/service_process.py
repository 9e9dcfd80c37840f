"""One service as a process of its own, with its log and its health port: started, asked, stopped, killed and started again."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from memesnipe.kernel.ports import free_port
from memesnipe.testing.stacks import until

READY_S = 120


class ServiceProcess:
    """`memesnipe <name>`. `settings`: names without `MEMESNIPE_`; nothing of this process' environment but the path is seen by it."""

    def __init__(self, name: str, data: Path, settings: Mapping[str, str]) -> None:
        self.name, self.port, self.log = name, free_port(), data / f"{name}.log"
        own = {"HEALTH_PORT": str(self.port), **settings}
        self._env = {"PATH": os.environ["PATH"], **{f"MEMESNIPE_{key}": value for key, value in own.items()}}
        self.process = self._started()

    def _started(self, **env: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "memesnipe", self.name]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, env={**self._env, **env}, stdout=log, stderr=log)  # noqa: S603 - a command of ours

    def again(self, **env: str) -> None:
        """Start it once more, with more in its environment."""
        self.process = self._started(**env)

    def ready(self) -> Self:
        """Wait until it says that it takes work."""
        until(lambda: self.get("readyz"), READY_S, f"{self.name} ready: {self.log.read_text()}")
        return self

    def get(self, path: str) -> str:
        """Return what its health port answers; "" where it does not, or not well."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send it a signal, if it runs; return what it ended with."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def killed_at_the_end(started: list[ServiceProcess]) -> Iterator[None]:
    """Leave none of these running."""
    try:
        yield
    finally:
        for service in started:
            service.stop(signal.SIGKILL)
