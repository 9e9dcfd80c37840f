"""Between messages and rows: one function each way, so that a column is named in one place."""

from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from memesnipe.messages.decisions import Decision
from memesnipe.messages.orders import Fill, Rejection
from memesnipe.messages.pairs import Pair

T = TypeVar("T", bound=msgspec.Struct)


def fill_row(fill: Fill) -> dict[str, Any]:
    """Return a fill as a row of `fills`."""
    row: dict[str, Any] = msgspec.to_builtins(_as_dict(fill))
    del row["schema"]
    return {**row, "exit_cause": row["exit_cause"] or ""}


def fill_of(row: dict[str, Any]) -> Fill:
    """Return the fill in a row."""
    return struct_of(Fill, {**row, "exit_cause": row["exit_cause"] or None})


def rejection_row(rejection: Rejection) -> dict[str, Any]:
    """Return a rejection as a row of `rejections`."""
    row: dict[str, Any] = msgspec.to_builtins(_as_dict(rejection))
    del row["schema"]
    return row


def pair_row(pair: Pair) -> dict[str, Any]:
    """Return a pair as a row of `pairs`."""
    row: dict[str, Any] = msgspec.to_builtins(_as_dict(pair))
    del row["schema"]
    return row


def decision_row(decision: Decision) -> dict[str, Any]:
    """Return a decision as a row of `decisions`."""
    row: dict[str, Any] = msgspec.to_builtins(_as_dict(decision), builtin_types=(bytes,))
    del row["schema"]
    return row


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
