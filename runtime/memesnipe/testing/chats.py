"""A chat's web hook as apprise meets it (`json://`): a real HTTP server that keeps what it is told, or refuses it."""

import json
import threading
from typing import Any

from memesnipe.testing.loopback import Loopback, Silent

SECRET = "tok3nOfaPerson"  # noqa: S105 - a throw-away, looked for where it must not be


class Chat(Loopback):
    """Listens on one address of this machine while it is entered; `refuses` makes it answer 500; it waits for `answers`."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.told: list[dict[str, Any]] = []
        self.refused, self.refuses = 0, False
        self.answers = threading.Event()
        self.answers.set()
        super().__init__(self._hook(), host)

    @property
    def url(self) -> str:
        """Its address, as it stands in the secret file."""
        return f"json://user:{SECRET}@{self.place}/{SECRET}"

    def titles(self) -> list[str]:
        """Return the titles without their mode markers."""
        return [str(one["title"]).partition("] ")[2] for one in self.told]

    def hear(self, body: bytes) -> int:
        """Take a message; return the HTTP status."""
        self.answers.wait()
        if self.refuses:
            self.refused += 1
            return 500
        self.told.append(json.loads(body))
        return 200

    def _hook(self) -> type[Silent]:
        chat = self

        class Hook(Silent):
            def do_POST(self) -> None:  # noqa: N802 - the name is the standard library's
                """Answer a message."""
                self.send_response(chat.hear(self.rfile.read(int(self.headers["Content-Length"]))))
                self.end_headers()

        return Hook
