"""What was seen survives the death of the process that saw it."""

from pathlib import Path

from memesnipe.market import recording
from memesnipe.market.recorder import Recorder
from memesnipe.messages.market import PriceTick

MINT = "8gQkv453h8zzwBNDvJdtVo74DYX5kqAAog1tdHNypump"
NOW = 1_757_812_456 * 10**9
S = 10**9


def ticks(first: int, count: int) -> list[PriceTick]:
    return [PriceTick(f"t{n}", NOW + n, n, MINT, "pumpfun", 30 * 10**9, 10**15, 6) for n in range(first, first + count)]


def test_events_come_back_in_order_over_rotated_files(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, rows_max=10, flush_s=0)

    for n in range(35):
        recorder.add(ticks(n, 1), NOW + n * S)
    recorder.close(NOW + 99 * S)

    assert len(list(tmp_path.glob("*.parquet"))) == 4
    assert list(recording.read(tmp_path)) == ticks(0, 35)


def test_a_killed_recorder_loses_nothing_that_was_flushed(tmp_path: Path) -> None:
    dead = Recorder(tmp_path, flush_s=0)
    dead.add(ticks(0, 5), NOW)
    left = next(tmp_path.glob("*.arrows"))
    left.write_bytes(left.read_bytes() + b"\xff\xff\xff\xff torn")

    Recorder(tmp_path)

    assert list(tmp_path.glob("*.arrows")) == []
    assert list(recording.read(tmp_path)) == ticks(0, 5)


def test_an_open_file_can_be_read_while_it_grows(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, flush_s=0)

    recorder.add(ticks(0, 3), NOW)

    assert list(recording.read(tmp_path)) == ticks(0, 3)


def test_a_quiet_feed_is_flushed_after_the_interval(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, flush_s=2)
    recorder.add([], NOW)
    recorder.add(ticks(0, 1), NOW + S)
    assert list(tmp_path.iterdir()) == []

    recorder.add([], NOW + 3 * S)

    assert list(recording.read(tmp_path)) == ticks(0, 1)


def test_a_file_that_nobody_can_read_is_kept_aside(tmp_path: Path) -> None:
    (tmp_path / "1.arrows").write_bytes(b"")

    Recorder(tmp_path).close(NOW)

    assert not list(tmp_path.glob("*.arrows"))
