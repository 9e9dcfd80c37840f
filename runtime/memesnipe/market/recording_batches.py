"""Recordings for whoever reads millions of events: a batch at a time, prices made from their columns.

To decode a price from its payload costs four times what it costs to take it from the columns, which hold the same facts. The bounds that
a decoder checks of each event are checked here of each column; a batch that does not keep them is decoded from its payload, by which
it is refused as it is everywhere else.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from memesnipe.market import recording
from memesnipe.messages.market import MarketEvent, PriceTick

pc: Any = pyarrow.compute
"""Its functions are made at import, where no type checker sees them."""
FIELDS = PriceTick.__struct_fields__[:-1]
"""Columns of a price, in the order of its fields; the last field is the message's schema."""
_TYPES = get_type_hints(PriceTick, include_extras=True)
TEXTS = ("mint", "venue", "trade_side")
"""Few values that come again and again: read as a dictionary."""
NUMBERS = tuple(name for name in FIELDS if name not in (*TEXTS, "event_id"))
PRICE = "price"


def _is(kind: Any, value: object) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


_ID_BYTES = bytes(byte for byte in range(128) if _is(_TYPES["event_id"], chr(byte)))


def events(path: Path) -> Iterator[MarketEvent]:
    """Yield what `recording.read` yields: the events of a file, or of a folder's files by name. Raises BadInput as that does."""
    return chain.from_iterable(batches(path))


def batches(path: Path) -> Iterator[Iterable[MarketEvent]]:
    """Yield the same in the batches in which they were written."""
    for file in recording.files_of(path):
        if file.suffix == ".parquet":
            yield from _parquet(file)
        else:
            yield recording.read(file)


def _parquet(path: Path) -> Iterator[Iterable[MarketEvent]]:
    recording.metadata_of(path)
    with pq.ParquetFile(path, read_dictionary=[*TEXTS, "kind"]) as file:
        for number in range(file.metadata.num_row_groups):
            yield _of_group(file, number) or _decoded(_read(file, number, ["payload"]))


def _of_group(file: Any, number: int) -> Sequence[MarketEvent] | None:
    """Return a group's events by their columns; None where they cannot be trusted, or are too many at once."""
    group = file.metadata.row_group(number)
    if not 0 < group.num_rows <= recording.BATCH_ROWS:
        return None
    if _has_prices_only(group):
        return _prices(_read(file, number, FIELDS))
    batch = _read(file, number, [*FIELDS, "kind", "payload"])
    is_price = pc.equal(batch.column("kind").cast(pa.string()), PRICE)
    prices, rest = _prices(batch.filter(is_price)), _decoded(batch.filter(pc.invert(is_price)))
    if prices is None:
        return None
    from_prices, from_rest = iter(prices), iter(rest)
    return [next(from_prices if here else from_rest) for here in is_price.to_pylist()]


def _has_prices_only(group: Any) -> bool:
    """Ask the file's own statistics: then the payload, which is half of a recording, need not be read."""
    kind = next(group.column(at) for at in range(group.num_columns) if group.column(at).path_in_schema == "kind")
    told = kind.statistics
    return told is not None and told.has_min_max and told.null_count == 0 and (told.min, told.max) == (PRICE, PRICE)


def _read(file: Any, number: int, columns: Sequence[str]) -> Any:
    batches = file.iter_batches(file.metadata.row_group(number).num_rows, row_groups=[number], columns=columns, use_threads=False)
    return next(iter(batches))


def _decoded(batch: Any) -> list[MarketEvent]:
    return list(recording.events_of(batch))


def _prices(batch: Any) -> list[PriceTick] | None:
    """Return one price a row; None where a column does not keep the bounds of its field."""
    ids = _ids(batch.column("event_id"))
    texts = [_texts(name, batch.column(name)) for name in TEXTS]
    if ids is None or None in texts or not all(_within(name, batch.column(name)) for name in NUMBERS):
        return None
    columns = {"event_id": ids, **dict(zip(TEXTS, texts, strict=True)), **{name: batch.column(name).to_pylist() for name in NUMBERS}}
    return list(map(PriceTick, *(columns[name] for name in FIELDS)))


def _within(name: str, column: Any) -> bool:
    """Bounds are intervals: where the least and the greatest keep them, all do."""
    if column.null_count or not len(column):
        return not len(column)
    ends = pc.min_max(column).as_py()
    return _is(_TYPES[name], ends["min"]) and _is(_TYPES[name], ends["max"])


def _ids(column: Any) -> list[str] | None:
    """An id is bounded in its length and in its characters, so it is enough to look at all of them at once."""
    ids: list[str] = column.to_pylist()
    if column.null_count or "".join(ids).encode().translate(None, _ID_BYTES):
        return None
    by_length = (min(ids, key=len), max(ids, key=len)) if ids else ()
    return ids if all(_is(_TYPES["event_id"], one) for one in by_length) else None


def _texts(name: str, column: Any) -> list[Any] | None:
    values = dict(enumerate(column.dictionary.to_pylist()))
    if not all(_is(_TYPES[name], value) for value in values.values()) or (column.null_count and not _is(_TYPES[name], None)):
        return None
    meant = {at: msgspec.convert(value, _TYPES[name]) for at, value in values.items()} | {None: None}
    return list(map(meant.__getitem__, column.indices.to_pylist()))
