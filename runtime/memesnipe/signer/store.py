"""The signer's own store: what was signed, what it may have spent, and the audit chain, in one SQLite row per signature.

WAL with synchronous=FULL: an INSERT returns after its fsync. One row is the replay entry (UNIQUE intent and attempt), the spend
and the audit line, so one fsync makes all three durable and a crash can never keep one without the others. A failed write changes
nothing, on disk or in memory, and no signature leaves.

One writer: the lock file is held for the process's life (the kernel frees it on SIGKILL), since two signers on one store could each
sign the same attempt's different messages.
"""

import fcntl
import os
import sqlite3
from pathlib import Path

import msgspec

from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.failpoints import failpoint
from memesnipe.signer.audit import COLUMNS, GENESIS_HASH, Line, chain
from memesnipe.signer.windows import DAY_NS, Windows

PART = "signer store"
"""How its failures are named."""
_PAGE_BYTES = 4_096
"""A row has ~400 bytes. In smaller pages nearly every row opens a new one, which rewrites the header, the free list and the tree
above it too: of 1,024, 2,048, 4,096 and 8,192 bytes this is the quickest in CPU, and no slower to fsync."""
_LOG_PAGES = 1_100
"""SQLite checkpoints at 1,000 pages, so the log hardly grows beyond."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS signatures (
  seq INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL, strategy TEXT NOT NULL, intent_id TEXT NOT NULL, attempt INTEGER NOT NULL,
  message_digest BLOB NOT NULL, signature BLOB NOT NULL, last_valid_block_height INTEGER NOT NULL, spend_lamports INTEGER NOT NULL,
  reduces INTEGER NOT NULL, policy_hash TEXT NOT NULL, halt_epoch INTEGER NOT NULL, risk_digest BLOB NOT NULL,
  guard_digest BLOB NOT NULL, lease_digest BLOB NOT NULL, hash BLOB NOT NULL, UNIQUE (intent_id, attempt)
) STRICT
"""
_INSERT = f"INSERT INTO signatures ({', '.join(COLUMNS)}, hash) VALUES ({', '.join('?' * (len(COLUMNS) + 1))})"  # noqa: S608 - our own names
_OF_INTENT = "SELECT attempt, message_digest, signature, last_valid_block_height FROM signatures WHERE intent_id = ? ORDER BY attempt"


class Signed(msgspec.Struct, frozen=True, gc=False):
    """A signature that is in the store."""

    attempt: int
    message_digest: bytes
    signature: bytes
    last_valid_block_height: int


class Store:
    """Open with `Store.open`; every method is synchronous and quick."""

    def __init__(self, database: sqlite3.Connection, lock: int) -> None:
        self._database, self._lock = database, lock
        self.windows = Windows()
        self.lines, self.head, self.watermark_ns, self.halt_epoch = 0, GENESIS_HASH, 0, 0
        self._restore()

    @classmethod
    def open(cls, path: Path) -> "Store":
        """Open or make the store. Raises Unavailable when another signer holds it or the disk does not serve."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = _hold(path.with_name(path.name + ".lock"))
            return cls(_connect(path), lock)
        except (OSError, sqlite3.Error) as error:
            raise Unavailable(PART, f"{path}: {error}") from None

    def of_intent(self, intent_id: str) -> tuple[Signed, ...]:
        """Return all that was signed for an intent, by attempt. Raises Unavailable."""
        try:
            return tuple([Signed(*row) for row in self._database.execute(_OF_INTENT, (intent_id,)).fetchall()])
        except sqlite3.Error as error:
            raise Unavailable(PART, str(error)) from None

    def append(self, line: Line) -> None:
        """Make a signature durable: after this returns, it may leave. Raises Unavailable, and then nothing has changed."""
        digest = chain(self.head, line)
        failpoint("signer.before_persist")
        try:
            self._database.execute(_INSERT, (*msgspec.structs.astuple(line), digest))
        except sqlite3.Error as error:
            raise Unavailable(PART, str(error)) from None
        failpoint("signer.after_persist")
        self.lines, self.head = line.seq, digest
        self.watermark_ns, self.halt_epoch = max(self.watermark_ns, line.time_ns), max(self.halt_epoch, line.halt_epoch)
        self.windows.add(line.time_ns, line.spend_lamports, line.reduces)

    def close(self) -> None:
        """Close the database and let the next signer in."""
        self._database.close()
        os.close(self._lock)

    def _restore(self) -> None:
        last = self._database.execute("SELECT seq, hash FROM signatures ORDER BY seq DESC LIMIT 1").fetchone()
        if last is None:
            return
        self.lines, self.head = last
        (self.halt_epoch,) = self._database.execute("SELECT max(halt_epoch) FROM signatures").fetchone()
        # Times never go down along the chain (decide sees to it), so a scan from the end may stop at the window's edge.
        rows = self._database.execute("SELECT time_ns, spend_lamports, reduces FROM signatures ORDER BY seq DESC")
        recent = [next(rows)]
        self.watermark_ns = recent[0][0]
        for row in rows:
            if row[0] <= self.watermark_ns - DAY_NS:
                break
            recent.append(row)
        for time_ns, lamports, reduces in reversed(recent):
            self.windows.add(time_ns, lamports, reduces)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, timeout=2.0)  # the time-out is for a reader that checkpoints
    database.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute(_SCHEMA)
    path.chmod(0o600)
    _lay_out_log(database)
    return database


def _lay_out_log(database: sqlite3.Connection) -> None:
    """Write the write-ahead log to its full length once, then start it again from its beginning.

    SQLite reuses a log's space and never shortens it while open; but while the log GROWS, each commit's fsync also waits for the file
    system to record the new length, which made a signature's commit up to 1.4 times as long. A crash in here leaves a spare table.
    """
    database.execute("DROP TABLE IF EXISTS spare")
    database.execute("CREATE TABLE spare (bytes BLOB)")
    database.execute("INSERT INTO spare VALUES (zeroblob(?))", (_LOG_PAGES * _PAGE_BYTES,))
    database.execute("DROP TABLE spare")
    database.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()


def _hold(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise Unavailable(PART, f"another signer holds {path}") from None
    return descriptor
