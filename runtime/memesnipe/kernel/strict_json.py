"""JSON from outside: typed and bounded by msgspec, and refused when an object names a key twice.

msgspec refuses NaN, Infinity, 1e999, wrong types and numbers out of bounds, but takes the LAST of two equal keys where another
reader takes the first: two parts of a system would then act on two different answers. The standard library's parser sees both.
"""

import json
from typing import Any, TypeVar

import msgspec

from memesnipe.kernel.errors import BadInput

T = TypeVar("T")


def decode(decoder: "msgspec.json.Decoder[T]", raw: bytes | str, name: str = "body") -> T:
    """Return the typed value. Raises BadInput naming the field, or `name` where the text as a whole is at fault."""
    try:
        value = decoder.decode(raw)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        raise BadInput(path.strip("`") or name, reason) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise BadInput(name, "not JSON") from None
    refuse_repeated_keys(raw, name)
    return value


def refuse_repeated_keys(raw: bytes | str, name: str = "body") -> None:
    """Raise BadInput where an object at any depth names a key twice, and for what is no JSON."""
    try:
        twice = _first_repeated(raw)
    except (ValueError, RecursionError):
        raise BadInput(name, "not JSON") from None
    if twice is not None:
        raise BadInput(name, f"the key {twice[:64]!r} is there twice")  # not as the field: fields are labels, and this one is a stranger's


def _first_repeated(raw: bytes | str) -> str | None:
    repeated: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        if len(dict(pairs)) != len(pairs):
            keys = [key for key, _ in pairs]
            repeated.append(next(key for key in keys if keys.count(key) > 1))

    # Numbers were judged already: an integer of thousands of digits must cost nothing here.
    json.loads(raw, object_pairs_hook=look, parse_int=_unread, parse_float=_unread)
    return repeated[0] if repeated else None


def _unread(_: str) -> None:
    return None
