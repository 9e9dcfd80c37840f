"""Writes what the consumers see to disk while it happens, so that any day can be replayed.

The open file is an Arrow IPC stream, flushed every few seconds: a killed process loses at most the rows since. Rotation turns it into
Parquet (temporary name, fsync, rename) and removes the stream; what a crash left behind is rotated at the next start.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput
from memesnipe.market import recording
from memesnipe.messages.market import MarketEvent


class Recorder:
    """One writer of one folder. Not thread-safe; times are nanoseconds from the caller's clock."""

    def __init__(self, folder: Path, *, rows_max: int = 200_000, rotate_s: int = 3_600, flush_s: int = 2) -> None:
        self._folder = folder
        self._rows_max, self._rotate_ns, self._flush_ns = rows_max, rotate_s * NS_PER_S, flush_s * NS_PER_S
        self._held: list[MarketEvent] = []
        self._writer: Any = None
        self._sink: Any = None
        self._open: Path | None = None
        self._opened_ns = self._flushed_ns = self._rows = 0
        folder.mkdir(parents=True, exist_ok=True)
        for left in sorted(folder.glob("*.arrows")):
            finish(left)

    def add(self, events: Sequence[MarketEvent], now_ns: int) -> None:
        """Take events; flush and rotate when it is time."""
        self._held.extend(events)
        if len(self._held) >= recording.BATCH_ROWS or now_ns - self._flushed_ns >= self._flush_ns:
            self.flush(now_ns)
        if self._open and (self._rows >= self._rows_max or now_ns - self._opened_ns >= self._rotate_ns):
            self.rotate()

    def flush(self, now_ns: int) -> None:
        """Hand what is held to the operating system."""
        self._flushed_ns = now_ns
        if not self._held:
            return
        if self._open is None:
            self._start(now_ns)
        self._writer.write_batch(recording.batch_of(self._held, recording.schema(_METADATA)))
        self._sink.flush()
        self._rows += len(self._held)
        self._held = []

    def rotate(self) -> None:
        """Close the open file and leave a Parquet file in its place."""
        if self._open is None:
            return
        self._writer.close()
        self._sink.close()
        finish(self._open)
        self._open, self._rows = None, 0

    def close(self, now_ns: int) -> None:
        """Write everything out; the last thing a service does."""
        self.flush(now_ns)
        self.rotate()

    def _start(self, now_ns: int) -> None:
        self._open, self._opened_ns = self._folder / f"{now_ns}.arrows", now_ns
        self._sink = pa.OSFile(str(self._open), "wb")
        self._writer = pa.ipc.new_stream(self._sink, recording.schema(_METADATA))


_METADATA = {"source": "recorder"}


def finish(stream: Path) -> None:
    """Turn a stream file into Parquet beside it and remove it. An empty or torn one gives what was whole; an unreadable one stays."""
    try:
        recording.write(stream.with_suffix(".parquet"), list(recording.read(stream)), _METADATA)
    except BadInput:
        stream.replace(stream.with_suffix(".unreadable"))
        return
    stream.unlink()
