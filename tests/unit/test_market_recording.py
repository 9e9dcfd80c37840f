"""A recording gives back what went in, and a torn or foreign file never breaks a reader."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from memesnipe.kernel.errors import BadInput
from memesnipe.market import recording
from memesnipe.messages.bounds import Side
from memesnipe.messages.market import BridgeTransfer, DepthLevel, DepthQuote, Launch, MarketEvent, PriceTick, SocialPost

MINT = "8gQkv453h8zzwBNDvJdtVo74DYX5kqAAog1tdHNypump"
NOW = 1_757_812_456 * 10**9
EVENTS: list[MarketEvent] = [
    Launch("l1", NOW, 1, MINT, MINT, "pumpfun", "TKN", "Token", 6, 30 * 10**9, 10**15, extensions=("transferHook",), top_holder_bps=3),
    PriceTick("p1", NOW, 1, MINT, "pumpfun", 30 * 10**9, 10**15, 6, Side.BUY, 5, 7, 125),
    DepthQuote("d1", NOW, 2, MINT, "pumpfun", 1, 2, (DepthLevel(10, 20, 30),), 125),
    SocialPost("s1", NOW, "bluesky", "someone", "buy", (MINT,)),
    BridgeTransfer("b1", NOW, "wormhole", "ethereum", "solana", "USDC", 5),
]


def test_every_kind_of_event_comes_back_as_it_was(tmp_path: Path) -> None:
    recording.write(tmp_path / "a.parquet", EVENTS)

    assert list(recording.read(tmp_path / "a.parquet")) == EVENTS


def test_research_sees_the_facts_as_columns(tmp_path: Path) -> None:
    recording.write(tmp_path / "a.parquet", EVENTS)

    table = pq.read_table(tmp_path / "a.parquet").to_pylist()
    assert [row["kind"] for row in table] == ["launch", "price", "depth", "social", "bridge"]
    assert (table[1]["quote_lamports"], table[1]["base_units"], table[1]["trade_side"]) == (30 * 10**9, 10**15, "buy")


def test_a_torn_stream_gives_every_whole_batch(tmp_path: Path) -> None:
    whole = tmp_path / "whole.arrows"
    with pa.OSFile(str(whole), "wb") as sink, pa.ipc.new_stream(sink, recording.schema()) as writer:
        for event in EVENTS:
            writer.write_batch(recording.batch_of([event], recording.schema()))
    raw = whole.read_bytes()

    for cut in range(0, len(raw), 97):
        torn = tmp_path / "torn.arrows"
        torn.write_bytes(raw[:cut])
        assert list(recording.read(torn)) == EVENTS[: len(list(recording.read(torn)))]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not parquet at all", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(content)

    with pytest.raises(BadInput, match="recording"):
        list(recording.read(path))


def test_a_parquet_file_of_someone_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": [1]}), path)

    with pytest.raises(BadInput, match="schema version missing"):
        list(recording.read(path))


def test_a_missing_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no recording at"):
        list(recording.read(tmp_path / "none.parquet"))
