"""The executor's state as it is stored: the book and the strategy's own snapshot, in one value."""

from typing import Any

import msgspec

from memesnipe.executor.book import Book
from memesnipe.executor.decide import Failure, Seat
from memesnipe.kernel.errors import Bug

SNAPSHOT_BYTES_MAX = 1 << 20
"""A strategy that remembers more is leaking: every commit would carry it."""

_encoder = msgspec.msgpack.Encoder()


class Saved(msgspec.Struct, frozen=True):
    """What is written under `strategy:<id>:state`."""

    book: Book
    plugin: str
    version: str
    """Of the strategy's code: a snapshot of other code is not restored, the book is."""
    snapshot: bytes = b""


_decoder = msgspec.msgpack.Decoder(Saved)


def pack(seat: Seat, last_snapshot: bytes) -> tuple[bytes, bytes, Failure | None]:
    """Return (stored bytes, snapshot in them, fault). A snapshot that cannot be had leaves the last good one in place."""
    snapshot, failure = _snapshot(seat, last_snapshot)
    saved = Saved(seat.view.book, seat.spec.plugin, seat.strategy.version, snapshot)
    return _encoder.encode(saved), snapshot, failure


def _snapshot(seat: Seat, last: bytes) -> tuple[bytes, Failure | None]:
    try:
        snapshot = _encoder.encode(seat.strategy.snapshot())
    except Exception as error:
        return last, Failure("snapshot", f"{type(error).__name__}: {error}", error)
    if len(snapshot) > SNAPSHOT_BYTES_MAX:
        return last, Failure("snapshot", f"{len(snapshot)} bytes, more than {SNAPSHOT_BYTES_MAX}")
    return snapshot, None


def unpack(data: bytes) -> Saved | None:
    """Return what was stored, None for nothing. Raises Bug if the bytes are not ours: trading on a lost book is worse than stopping."""
    if not data:
        return None
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Bug(f"stored strategy state cannot be read: {error}") from None


def restore(seat: Seat, saved: Saved) -> Failure | None:
    """Give book and snapshot back. A snapshot that does not fit is a fault, and the strategy starts without memory."""
    seat.view.book = saved.book
    if (saved.plugin, saved.version) != (seat.spec.plugin, seat.strategy.version) or not saved.snapshot:
        return None
    try:
        seat.strategy.restore(_memory(saved.snapshot))
    except Exception as error:
        return Failure("restore", f"{type(error).__name__}: {error}", error)
    return None


def _memory(snapshot: bytes) -> dict[str, Any]:
    return msgspec.msgpack.decode(snapshot, type=dict[str, Any])
