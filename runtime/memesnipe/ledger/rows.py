"""Between messages and rows: one function each way, so that a column is named in one place."""

from collections.abc import Hashable
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from memesnipe.messages.decisions import Decision
from memesnipe.messages.orders import Fill, Rejection
from memesnipe.messages.pairs import Pair
from memesnipe.messages.way import Way

T = TypeVar("T", bound=msgspec.Struct)


def message_row(message: Pair | Decision) -> dict[str, Any]:
    """Return a message as a row of its table, whose columns are its fields."""
    row: dict[str, Any] = msgspec.to_builtins(_as_dict(message), builtin_types=(bytes,))
    del row["schema"]
    return row


def fill_row(fill: Fill) -> dict[str, Any]:
    """Return a fill as a row of `fills`."""
    return {**moved_row(fill), "way": _way_text(fill.way)}


def moved_row(fill: Fill) -> dict[str, Any]:
    """Return what a fill did to the wallet: its row without the way that led there.

    Whether two tellings of a fill agree is a matter of money, and of nothing else: one that went through a release without ways is the
    same fill as the one that did not.
    """
    row: dict[str, Any] = msgspec.to_builtins(_as_dict(fill))
    del row["schema"], row["way"]
    return {**row, "exit_cause": row["exit_cause"] or ""}


def fill_of(row: dict[str, Any]) -> Fill:
    """Return the fill in a row."""
    return struct_of(Fill, {**row, "exit_cause": row["exit_cause"] or None, "way": _way_of(row["way"])})


def rejection_row(rejection: Rejection) -> dict[str, Any]:
    """Return a refusal as a row of `rejections`."""
    row: dict[str, Any] = msgspec.to_builtins(_as_dict(rejection))
    del row["schema"]
    return {**row, "way": _way_text(rejection.way)}


def rejection_of(row: dict[str, Any]) -> Rejection:
    """Return the refusal in a row."""
    return struct_of(Rejection, {**row, "way": _way_of(row["way"])})


def struct_row(value: msgspec.Struct) -> dict[str, Any]:
    """Return a struct whose fields are columns as a row."""
    row: dict[str, Any] = msgspec.to_builtins(_as_dict(value))
    return row


def struct_of(kind: type[T], row: dict[str, Any]) -> T:
    """Return a `kind` from the columns that it names; columns of a later release are ignored. Raises msgspec.ValidationError."""
    return kind(**{name: msgspec.convert(row[name], annotation) for name, annotation in _fields(kind) if name in row})


def _way_text(way: Way | None) -> str | None:
    """As an object with names, though it travels as an array: the ledger outlives releases, and is read by people."""
    return None if way is None else msgspec.json.encode(_as_dict(way)).decode()


def _way_of(text: str | None) -> Way | None:
    """What a later release appended is not among our fields, what an earlier one did not know yet has its default."""
    return None if text is None else struct_of(Way, msgspec.json.decode(text))


@cache
def _fields(kind: Hashable) -> tuple[tuple[str, Any], ...]:
    """Field by field, because a message that travels as an array cannot be made from a mapping at once."""
    return tuple((field.name, field.type) for field in msgspec.structs.fields(cast("type[msgspec.Struct]", kind)))


def _as_dict(value: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}
