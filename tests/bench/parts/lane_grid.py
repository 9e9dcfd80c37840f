"""The compiled lane over a grid of windows: a thread a core; each pair with checks, sizes, delays, failures, fees, stops and a halt.

Counted is everything from columns in memory to the returns of each pair. Compiling (once a machine) and reading are not.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
from cross import RECORDING  # type: ignore[import-not-found,unused-ignore]  # beside this file
from measured import tell  # type: ignore[import-not-found,unused-ignore]  # beside this file, which is run as a script

from memesnipe.guard.service import terms_of
from memesnipe.guard.settings import GuardSettings
from memesnipe.research.backtest.engine import Costs
from memesnipe.research.backtest.market import Market, of_events, open_market
from memesnipe.research.backtest.returns import MINUTE_S
from memesnipe.research.lane.columns import columns_of
from memesnipe.research.lane.fills import require_equal
from memesnipe.research.lane.returns import returns_from
from memesnipe.research.lane.running import ran
from memesnipe.testing.crosses import crossing

FEW = 20_000
"""Prices on which both lanes run before anything is measured: every fill must be the same."""


def main() -> None:
    """Run once; print the numbers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fast", type=int, nargs="+", required=True)
    parser.add_argument("--slow", type=int, nargs="+", required=True)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    settings = GuardSettings()
    costs = Costs(terms_of(settings), settings.guard_trade_size_lamports_max)
    setups = [crossing(fast, slow) for fast, slow in zip(options.fast, options.slow, strict=True)]
    market = open_market(options.folder / RECORDING)
    equal = require_equal(setups[0], costs, _head(market))
    columns = columns_of(market)
    began, began_cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(options.threads) as threads:
        done = list(threads.map(lambda setup: ran(setup, costs, columns, MINUTE_S), setups))
    returns = [returns_from(one) for one in done]
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    tell(columns.events * len(returns), cpu_s, sum(one.intents for one in done), cpu_s=cpu_s, wall_s=wall_s, equal=equal)


def _head(market: Market) -> Market:
    events = [event for (event, _), _ in zip(market.events(), range(FEW), strict=False)]
    return msgspec.structs.replace(of_events(events), name=market.name)


if __name__ == "__main__":
    main()
