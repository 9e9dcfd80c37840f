"""The rows of a recorded pump.fun trades CSV: parsed within bounds, or kept as a reject that names its line and field."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from memesnipe.kernel.errors import BadInput
from memesnipe.messages.bounds import Bps, Lamports, PositiveLamports, PositiveUnits, Pubkey, Slot


class State(NamedTuple):
    """A curve's virtual reserves: lamports and token base units."""

    quote_lamports: int
    base_units: int


class Row(msgspec.Struct, frozen=True, gc=False):
    """The columns we use; other columns may come and go. Reserves are the state AFTER the trade. Lamports, base units, bps, seconds."""

    block_time: Annotated[int, Meta(ge=1_500_000_000, le=4_102_444_800)]
    transaction_signature: Annotated[str, Meta(min_length=64, max_length=88, pattern=r"^[1-9A-HJ-NP-Za-km-z]+\Z")]
    block_num: Slot
    token_address: Pubkey
    is_buy: bool
    amount_in_sol: Lamports
    amount_in_token: PositiveUnits
    virtual_sol_reserves: PositiveLamports
    virtual_token_reserves: PositiveUnits
    fee_basis_points: Bps
    fee_amount: Lamports
    creator_address: Pubkey
    creator_fee_basis_points: Bps
    creator_fee_amount: Lamports

    @property
    def after(self) -> State:
        """The state this trade left."""
        return State(self.virtual_sol_reserves, self.virtual_token_reserves)

    @property
    def before(self) -> State:
        """The state this trade must have met, by its own amounts."""
        sign = 1 if self.is_buy else -1
        return State(self.virtual_sol_reserves - sign * self.amount_in_sol, self.virtual_token_reserves + sign * self.amount_in_token)


class Reject(msgspec.Struct, frozen=True):
    """A row that is not used. `line` counts from 1, the header being line 1."""

    line: int
    field: str
    reason: str


def load(path: Path) -> tuple[list[Row], list[Reject]]:
    """Return the usable rows in file order and the rejects. Raises BadInput when the file is no such CSV at all."""
    lines: dict[Row, int] = {}
    rejects: list[Reject] = []
    for line, raw in _lines(path):
        try:
            row = _parse(raw)
        except BadInput as error:
            rejects.append(Reject(line, error.field, error.reason))
            continue
        if lines.setdefault(row, line) != line:
            rejects.append(Reject(line, "transaction_signature", f"the same trade as line {lines[row]}"))
    return list(lines), rejects


def _lines(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        reader = csv.DictReader(file)
        missing = sorted(set(Row.__struct_fields__) - set(reader.fieldnames or ()))
        if missing:
            raise BadInput("header", f"{path}: no column {', '.join(missing)}")
        try:
            for raw in reader:
                yield reader.line_num, raw
        except csv.Error as error:
            raise BadInput("csv", f"{path}: line {reader.line_num}: {error}") from None


def _parse(raw: Mapping[str, str]) -> Row:
    """Return the row within its bounds. Each field is converted by itself, so that an error can name it."""
    row = Row(**{name: _field(name, kind, raw.get(name) or "") for name, kind in _FIELDS})
    if not (row.before.quote_lamports > 0 and row.before.base_units > 0):
        raise BadInput("virtual_sol_reserves", f"the state before the trade would be {tuple(row.before)}")
    return row


_FIELDS = [(field.name, field.type) for field in msgspec.structs.fields(Row)]


def _field(name: str, kind: Any, text: str) -> Any:
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadInput(name, f"{text[:64]!r}: {error}") from None
