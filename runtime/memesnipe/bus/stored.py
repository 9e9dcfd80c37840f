"""A stage's stored state, read back: pure, so that a book may use it."""

from typing import TypeVar

import msgspec

from memesnipe.kernel.errors import Bug

T = TypeVar("T")


def stored(decoder: "msgspec.msgpack.Decoder[T]", data: bytes, empty: T, owner: str) -> T:
    """Return a stage's stored state, `empty` from no bytes. Raises Bug when the bytes are not its own."""
    try:
        return decoder.decode(data) if data else empty
    except msgspec.DecodeError as error:
        raise Bug(f"stored state of {owner} cannot be read: {error}") from error
