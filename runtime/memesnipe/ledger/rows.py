"""Between messages and rows: one function each way, so that a column is named in one place."""

from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from memesnipe.messages.decisions import Decision
from memesnipe.messages.orders import Fill, Rejection
from memesnipe.messages.pairs import Pair

T = TypeVar("T", bound=msgspec.Struct)


def message_row(message: Fill | Rejection | Pair | Decision) -> dict[str, Any]:
    """Return a message as a row of its table, whose columns are its fields."""
    row: dict[str, Any] = msgspec.to_builtins(_as_dict(message), builtin_types=(bytes,))
    del row["schema"]
    return row


def fill_row(fill: Fill) -> dict[str, Any]:
    """Return a fill as a row of `fills`."""
    row = message_row(fill)
    return {**row, "exit_cause": row["exit_cause"] or ""}


def fill_of(row: dict[str, Any]) -> Fill:
    """Return the fill in a row."""
    return struct_of(Fill, {**row, "exit_cause": row["exit_cause"] or None})


def struct_row(value: msgspec.Struct) -> dict[str, Any]:
    """Return a struct whose fields are columns as a row."""
    row: dict[str, Any] = msgspec.to_builtins(_as_dict(value))
    return row


def struct_of(kind: type[T], row: dict[str, Any]) -> T:
    """Return a `kind` from the columns that it names; columns of a later release are ignored. Raises msgspec.ValidationError."""
    return kind(**{name: msgspec.convert(row[name], annotation) for name, annotation in _fields(kind) if name in row})


@cache
def _fields(kind: Hashable) -> tuple[tuple[str, Any], ...]:
    """Field by field, because a message that travels as an array cannot be made from a mapping at once."""
    return tuple((field.name, field.type) for field in msgspec.structs.fields(cast("type[msgspec.Struct]", kind)))


def _as_dict(value: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}
