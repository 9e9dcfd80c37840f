"""The Lua scripts: loaded once, called by their SHA1, loaded again when a server lost them (NOSCRIPT)."""

import hashlib
from importlib.resources import files
from typing import Any

import msgspec

from memesnipe.bus.wire import pack


class Script(msgspec.Struct, frozen=True):
    """One script's name, text and SHA1 (hex, as EVALSHA takes it)."""

    name: str
    text: str
    sha: str
    command: str
    """EVALSHA_RO where the script says that it only reads: a user without write permission on the keys may then call it."""

    def pack(self, keys: list[str], arguments: list[Any]) -> bytes:
        """Return the packed call."""
        return pack(self.command, self.sha, len(keys), *keys, *arguments)


def _load(name: str) -> Script:
    text = files("memesnipe.bus").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")
    command = "EVALSHA_RO" if text.startswith("#!lua flags=no-writes\n") else "EVALSHA"
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), command)


COMMIT = _load("commit")
PUBLISH = _load("publish")
DEAD_LETTER = _load("dead_letter")
REPLACE = _load("replace")
SKIP = _load("skip")
FIRST_UNDRAINED = _load("first_undrained")
TRIM = _load("trim")
DISMISS = _load("dismiss")
RETIRE = _load("retire")
ALL = (COMMIT, PUBLISH, DEAD_LETTER, REPLACE, SKIP, FIRST_UNDRAINED, TRIM, DISMISS, RETIRE)
