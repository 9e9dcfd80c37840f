"""The durable memory of live orders: `guard.db`, SQLite in WAL mode with synchronous=FULL. Persist, then act.

A row is one attempt of one intent. Its life: built (the request to the signer is on disk) -> signed (so is the signature) ->
landed | failed | expired | refused. An attempt that is built or signed MAY land, so no other attempt of its intent may begin.
"""

import fcntl
import sqlite3
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import msgspec

from memesnipe.kernel.errors import Bug, Unavailable
from memesnipe.messages import codec
from memesnipe.messages.orders import Outcome
from memesnipe.messages.signing import Signature, SwapTransaction

_SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts (
    intent_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    status TEXT NOT NULL,
    request BLOB NOT NULL,
    quoted_out INTEGER NOT NULL,
    created_ns INTEGER NOT NULL,
    signed BLOB,
    outcomes BLOB,
    PRIMARY KEY (intent_id, attempt)
) WITHOUT ROWID
"""
_INDEX = "CREATE INDEX IF NOT EXISTS attempts_by_time ON attempts (created_ns, status)"
_UNSAID = """
SELECT DISTINCT intent_id FROM attempts AS one WHERE created_ns >= ?
OR (status IN (?, ?, ?) AND (outcomes IS NULL OR outcomes = ?)
    AND attempt = (SELECT max(attempt) FROM attempts AS other WHERE other.intent_id = one.intent_id))
"""


class Status(StrEnum):
    """Where an attempt is."""

    BUILT = "built"
    SIGNED = "signed"
    LANDED = "landed"
    FAILED = "failed"
    EXPIRED = "expired"
    REFUSED = "refused"


OPEN = (Status.BUILT, Status.SIGNED)


class Attempt(msgspec.Struct, frozen=True):
    """One row."""

    request: SwapTransaction
    status: Status
    quoted_out: int
    created_ns: int
    signed: Signature | None = None
    outcomes: tuple[Outcome, ...] = ()
    """What was decided about the order when this attempt ended it; empty while another attempt may follow."""

    @property
    def may_land(self) -> bool:
        """Whether the chain may still take it."""
        return self.status in OPEN


class Attempts:
    """The store. One writer: this process. Two guards on one store could each begin the next attempt."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises Unavailable while another process holds it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(path.with_suffix(".lock"))
        self._db = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.execute(_SCHEMA)
        self._db.execute(_INDEX)

    def close(self) -> None:
        """Close the file."""
        self._db.close()
        self._lock.close()

    def begin(self, request: SwapTransaction, quoted_out: int, now_ns: int) -> None:
        """Persist a new attempt before anything is asked of the signer. Raises Bug if another one may still land."""
        last = self.last(request.intent.id)
        if last is not None and (last.may_land or last.request.attempt >= request.attempt):
            raise Bug(f"attempt {request.attempt} of {request.intent.id} while attempt {last.request.attempt} is {last.status}")
        row = (request.intent.id, request.attempt, Status.BUILT, codec.encode(request), quoted_out, now_ns)
        self._db.execute("INSERT INTO attempts (intent_id, attempt, status, request, quoted_out, created_ns) VALUES (?,?,?,?,?,?)", row)

    def rebuilt(self, request: SwapTransaction, quoted_out: int, now_ns: int) -> None:
        """Persist newer bytes for an attempt that nobody was asked to sign. Raises Bug if it is anywhere else by now."""
        last = self.last(request.intent.id)
        if last is None or (last.request.attempt, last.status) != (request.attempt, Status.BUILT):
            raise Bug(f"attempt {request.attempt} of {request.intent.id} is not the last one, or it is past {Status.BUILT}")
        change = "request = ?, quoted_out = ?, created_ns = ?"
        self._update(request.intent.id, request.attempt, change, (codec.encode(request), quoted_out, now_ns))

    def signed(self, signed: Signature) -> None:
        """Persist the signature before the first broadcast, or one that the signer gave out before."""
        self._update(signed.intent_id, signed.attempt, "status = ?, signed = ?", (Status.SIGNED, codec.encode(signed)))

    def ended(self, intent_id: str, attempt: int, status: Status, outcomes: tuple[Outcome, ...] = ()) -> None:
        """Persist how an attempt ended, and the order's outcomes if it ended the order."""
        self._update(intent_id, attempt, "status = ?, outcomes = ?", (status, codec.encode(outcomes)))

    def last(self, intent_id: str) -> Attempt | None:
        """Return the newest attempt of an intent."""
        columns = "request, status, quoted_out, created_ns, signed, outcomes"
        query = f"SELECT {columns} FROM attempts WHERE intent_id = ? ORDER BY attempt DESC LIMIT 1"  # noqa: S608 - our own literal
        row = self._db.execute(query, (intent_id,)).fetchone()
        return _attempt(row) if row else None

    def unsaid(self, since_ns: int) -> list[str]:
        """Return the intents whose outcome may not have been heard: those without one, and all that began since `since_ns`."""
        return [row[0] for row in self._db.execute(_UNSAID, (since_ns, *OPEN, Status.EXPIRED, codec.encode(())))]

    def _update(self, intent_id: str, attempt: int, change: str, values: tuple[object, ...]) -> None:
        changed = self._db.execute(f"UPDATE attempts SET {change} WHERE intent_id = ? AND attempt = ?", (*values, intent_id, attempt))  # noqa: S608 - `change` is one of the literals above
        if changed.rowcount != 1:
            raise Bug(f"attempt {attempt} of {intent_id} is not in the store")


def _locked(path: Path) -> BinaryIO:
    """Return the open lock file; the kernel lets go of it with the process, however that ends."""
    file = path.open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise Unavailable("attempts", f"{path}: another wallet_guard holds it") from None
    return file


def _attempt(row: tuple[bytes, str, int, int, bytes | None, bytes | None]) -> Attempt:
    request, status, quoted_out, created_ns, signed, outcomes = row
    return Attempt(
        request=codec.decode(SwapTransaction, request),
        status=Status(status),
        quoted_out=quoted_out,
        created_ns=created_ns,
        signed=_signature.decode(signed) if signed else None,
        outcomes=_outcomes.decode(outcomes) if outcomes else (),
    )


_signature = msgspec.msgpack.Decoder(Signature)
_outcomes = msgspec.msgpack.Decoder(tuple[Outcome, ...])
