"""From closed trades to a table of returns: equal periods, net results per lamport of the capital that the strategy had then."""

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from memesnipe.allocator.weighing.values import Record, Terms
from memesnipe.kernel.clock import NS_PER_S

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def table(records: Sequence[Record], terms: Terms, now_ns: int) -> Floats:
    """Return returns, shape (periods, strategies), oldest first; NaN before a strategy's first capital, 0 where it closed nothing.

    The period that `now_ns` is in is not over and not counted.
    """
    period_ns = terms.period_s * NS_PER_S
    end = now_ns // period_ns
    starts = [record.capital[0][0] // period_ns for record in records if record.capital]
    periods = min(terms.periods_max, max((end - start for start in starts), default=0))
    returns = np.full((max(periods, 0), len(records)), np.nan)
    for column, record in enumerate(records):
        _fill(returns[:, column], record, end - periods, period_ns)
    return returns


def _fill(column: Floats, record: Record, first: int, period_ns: int) -> None:
    if not record.capital:
        return
    column[max(record.capital[0][0] // period_ns - first, 0) :] = 0.0
    for trade in record.closed:
        row, capital = trade.time_ns // period_ns - first, capital_at(record, trade.time_ns)
        if 0 <= row < len(column) and capital > 0:
            column[row] = np.nan_to_num(column[row]) + trade.net_lamports / capital


def capital_at(record: Record, time_ns: int) -> int:
    """Return the capital in force at a time: a trade closed before the first decision was made with that decision's."""
    place = bisect_right(record.capital, time_ns, key=lambda since: since[0])
    return record.capital[max(place - 1, 0)][1]
