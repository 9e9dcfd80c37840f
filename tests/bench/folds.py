"""A search's trials on two processes beside one, in one interleaved run: the real engine, the real registry, the shipped momentum.

    python tests/bench/folds.py [--rounds 5] [--trials 16] [--events 40000]

What both pay: registering, a run of the engine for each trial, an outcome written as it comes. What only two pay: tasks and returns over
pipes, and two processes that share a memory bus. Starting the processes is not counted: a search takes minutes, the start a second.
Asserts nothing; the machine is shared, so read the ratios.
"""

import argparse
import os
import statistics
import tempfile
import time
from functools import partial
from itertools import islice
from pathlib import Path

from memesnipe.kernel.clock import SystemClock
from memesnipe.market import recording
from memesnipe.research.backtest.engine import Costs
from memesnipe.research.backtest.market import open_market
from memesnipe.research.backtest.setup import documents_in, manifests_of
from memesnipe.research.trials.registry import Registry
from memesnipe.research.trials.search import Spread, search
from memesnipe.research.trials.spread import spread_of
from memesnipe.research.trials.tables import open_research
from memesnipe.research.trials.values import Trial
from memesnipe.research.walk.engine_code import run_code
from memesnipe.research.walk.ground import Ground, MarketFile, whole
from memesnipe.research.walk.identity import study_of
from memesnipe.research.walk.study import earned
from memesnipe.testing.builders import SOL
from memesnipe.testing.stacks import ROOT
from memesnipe.testing.studies import TERMS
from memesnipe.testing.tapes import PHASES, a_tape

PERIOD_S = 3_600
PROCESSES = 2
GOAL = 1.75


def a_ground(folder: Path, events: int) -> Ground:
    """Write a market of so many events, and return it with the momentum that ships."""
    market = folder / "tape.parquet"
    recording.write(market, islice(a_tape(16, PHASES * (events // 180 + 1)), events))
    manifest = ROOT / "strategies" / "memesnipe_strategies" / "momentum.yaml"
    file = MarketFile(path=market, sha256=open_market(market).sha256)
    return Ground(market=file, manifests=manifests_of(documents_in([manifest])), costs=Costs(TERMS, SOL), code=run_code("momentum", ()))


def searched(ground: Ground, trials: int, spread: Spread, database: Path) -> float:
    """Return how long a whole search takes (s), in a database of its own."""
    registry, study = Registry(open_research(f"sqlite:///{database}"), SystemClock()), study_of(ground, PERIOD_S, "bench")
    tried = [Trial(study=study, parameters=whole(ground, {"breakout_bps": 300 + 10 * number}), seed=7) for number in range(trials)]
    began = time.perf_counter()
    outcomes = search(registry, study, tried, partial(earned, ground, PERIOD_S), spread)
    seconds = time.perf_counter() - began
    if len(outcomes) != trials:
        raise RuntimeError(f"{len(outcomes)} of {trials} trials have an outcome")
    return seconds


def _round(ground: Ground, trials: int, spreads: dict[int, Spread], name: Path) -> float:
    took = {processes: searched(ground, trials, spread, name.with_suffix(f".{processes}")) for processes, spread in spreads.items()}
    one, two = took[1], took[PROCESSES]
    print(f"1 process {one:6.2f} s, {PROCESSES} processes {two:6.2f} s, ratio {one / two:.2f}, load average {os.getloadavg()[0]:.1f}")
    return one / two


def main() -> None:
    """Warm both, run them in turn, print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--events", type=int, default=40_000)
    asked = parser.parse_args()
    spreads = {1: spread_of(1), PROCESSES: spread_of(PROCESSES)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ground = a_ground(folder, asked.events)
        for processes, spread in spreads.items():  # each worker reads the market once
            searched(ground, 2 * PROCESSES, spread, folder / f"warm{processes}.db")
        ratios = [_round(ground, asked.trials, spreads, folder / str(number)) for number in range(asked.rounds)]
    print(f"median ratio {statistics.median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f}), goal {GOAL}")


if __name__ == "__main__":
    main()
