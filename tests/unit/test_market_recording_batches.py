"""Reading by columns gives what reading by payload gives, event by event, and refuses what that refuses."""

import random
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from memesnipe.kernel.errors import BadInput
from memesnipe.market import recording, recording_batches
from memesnipe.messages.market import BridgeTransfer, MarketEvent, PriceTick, SocialPost
from memesnipe.testing.builders import MINT, OTHER_MINT, START_NS, a_tick
from memesnipe.testing.tapes import a_tape

OTHERS: list[MarketEvent] = [
    SocialPost("s1", START_NS, "bluesky", "someone", "buy", (MINT,)),
    BridgeTransfer("b1", START_NS, "wormhole", "ethereum", "solana", "USDC", 5),
]


def a_file(folder: Path, events: list[MarketEvent]) -> Path:
    recording.write(folder / "a.parquet", events)
    return folder / "a.parquet"


def test_every_event_of_every_kind_is_the_same_by_columns_and_by_payload(tmp_path: Path) -> None:
    events = [*a_tape(seed=1), *OTHERS, *(a_tick(event_id=f"n{number}", trade_side=None) for number in range(5_000)), *a_tape(seed=2)]

    path = a_file(tmp_path, events)

    assert list(recording_batches.events(path)) == list(recording.read(path)) == events


def test_a_file_of_prices_alone_is_read_without_its_payload(tmp_path: Path) -> None:
    draw = random.Random(3)
    ticks = [a_tick(event_id=f"n{number}", mint=draw.choice((MINT, OTHER_MINT))) for number in range(9_000)]
    path = a_file(tmp_path, list(ticks))
    table = pq.read_table(path)
    spoilt = table.set_column(table.schema.get_field_index("payload"), "payload", pa.array([b""] * len(table), pa.binary()))
    pq.write_table(spoilt, path, row_group_size=recording.BATCH_ROWS)

    assert list(recording_batches.events(path)) == ticks


@pytest.mark.parametrize(
    ("column", "value"),
    [("quote_lamports", 0), ("base_units", None), ("time_ns", 1), ("event_id", "a b"), ("event_id", ""), ("event_id", "x" * 129),
     ("mint", "O0Il"), ("mint", None), ("venue", "v" * 65), ("trade_side", "hold"), ("decimals", 20), ("fee_bps", 10_001)],
)  # fmt: skip
def test_a_column_out_of_bounds_is_never_taken_for_a_price(tmp_path: Path, column: str, value: object) -> None:
    """The payload decides then: it is what a replay reads."""
    ticks: list[PriceTick] = [a_tick(event_id=f"n{number}") for number in range(10)]
    path = a_file(tmp_path, list(ticks))
    table = pq.read_table(path)
    at = table.schema.get_field_index(column)
    values = [*table.column(at).to_pylist()[:9], value]
    pq.write_table(table.set_column(at, column, pa.array(values, table.schema.field(at).type)), path)

    assert list(recording_batches.events(path)) == ticks


def test_a_payload_out_of_bounds_is_refused(tmp_path: Path) -> None:
    path = a_file(tmp_path, [*OTHERS])
    table = pq.read_table(path)
    broken = msgspec.msgpack.encode(["social", "s 1", START_NS, "bluesky", "someone", "buy"])
    payload = pc.replace_with_mask(table.column("payload").combine_chunks(), pa.array([True, False]), pa.array([broken], pa.binary()))
    pq.write_table(table.set_column(table.schema.get_field_index("payload"), "payload", payload), path)

    with pytest.raises(BadInput):
        list(recording_batches.events(path))
