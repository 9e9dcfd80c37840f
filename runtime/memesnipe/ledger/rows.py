"""Between messages and rows: one function each way, so that a column is named in one place."""

from typing import Any, TypeVar

import msgspec

from memesnipe.messages.orders import Fill, Rejection

T = TypeVar("T", bound=msgspec.Struct)


def fill_row(fill: Fill) -> dict[str, Any]:
    """Return a fill as a row of `fills`."""
    row: dict[str, Any] = msgspec.to_builtins(_as_dict(fill))
    del row["schema"]
    return {**row, "exit_cause": row["exit_cause"] or ""}


def fill_of(row: dict[str, Any]) -> Fill:
    """Return the fill in a row."""
    known = {name: row[name] for name in Fill.__struct_fields__ if name in row}
    return Fill(**{name: _plain(Fill, name, value) for name, value in known.items()})


def rejection_row(rejection: Rejection) -> dict[str, Any]:
    """Return a rejection as a row of `rejections`."""
    row: dict[str, Any] = msgspec.to_builtins(_as_dict(rejection))
    del row["schema"]
    return row


def struct_row(value: msgspec.Struct) -> dict[str, Any]:
    """Return a struct whose fields are columns as a row."""
    row: dict[str, Any] = msgspec.to_builtins(_as_dict(value))
    return row


def struct_of(kind: type[T], row: dict[str, Any]) -> T:
    """Return a `kind` from the columns that it names; columns of a later release are ignored."""
    return msgspec.convert({name: row[name] for name in kind.__struct_fields__ if name in row}, kind)


def _as_dict(value: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}


def _plain(kind: type[msgspec.Struct], name: str, value: Any) -> Any:
    if name == "exit_cause" and not value:
        return None
    field = next(f for f in msgspec.structs.fields(kind) if f.name == name)
    return msgspec.convert(value, field.type)
