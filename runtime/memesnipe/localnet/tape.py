"""Reading a recording for the pools to be moved by: Parquet columns in, recorded slots out, all checked before the first is played.

The format is the one of docs/reference/recordings.md. Only its columns are read, never its payload: the localnet shares no code with the
clients it tests, so that a mistake in the product's reader shows here instead of cancelling out.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Meta
from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.kernel.errors import ConfigError
from memesnipe.localnet.pools import Kind, Side

VERSION_KEY = b"memesnipe.recording"
VERSION_MAX = 1
ROWS_MAX = 1_000_000
"""Held in memory, some 500 bytes each. A recorder starts a new file at 200,000."""
CURVE_VENUE = "pumpfun"
TYPES = {
    "kind": pa.string(),
    "slot": pa.int64(),
    "mint": pa.string(),
    "venue": pa.string(),
    "quote_lamports": pa.int64(),
    "base_units": pa.int64(),
    "decimals": pa.int8(),
    "trade_side": pa.string(),
    "trade_lamports": pa.int64(),
    "trade_units": pa.int64(),
    "fee_bps": pa.int32(),
}
Reserve = Annotated[int, Meta(gt=0)]
Amount = Annotated[int, Meta(ge=0)]


class Row(msgspec.Struct, frozen=True, gc=False):
    """A launch, or a price with the trade behind it. Reserves are those AFTER it, virtual ones on a curve; amounts are without fees."""

    kind: Literal["launch", "price"]
    slot: Amount
    mint: str
    venue: str
    quote_lamports: Reserve
    base_units: Reserve
    decimals: Annotated[int, Meta(ge=0, le=18)]
    trade_side: Side | None
    trade_lamports: Amount | None
    trade_units: Amount | None
    fee_bps: Annotated[int, Meta(ge=0, le=programs.BPS)] | None

    @property
    def pool_kind(self) -> Kind:
        """The kind of pool that stands for the venue: pump.fun's curve, or a constant product for every other."""
        return "bonding_curve" if self.venue == CURVE_VENUE else "constant_product"


@dataclass(frozen=True, slots=True)
class Tape:
    """A recording to play: the rows of each recorded slot, by slot. `identity` is of the file's bytes and fits SQLite's integer."""

    identity: int
    slots: tuple[tuple[Row, ...], ...]
    rows_left_out: int

    def gap(self, at: int) -> int:
        """Recorded slots between the `at`-th slot that holds something and the one before it."""
        return self.slots[at][0].slot - self.slots[at - 1][0].slot


def read(path: Path) -> Tape:
    """Read and check a whole recording. Raises ConfigError naming the file and what is wrong with it."""
    try:
        with path.open("rb") as file:
            identity = int.from_bytes(hashlib.file_digest(file, "sha256").digest()[:7], "big") + 1
        rows = list(_rows(path))
    except (pa.ArrowException, OSError, ValueError) as error:  # ValueError: what is not a recording, and how Arrow calls torn data
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(f"--recording: {path}: {reason}") from error
    played = list(_playable(rows))
    slots = tuple(tuple(held) for _, held in groupby(played, lambda row: row.slot))
    return Tape(identity, slots, len(rows) - len(played))


def _rows(path: Path) -> Iterator[Row]:
    """Launches and prices in the order they happened: a launch is recorded only once its token was checked, after its first trades."""
    found = sorted(_checked(path), key=lambda row: (row.slot, row.kind != "launch"))
    if not found:
        raise ValueError("it holds no launch and no price, so there is nothing to play")
    yield from found


def _checked(path: Path) -> Iterator[Row]:
    mints: set[str] = set()
    number = 0
    with pq.ParquetFile(path) as file:
        _check_schema(file)
        for batch in file.iter_batches(columns=list(TYPES)):
            batch.validate(full=True)
            for raw in batch.to_pylist():
                number += 1
                if raw["kind"] in ("launch", "price"):
                    yield _row(number, raw, mints)


def _check_schema(file: Any) -> None:
    metadata: dict[bytes, bytes] = file.schema_arrow.metadata or {}
    version = metadata.get(VERSION_KEY, b"").decode(errors="replace")
    if not (version.isdecimal() and 1 <= int(version) <= VERSION_MAX):
        raise ValueError(f"its metadata says recording version {version or 'nothing'}, and 1 to {VERSION_MAX} can be played")
    for name, kind in TYPES.items():
        found = file.schema_arrow.field(name).type if name in file.schema_arrow.names else "missing"
        if found != kind:
            raise ValueError(f"column {name} is {found}, not {kind}")
    if file.metadata.num_rows > ROWS_MAX:
        raise ValueError(f"{file.metadata.num_rows} rows are more than the {ROWS_MAX} that are played")


def _row(number: int, raw: dict[str, Any], mints: set[str]) -> Row:
    """Check one row; `mints` are those already known to be addresses."""
    try:
        row = msgspec.convert(raw, Row)
        if row.mint not in mints:
            Pubkey.from_string(row.mint)
            mints.add(row.mint)
    except msgspec.ValidationError as error:
        raise ValueError(f"row {number}: {error}") from error
    except ValueError as error:
        raise ValueError(f"row {number}: mint {raw['mint']} is no address: {error}") from error
    return row


def _playable(rows: Iterable[Row]) -> Iterator[Row]:
    """A mint has one pool, of the venue that is recorded first; what other venues said of it, and prices of SOL itself, are left out."""
    venues: dict[str, str] = {}
    for row in rows:
        if row.mint != programs.WRAPPED_SOL_MINT and venues.setdefault(row.mint, row.venue) == row.venue:
            yield row
