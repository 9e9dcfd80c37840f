"""vectorbt: the same cross of averages over the same grid of windows, in its own words. Runs where the peers are, without us.

    python peer_vectorbt.py FOLDER --fast 5 10 --slow 30 60

Counted are averages, signals, the portfolio with 30 bps of fees, and its returns: from prices in memory to one number a pair. Compiling
(a first run on a few prices) and reading are not.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd  # type: ignore[import-untyped,unused-ignore] # in the peers' environment
import vectorbt as vbt  # type: ignore[import-not-found,unused-ignore] # as above
from measured import tell  # type: ignore[import-not-found,unused-ignore] # beside this file, which is run as a script

FEES = 0.003
FEW = 1_000


def returns(prices: "pd.Series[float]", fast: list[int], slow: list[int]) -> tuple[object, int]:
    """Return what each pair earned, and how many orders all of them made."""
    above = vbt.MA.run(prices, window=fast, ewm=True).ma.to_numpy() > vbt.MA.run(prices, window=slow, ewm=True).ma.to_numpy()
    portfolio = vbt.Portfolio.from_signals(prices, above, ~above, fees=FEES, size=0.1, init_cash=1e6)
    return portfolio.total_return().to_numpy(), int(portfolio.orders.count().sum())


def main() -> None:
    """Run once; print the numbers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fast", type=int, nargs="+", required=True)
    parser.add_argument("--slow", type=int, nargs="+", required=True)
    options = parser.parse_args()
    prices = pd.Series(np.load(options.folder / "ticks.npz")["price"])
    returns(prices[:FEW], options.fast, options.slow)
    began, began_cpu = time.perf_counter(), time.process_time()
    _, orders = returns(prices, options.fast, options.slow)
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    tell(len(prices) * len(options.fast), cpu_s, orders, cpu_s=cpu_s, wall_s=wall_s)


if __name__ == "__main__":
    main()
