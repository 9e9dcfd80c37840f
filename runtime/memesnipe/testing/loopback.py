"""A real HTTP server on this machine while it is entered: what doubles of other people's servers stand on."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class Silent(BaseHTTPRequestHandler):
    """Answers, and writes no line for each."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Stay silent."""


class Loopback:
    """Listens on a free port of one address of this machine."""

    def __init__(self, door: type[Silent], host: str = "127.0.0.1") -> None:
        self._server = ThreadingHTTPServer((host, 0), door)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def place(self) -> str:
        """Its `host:port`."""
        return f"{self._server.server_address[0]!s}:{self._server.server_port}"
