"""Our own two contenders: the backtest as it ships, and a loop that does nothing but await the same strategy.

    python tests/bench/parts/ours.py engine|bare FOLDER BAND_BPS

The recording is read batch by batch while the run goes on, as a backtest does; the clock stands still meanwhile. `read_s` is that time.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from pathlib import Path

from cross import RECORDING, Cross, CrossParameters  # type: ignore[import-not-found,unused-ignore]  # beside this file
from measured import tell  # type: ignore[import-not-found,unused-ignore]  # beside this file, which is run as a script

from memesnipe.executor.book import Book, BookView
from memesnipe.guard.paper import Terms
from memesnipe.market import recording_batches
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import StrategyConfig
from memesnipe.messages.market import MarketEvent
from memesnipe.research.backtest.engine import Costs, Engine
from memesnipe.research.backtest.market import Market
from memesnipe.research.backtest.setup import Setup
from memesnipe.research.backtest.strategies import SilentMeter
from memesnipe.strategy.loading import Plugin
from memesnipe.strategy.spec import StrategySpec
from memesnipe.testing.builders import SOL, SPEC_HASH, a_config, limits

CAPITAL_LAMPORTS = 10**6 * SOL
TERMS = Terms(seed=7, slots_max=2, failure_bps=200, timeout_ns=10 * 10**9, fee_lamports=25_000, tip_lamports=10_000)


class Reading:
    """A recording's batches, and how long it took to read them (seconds of a processor)."""

    def __init__(self, path: Path) -> None:
        self._path, self.seconds, self.events = path, 0.0, 0

    def batches(self) -> Iterator[Iterable[MarketEvent]]:
        """Yield each batch once it is whole."""
        batches, began = recording_batches.batches(self._path), time.process_time()
        for batch in map(list, batches):
            self.events += len(batch)
            self.seconds += time.process_time() - began
            yield batch
            began = time.process_time()


def setup_of(band_bps: int) -> Setup:
    """Return the cross with every check in force and limits that none of its orders reaches: one that is refused costs less."""
    wide = {name: CAPITAL_LAMPORTS for name in limits().__struct_fields__ if name.endswith("_lamports_max")}
    costs = {"priority_fee_lamports_max": 10**6, "tip_lamports_max": 10**6}
    roomy = limits(**wide | costs, open_positions_max=2**40, orders_per_minute_max=2**40)
    config = a_config(StrategyConfig("cross", "cross", SPEC_HASH, Mode.PAPER), limits=roomy, capital_lamports=CAPITAL_LAMPORTS)
    spec = StrategySpec("cross", "cross", SPEC_HASH, {"band_bps": band_bps})
    return Setup(config, (spec,), {"cross": Plugin("cross", Cross, Path(__file__))}, {"cross": CAPITAL_LAMPORTS})


def engine(reading: Reading, band_bps: int) -> int:
    """Run the backtest; return the number of orders."""
    run = Engine(setup_of(band_bps), Costs(TERMS, CAPITAL_LAMPORTS))
    market = Market("ticks", "", 0, lambda: zip(chain.from_iterable(reading.batches()), repeat(True), strict=False))
    return len(run.run(market).intents)


def bare(reading: Reading, band_bps: int) -> int:
    """Await the strategy for each event, and do nothing with its answers; return how many there were."""
    strategy, answers = Cross(), 0
    strategy.init(CrossParameters(band_bps=band_bps), BookView(Book(capital_lamports=CAPITAL_LAMPORTS)), SilentMeter())

    async def listen() -> None:
        nonlocal answers
        for event in chain.from_iterable(reading.batches()):
            if await strategy.on_event(event) is not None:
                answers += 1

    try:
        listen().send(None)
    except StopIteration:
        return answers
    raise RuntimeError("the strategy waited")


def main() -> None:
    """Run one of the two."""
    who, folder, band_bps = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    reading = Reading(folder / RECORDING)
    began = time.process_time()
    orders = (engine if who == "engine" else bare)(reading, band_bps)
    work_s = time.process_time() - began - reading.seconds
    tell(reading.events, work_s, orders, read_s=reading.seconds, with_reading_per_s=reading.events / (work_s + reading.seconds))


if __name__ == "__main__":
    main()
