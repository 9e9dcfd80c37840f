"""What a backtest runs on, whatever its kind: a recording of events, or a file of candles. Read again for each run, never held whole."""

from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path

import msgspec
import pyarrow.parquet as pq

from memesnipe.chain.programs import LAMPORTS_PER_SOL
from memesnipe.kernel.errors import ConfigError
from memesnipe.market import recording, recording_batches
from memesnipe.messages.market import MarketEvent
from memesnipe.research.backtest import candles

CANDLES = ".feather"
DEPTH_LAMPORTS = 1_000 * LAMPORTS_PER_SOL
"""Of the pool that candles are played on, on its SOL side."""


class Market(msgspec.Struct, frozen=True):
    """A market that can be gone through any number of times, each time the same."""

    name: str
    sha256: str
    """Of the file: what the result is evidence about."""
    count: int
    """How many events; 0 where it is not known before they are read."""
    events: Callable[[], Iterator[tuple[MarketEvent, bool]]]
    """Yields (event, whether strategies hear it)."""


def open_market(path: Path, *, depth_lamports: int = DEPTH_LAMPORTS, quote: Path | None = None) -> Market:
    """Return the market in a file. `depth_lamports` and `quote` (SOL's candles) are for candles alone. Raises ConfigError, BadInput."""
    if not path.exists():
        raise ConfigError(f"{path} does not exist")
    if path.suffix == ".csv":
        raise ConfigError(f"convert it first: memesnipe import pumpfun-csv {path} {path.stem}.parquet")
    return _of_candles(path, depth_lamports, quote) if path.suffix == CANDLES else _of_recording(path)


def of_events(events: list[MarketEvent], name: str = "events") -> Market:
    """Return a market of events in memory; strategies hear all of them."""
    return Market(name, "", len(events), lambda: zip(events, repeat(True), strict=False))


def _of_recording(path: Path) -> Market:
    files = recording.files_of(path)
    count = sum(pq.read_metadata(file).num_rows for file in files if file.suffix == ".parquet")
    digest = ",".join(recording.sha256_of(file) for file in files)
    return Market(path.name, digest, count, lambda: zip(recording_batches.events(path), repeat(True), strict=False))


def _of_candles(path: Path, depth_lamports: int, quote: Path | None) -> Market:
    rows = candles.read(path)
    if quote is not None:
        rows = candles.quoted_in(rows, candles.read(quote))
    digest = ",".join(recording.sha256_of(file) for file in (path, quote) if file is not None)

    def events() -> Iterator[tuple[MarketEvent, bool]]:
        return ((moment.tick, moment.heard) for moment in candles.moments(rows, path.stem, depth_lamports))

    return Market(path.stem, digest, candles.PRICES * len(rows), events)
