"""A chat's web hook as apprise meets it (`json://`): a real HTTP server that keeps what it is told, or refuses it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

SECRET = "tok3nOfaPerson"  # noqa: S105 - a throw-away, looked for where it must not be


class Chat:
    """Listens on one address of this machine while it is entered; `refuses` makes it answer 500."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.told: list[dict[str, Any]] = []
        self.refused, self.refuses = 0, False
        self._server = ThreadingHTTPServer((host, 0), self._hook())

    def __enter__(self) -> "Chat":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Its address, as it stands in the secret file."""
        return f"json://user:{SECRET}@{self._server.server_address[0]!s}:{self._server.server_port}/{SECRET}"

    def titles(self) -> list[str]:
        """Return the titles without their mode markers."""
        return [str(one["title"]).partition("] ")[2] for one in self.told]

    def hear(self, body: bytes) -> int:
        """Take a message; return the HTTP status."""
        if self.refuses:
            self.refused += 1
            return 500
        self.told.append(json.loads(body))
        return 200

    def _hook(self) -> type[BaseHTTPRequestHandler]:
        chat = self

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                """Answer a message."""
                self.send_response(chat.hear(self.rfile.read(int(self.headers["Content-Length"]))))
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
                """Stay silent."""

        return Hook
