"""The audit chain: every signature is a line, each line's hash covers the line before it.

The store's row IS the line: one INSERT makes the replay entry, the spend and the audit line durable together, so none of them can
be there without the others. `verify` recomputes the chain; a changed, missing or reordered row breaks it. The one thing a chain
cannot show by itself is a cut-off end: the log of every signature carries the head's hash, so compare with that.
"""

import hashlib
import sqlite3
from pathlib import Path

import msgspec

from memesnipe.kernel.errors import MemeSnipeError

GENESIS_HASH = b"\x00" * 32


class AuditBroken(MemeSnipeError):  # noqa: N818 - says what it is; "error" is in the root's name
    """The chain does not verify: someone changed the store."""


class Line(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One signature: what, for whom, on whose word, and what it may spend. The order of the fields is the order of the columns."""

    seq: int
    time_ns: int
    strategy: str
    intent_id: str
    attempt: int
    message_digest: bytes
    signature: bytes
    last_valid_block_height: int
    spend_lamports: int
    reduces: int
    """1 for a sell or an exit."""
    policy_hash: str
    halt_epoch: int
    risk_digest: bytes
    guard_digest: bytes
    lease_digest: bytes


COLUMNS: tuple[str, ...] = Line.__struct_fields__
_encode = msgspec.msgpack.Encoder().encode


def chain(previous: bytes, line: Line) -> bytes:
    """Return the hash of a line that follows a line with hash `previous`."""
    return hashlib.sha256(previous + _encode(line)).digest()


def verify(path: Path) -> int:
    """Return how many lines the chain has. Raises AuditBroken naming the first line that does not fit."""
    try:
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    except sqlite3.Error as error:
        raise AuditBroken(f"{path}: cannot be opened: {error}") from None
    try:
        rows = database.execute(f"SELECT {', '.join(COLUMNS)}, hash FROM signatures ORDER BY seq")  # noqa: S608 - our own column names
        return _verify(rows)
    except sqlite3.DatabaseError as error:
        raise AuditBroken(f"{path}: cannot be read: {error}") from None
    finally:
        database.close()


def _verify(rows: sqlite3.Cursor) -> int:
    previous, lines = GENESIS_HASH, 0
    for *columns, stored in rows:
        line = Line(*columns)
        previous = chain(previous, line)
        if line.seq != lines + 1 or previous != stored:
            raise AuditBroken(f"line {lines + 1} (seq {line.seq}, intent {line.intent_id}) does not follow the one before it")
        lines += 1
    return lines
