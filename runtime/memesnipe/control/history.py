"""Versions of every configuration this host applied, in one small SQLite file: idempotent to apply, possible to roll back."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec
from pydantic import TypeAdapter

from memesnipe.control.applied import digest
from memesnipe.kernel.errors import ConfigError
from memesnipe.manifests.models import AS_STORED, Allocation, Manifest, RiskPolicy, Strategy
from memesnipe.manifests.reading import Manifests, assemble

_SCHEMA = """
CREATE TABLE IF NOT EXISTS versions (
  version INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, digest TEXT NOT NULL, origin TEXT NOT NULL, manifests TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS folder (one INTEGER PRIMARY KEY CHECK (one = 1), digest TEXT NOT NULL);
"""
_manifests: TypeAdapter[list[Strategy | Allocation | RiskPolicy]] = TypeAdapter(list[Manifest])


class Version(msgspec.Struct, frozen=True):
    """One applied configuration."""

    version: int
    time_ns: int
    digest: str
    origin: str
    """`folder`, or `rollback to N`."""


class History:
    """The versions of one data folder. Safe to open from the CLI while control runs."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with self._open() as db:
            db.executescript(_SCHEMA)

    def take_folder(self, manifests: Manifests, time_ns: int) -> bool:
        """Make a new version if the folder changed since it was last taken; return whether it did.

        A rollback stays in force until the folder changes again: the folder's digest is remembered apart from the versions.
        """
        now = digest(_dump(manifests))
        with self._open() as db:
            row = db.execute("SELECT digest FROM folder").fetchone()
            if row is not None and row[0] == now:
                return False
            self._insert(db, manifests, time_ns, "folder")
            db.execute("INSERT INTO folder VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET digest = excluded.digest", (now,))
        return True

    def roll_back(self, version: int, time_ns: int) -> int:
        """Apply an earlier version again as a new one; return the new number. Raises ConfigError if there is none such."""
        manifests = self.manifests(version)
        with self._open() as db:
            return self._insert(db, manifests, time_ns, f"rollback to {version}")

    def newest(self) -> int:
        """Return the newest version's number, 0 without any."""
        with self._open() as db:
            return int(db.execute("SELECT coalesce(max(version), 0) FROM versions").fetchone()[0])

    def manifests(self, version: int) -> Manifests:
        """Return a version's manifests. Raises ConfigError if there is none such."""
        with self._open() as db:
            row = db.execute("SELECT manifests FROM versions WHERE version = ?", (version,)).fetchone()
        if row is None:
            raise ConfigError(f"config: no version {version}; `memesnipe config history` lists them")
        return assemble(_manifests.validate_json(row[0], context=AS_STORED))

    def versions(self) -> list[Version]:
        """Return all versions, newest first."""
        with self._open() as db:
            rows = db.execute("SELECT version, time_ns, digest, origin FROM versions ORDER BY version DESC").fetchall()
        return [Version(*row) for row in rows]

    def strategies_ever(self) -> frozenset[str]:
        """Return the id of every Strategy that any version had: one that is gone may still hold what it bought."""
        with self._open() as db:
            rows = db.execute("SELECT manifests FROM versions").fetchall()
        return frozenset(one["metadata"]["name"] for (text,) in rows for one in json.loads(text) if one["kind"] == "Strategy")

    def _insert(self, db: sqlite3.Connection, manifests: Manifests, time_ns: int, origin: str) -> int:
        dumped = _dump(manifests)
        cursor = db.execute(
            "INSERT INTO versions (time_ns, digest, origin, manifests) VALUES (?, ?, ?, ?)",
            (time_ns, digest(dumped), origin, json.dumps(dumped)),
        )
        return int(cursor.lastrowid or 0)

    def _open(self) -> AbstractContextManager[sqlite3.Connection]:
        return opened(self._path)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Give control's database for one transaction."""
    db = sqlite3.connect(path, timeout=5.0)
    try:
        with db:
            yield db
    finally:
        db.close()


def _dump(manifests: Manifests) -> list[object]:
    every = [*sorted(manifests.strategies, key=lambda s: s.metadata.name), manifests.allocation, manifests.policy]
    return [m.model_dump(mode="json", by_alias=True, exclude_none=True) for m in every]
