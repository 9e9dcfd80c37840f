"""Recordings: market events in Parquet, one schema for what we recorded, what we imported and what research reads.

`payload` (msgpack) is the event itself and what a replay reads; the other columns are the same facts laid out for research. While a
file is being recorded it is an Arrow IPC stream (`*.arrows`), readable up to its last whole batch however the process died; a finished
file is Parquet, written beside its place and renamed into it. The same events always give the same bytes. See docs/reference/recordings.md.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from memesnipe.kernel.errors import BadInput
from memesnipe.messages import codec
from memesnipe.messages.market import DepthQuote, Launch, MarketEvent, PriceTick, SocialPost

SCHEMA_VERSION = 1
BATCH_ROWS = 4_096
VERSION_KEY = b"memesnipe.recording"
IMPORT_REPORT = "import_report"
"""Metadata of an import: its whole report as text, so that a replay can state how far its own input was checked."""

_COLUMNS: tuple[tuple[str, Any], ...] = (
    ("kind", pa.string()),
    ("event_id", pa.string()),
    ("time_ns", pa.int64()),
    ("slot", pa.int64()),
    ("mint", pa.string()),
    ("venue", pa.string()),
    ("quote_lamports", pa.int64()),
    ("base_units", pa.int64()),
    ("decimals", pa.int8()),
    ("trade_side", pa.string()),
    ("trade_lamports", pa.int64()),
    ("trade_units", pa.int64()),
    ("fee_bps", pa.int32()),
    ("payload", pa.binary()),
)


def schema(metadata: Mapping[str, str] | None = None) -> Any:
    """Return the Arrow schema with the recording's metadata (schema version, source, sha256 of the source)."""
    extra = {key.encode(): value.encode() for key, value in sorted((metadata or {}).items())}
    return pa.schema(_COLUMNS, metadata={VERSION_KEY: str(SCHEMA_VERSION).encode(), **extra})


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def kind_of(event: MarketEvent) -> str:
    """Return the event's tag: price, depth, launch, social or bridge."""
    return str(type(event).__struct_config__.tag)


def batch_of(events: Sequence[MarketEvent], arrow_schema: Any) -> Any:
    """Return an Arrow record batch with one row an event."""
    rows = [_row(event) for event in events]
    return pa.RecordBatch.from_pylist(rows, schema=arrow_schema)


def write(path: Path, events: Iterable[MarketEvent], metadata: Mapping[str, str] | None = None) -> int:
    """Write events to a Parquet file, whole or not at all; return how many."""
    part, count, arrow_schema = path.with_name(path.name + ".part"), 0, schema(metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(part, arrow_schema, compression="zstd") as writer:
        for chunk in _chunks(events):
            writer.write_batch(batch_of(chunk, arrow_schema))
            count += len(chunk)
    settle(part, path)
    return count


def settle(part: Path, path: Path) -> None:
    """Make a finished temporary file durable under its real name."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read(path: Path) -> Iterator[MarketEvent]:
    """Yield the events of a file, or of a folder's files by name. Raises BadInput on what is not a recording of ours."""
    for file in files_of(path):
        yield from _torn_tolerant(file) if file.suffix == ".arrows" else _parquet(file)


def files_of(path: Path) -> list[Path]:
    """Return the recording files behind a path, in order. Raises BadInput when there are none."""
    found = sorted((*path.glob("*.parquet"), *path.glob("*.arrows"))) if path.is_dir() else [path]
    if not found or not found[0].exists():
        raise BadInput("recording", f"no recording at {path}")
    return found


def metadata_of(path: Path) -> dict[str, str]:
    """Return a Parquet recording's metadata. Raises BadInput if it is not one of ours."""
    try:
        raw: dict[bytes, bytes] = pq.read_schema(path).metadata or {}
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput("recording", f"{path}: {error}") from None
    _check_version(path, raw)
    return {key.decode(): value.decode() for key, value in raw.items() if not key.startswith(b"ARROW")}


def _parquet(path: Path) -> Iterator[MarketEvent]:
    metadata_of(path)
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=["payload"]):
            yield from events_of(batch)


def _torn_tolerant(path: Path) -> Iterator[MarketEvent]:
    """Yield the events of every whole batch of a file whose writer may have died at any byte."""
    try:
        with pa.ipc.open_stream(path.read_bytes()) as stream:
            _check_version(path, stream.schema.metadata or {})
            for batch in stream:
                yield from events_of(batch)
    except (pa.ArrowInvalid, OSError, StopIteration):
        return


def events_of(batch: Any) -> Iterator[MarketEvent]:
    """Yield the events of an Arrow batch, by its payload. Raises BadInput on one that is not within its bounds."""
    for raw in batch.column("payload").to_pylist():
        yield codec.decode(MarketEvent, raw)  # type: ignore[arg-type]  # a union is a type to msgspec


def _check_version(path: Path, metadata: Mapping[bytes, bytes]) -> None:
    found = metadata.get(VERSION_KEY, b"").decode()
    if not (found.isdigit() and 1 <= int(found) <= SCHEMA_VERSION):
        raise BadInput("recording", f"{path}: schema version {found or 'missing'}, not 1..{SCHEMA_VERSION}")


def _chunks(events: Iterable[MarketEvent]) -> Iterator[list[MarketEvent]]:
    chunk: list[MarketEvent] = []
    for event in events:
        chunk.append(event)
        if len(chunk) == BATCH_ROWS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _row(event: MarketEvent) -> dict[str, Any]:
    row: dict[str, Any] = {"kind": kind_of(event), "event_id": event.event_id, "time_ns": event.time_ns, "payload": codec.encode(event)}
    if isinstance(event, PriceTick | DepthQuote | Launch):
        row |= {"slot": event.slot, "mint": event.mint, "venue": event.venue}
    if isinstance(event, PriceTick | Launch):
        row |= {"quote_lamports": event.quote_lamports, "base_units": event.base_units, "decimals": event.decimals}
    if isinstance(event, PriceTick):
        side = event.trade_side.value if event.trade_side else None
        row |= {"trade_side": side, "trade_lamports": event.trade_lamports, "trade_units": event.trade_units, "fee_bps": event.fee_bps}
    if isinstance(event, DepthQuote):
        row |= {"quote_lamports": event.reserve_lamports, "base_units": event.reserve_units, "fee_bps": event.fee_bps}
    if isinstance(event, SocialPost):
        row |= {"mint": event.mints[0] if event.mints else None, "venue": event.source}
    return row
