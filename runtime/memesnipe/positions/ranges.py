"""The average true range of a token's price since it is held, minute by minute: what a trailing stop is set by. A statistic, never money.

True range of a minute: from the lower of its low and the close before it to the higher of its high and that close. The average is
Wilder's (New Concepts in Technical Trading Systems, 1978): the plain mean of the first n, then each new one moves it by 1/n. A minute
without a price makes no bar, so the gap after a silence is in the bar that ends it. Prices are lamports a base unit.
"""

import msgspec

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.market import PriceTick

MINUTE_NS = 60 * NS_PER_S


class Ranges(msgspec.Struct, frozen=True):
    """The bar under way and the mean over those that closed: as much for a position of a day as for one of a minute."""

    minute: int
    high: float
    low: float
    last: float
    before: float | None = None
    """Close of the bar before this one."""
    mean: float = 0.0
    bars: int = 0
    stop: float = 0.0
    """The highest stop so far: when ranges grow it stays."""


def ranged(known: Ranges | None, tick: PriceTick, bars: int) -> Ranges:
    """Return the ranges after one more price. A price of a minute that is over counts to the bar under way."""
    price, minute = tick.quote_lamports / tick.base_units, tick.time_ns // MINUTE_NS
    if known is None:
        return Ranges(minute, price, price, price)
    if minute <= known.minute:
        return msgspec.structs.replace(known, high=max(known.high, price), low=min(known.low, price), last=price)
    closed, true_range = known.bars + 1, _true_range(known)
    mean = known.mean + (true_range - known.mean) / min(closed, bars)
    return Ranges(minute, price, price, price, known.last, mean, closed, known.stop)


def raised(ranges: Ranges, highest: float, multiple: float, bars: int) -> Ranges:
    """Return the ranges with their stop raised to `multiple` of them below the highest price, once enough bars closed."""
    if ranges.bars < bars:
        return ranges
    return msgspec.structs.replace(ranges, stop=max(ranges.stop, highest - multiple * ranges.mean))


def _true_range(bar: Ranges) -> float:
    if bar.before is None:
        return bar.high - bar.low
    return max(bar.high, bar.before) - min(bar.low, bar.before)
