"""hftbacktest: the same cross compiled by numba, market orders on a book of one level a side, 30 bps of fees.

python tests/bench/parts/peer_hftbacktest.py ticks.npz BAND_BPS
"""

import sys
import time
from typing import Any

import hftbacktest as hbt  # type: ignore[import-not-found]  # in the venv of the peers
import numpy as np
from measured import tell  # type: ignore[import-not-found,unused-ignore]  # beside this file, which is run as a script
from numba import njit

TICK = 0.1
"""Prices are about 1,000 here, so that this is one bp: the book looks for its next level step by step, and finer steps are slower."""
LOWEST, HIGHEST = 100.0, 10_000.0
SCALE = 1e6


@njit  # type: ignore[untyped-decorator,unused-ignore]
def trade(market: Any, band_bps: float) -> int:
    """Hear every tick; hold one unit while the fast average is above the slow one. Returns the number of orders."""
    fast = slow = 0.0
    orders, held = 0, False
    while market.wait_next_feed(False, 10**15) == 2:
        book = market.depth(0)
        price = (book.best_bid + book.best_ask) / 2
        if slow == 0.0:
            fast = slow = price
        fast += (price - fast) * (2 / 11)
        slow += (price - slow) * (2 / 31)
        band = slow * band_bps / 10_000
        if fast > slow + band and not held:
            orders += 1
            held = True
            market.submit_buy_order(0, orders, book.best_ask, 1.0, hbt.GTC, hbt.MARKET, False)
        elif fast < slow - band and held:
            orders += 1
            held = False
            market.submit_sell_order(0, orders, book.best_bid, 1.0, hbt.GTC, hbt.MARKET, False)
        if orders % 64 == 0:
            market.clear_inactive_orders(0)
    return orders


def feed(times: "np.ndarray[Any, Any]", prices: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Return a bid and an ask for each tick, one price step apart: each move crosses the book before it, and so clears it."""
    both = np.zeros(2 * len(times), hbt.event_dtype)
    seen = hbt.EXCH_EVENT | hbt.LOCAL_EVENT | hbt.DEPTH_EVENT
    for start, side, away in ((0, hbt.BUY_EVENT, 0), (1, hbt.SELL_EVENT, 1)):
        both["ev"][start::2] = seen | side
        both["exch_ts"][start::2] = both["local_ts"][start::2] = times
        both["px"][start::2] = (np.round(prices / TICK) + away) * TICK
        both["qty"][start::2] = 1e6
    return both


def market_of(data: "np.ndarray[Any, Any]") -> Any:
    """Return a backtest of these events."""
    asset = (
        hbt.BacktestAsset()
        .data([data])
        .roi_lb(LOWEST)
        .roi_ub(HIGHEST)
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
    )
    asset = asset.no_partial_fill_exchange().trading_value_fee_model(0.003, 0.003).tick_size(TICK).lot_size(1.0)
    return hbt.ROIVectorMarketDepthBacktest([asset])


def main() -> None:
    """Compile on a few ticks, then run all of them."""
    arrays = np.load(sys.argv[1])
    data, band_bps = feed(arrays["time_ns"], arrays["price"] * SCALE), float(sys.argv[2])
    trade(market_of(data[:1_000]), band_bps)
    market = market_of(data)
    began = time.process_time()
    orders = trade(market, band_bps)
    tell(len(data) // 2, time.process_time() - began, orders)


if __name__ == "__main__":
    main()
