"""Objects, each in the newest state that anybody showed. Watch events, answers to writes and lists overtake each other.

An event may tell of a state older than the answer to our own write, and a list that took its time may miss what was made meanwhile, or
still have what is gone. Resource versions decide: numbers that grow with every change, for all objects of one API server.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Body = Mapping[str, Any]
Key = tuple[str, str]
"""(kind, name)."""


class Newest:
    """Objects of one namespace."""

    def __init__(self) -> None:
        self._there: dict[Key, Body] = {}
        self._gone: dict[Key, int] = {}
        """The version at which an object went; until a list that is later has been seen."""

    def get(self, key: Key) -> Body | None:
        """Return an object; None where there is none."""
        return self._there.get(key)

    def names(self, kind: str) -> list[str]:
        """Return the names of a kind's objects, sorted."""
        return sorted(name for known, name in self._there if known == kind)

    def put(self, key: Key, body: Body) -> bool:
        """Take in a state of an object; return whether it was news, rather than older than what is known."""
        if version_of(body) < max(version_of(self._there.get(key)), self._gone.get(key, 0)):
            return False
        self._there[key] = _without_history(body)
        return True

    def drop(self, key: Key, body: Body | None = None) -> bool:
        """Take out an object that is gone, as its last event shows it; return whether it was news. Without one: whatever is known."""
        version = version_of(body)
        if body is not None and version < version_of(self._there.get(key)):
            return False
        self._there.pop(key, None)
        self._gone[key] = version
        return True

    def replace(self, kind: str, bodies: Iterable[Body], version: str) -> set[str]:
        """Make what is known of a kind be what a list of this version shows, but for what is newer; return the names that are gone."""
        found = {body["metadata"]["name"]: body for body in bodies}
        limit = _number(version)
        gone = {name for name in self.names(kind) if name not in found and not version_of(self._there[kind, name]) > limit}
        for name in gone:
            self.drop((kind, name))
        for name, body in found.items():
            self.put((kind, name), body)
        self._gone = {key: at for key, at in self._gone.items() if key[0] != kind or at > limit}
        return gone

    def forget(self, key: Key) -> None:
        """Forget that an object ever was."""
        self._there.pop(key, None)
        self._gone.pop(key, None)


def _without_history(body: Body) -> Body:
    """Who wrote which field is half of an object's memory, and nobody here asks."""
    meta = {name: value for name, value in body["metadata"].items() if name != "managedFields"}
    return {**body, "metadata": meta}


def version_of(body: Body | None) -> int:
    """Return an object's resource version; 0 where it has none, or one that is no number: then nobody can tell which state is newer."""
    return 0 if body is None else _number(str(body["metadata"].get("resourceVersion", "")))


def _number(version: str) -> int:
    return int(version) if version.isdigit() else 0
