"""What a price teaches of a held token, beside itself: its highest, how far it ranges, and whether its pool is being emptied. Pure."""

import msgspec

from memesnipe.market.curves import PRICED, WITH_RESERVES
from memesnipe.messages.control import ExitLimits
from memesnipe.messages.market import PriceTick
from memesnipe.positions.book import BPS, Mark, Open, Pool
from memesnipe.positions.ranges import Ranges, raised, ranged

GROWN_PERCENT = 101
"""Liquidity grows with the fees of each trade. Its highest is noted when it grew by one percent (of the product), not each time."""
LOWS_MIN = {PRICED: 2}
"""How many prices in a row must show the fall, where one is not proof: liquidity that is somebody's word may be wrong once."""


def marked(one: Open, tick: PriceTick, limits: ExitLimits) -> Open:
    """Return the position after one more price of its token."""
    mark, known = Mark(tick.quote_lamports, tick.base_units, tick.slot, tick.time_ns, tick.event_id, tick.venue), one.watch
    highest = mark if known.highest is None or above(mark, known.highest) else known.highest
    ranges = _ranges(known.ranges, tick, highest, limits)
    pool = pooled(known.pool, tick, limits.drain_bps)
    return Open(one.position, msgspec.structs.replace(known, mark=mark, highest=highest, ranges=ranges, pool=pool))


def above(mark: Mark, other: Mark) -> bool:
    """Return whether a price is above another one; exact."""
    return mark.quote_lamports * other.base_units > other.quote_lamports * mark.base_units


def _ranges(known: Ranges | None, tick: PriceTick, highest: Mark, limits: ExitLimits) -> Ranges | None:
    if not limits.atr_multiple_bps:
        return None
    now = ranged(known, tick, limits.atr_bars)
    return raised(now, highest.quote_lamports / highest.base_units, limits.atr_multiple_bps / BPS, limits.atr_bars)


def pooled(known: Pool | None, tick: PriceTick, drain_bps: int) -> Pool | None:
    """Return what is known of the pool after a price: at another venue it is another pool; None where reserves mean nothing."""
    if not drain_bps or tick.venue not in WITH_RESERVES:
        return None
    product = tick.quote_lamports * tick.base_units
    if known is None or known.venue != tick.venue or product * 100 > known.product * GROWN_PERCENT:
        return Pool(tick.venue, tick.quote_lamports, tick.base_units)
    lows = known.lows + 1 if product < least_of(known, drain_bps) else 0
    return known if lows == known.lows else msgspec.structs.replace(known, lows=lows)


def least_of(pool: Pool, drain_bps: int) -> int:
    """Return the smallest product of reserves that is no drain. Liquidity is its root: a pool that gave half of it has a quarter left."""
    return -(-pool.product * (BPS - drain_bps) ** 2 // BPS**2)


def most_of(pool: Pool) -> int:
    """Return the largest product of reserves that is not yet a new highest."""
    return pool.product * GROWN_PERCENT // 100


def drained(pool: Pool | None) -> bool:
    """Return whether enough prices in a row showed the fall."""
    return pool is not None and pool.lows >= LOWS_MIN.get(pool.venue, 1)
