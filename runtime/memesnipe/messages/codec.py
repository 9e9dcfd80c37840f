"""Bytes <-> messages. One decoder per stream type, built once; a bad byte is BadInput naming the field, never a crash."""

from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from memesnipe.kernel.errors import BadInput
from memesnipe.messages.bounds import SCHEMA

M = TypeVar("M")

_encoder = msgspec.msgpack.Encoder()
encode = _encoder.encode

OLDEST_SCHEMA = max(1, SCHEMA - 1)
BYTES_MAX = 1 << 20
"""A longer entry is refused unread: no honest message comes near."""


@cache
def decoder_of(kind: Hashable) -> "msgspec.msgpack.Decoder[Any]":
    """Return the cached decoder for a message type or union."""
    return msgspec.msgpack.Decoder(cast("Any", kind))


def decode(kind: type[M], raw: bytes) -> M:
    """Return the message in `raw`. Raises BadInput (field, reason) for anything that is not within the type's bounds."""
    if len(raw) > BYTES_MAX:
        raise BadInput("entry", f"{len(raw)} bytes, more than {BYTES_MAX}")
    try:
        message = decoder_of(cast("Hashable", kind)).decode(raw)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        raise BadInput(path.strip("`") or "message", reason) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadInput("message", f"not msgpack: {error}") from None
    if getattr(message, "schema", SCHEMA) < OLDEST_SCHEMA:
        raise BadInput("schema", f"{message.schema} is older than {OLDEST_SCHEMA}")
    return cast("M", message)
