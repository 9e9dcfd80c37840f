"""Between which prices, and which reserves, a held token's price changes nothing for position_manager but its mark.

Low end: the highest stop. High end: the goal, the next rung of the ladder, or the highest price so far where a stop follows it.
Reserves: as long as the pool neither lost too much nor has a new highest. Where every price counts (ranges, a fall that was seen once,
dust) the band is empty.
"""

from math import inf

import msgspec

from memesnipe.market.curves import WITH_RESERVES
from memesnipe.messages.control import ExitLimits, RiskLimits
from memesnipe.messages.market import PriceTick
from memesnipe.positions.book import BPS, Open
from memesnipe.positions.exits import is_dust
from memesnipe.positions.ladder import next_gain_bps
from memesnipe.positions.stops import stop_ratio
from memesnipe.positions.watching import least_of, most_of
from memesnipe.research.backtest.quiet import NEAR, Reserves


class Band(msgspec.Struct, frozen=True, gc=False):
    """Lamports a unit, neither end included, and the reserves that are as good as those known."""

    above: float = -inf
    below: float = inf
    reserves: Reserves | None = None

    def holds(self, tick: PriceTick) -> bool:
        """Return whether a price is within."""
        return self.above < tick.quote_lamports / tick.base_units < self.below and (self.reserves is None or self.reserves.hold(tick))

    def within(self, other: "Band") -> "Band":
        """Return what is within both."""
        reserves = self.reserves if other.reserves is None or self.reserves is None else self.reserves.within(other.reserves)
        return Band(max(self.above, other.above), min(self.below, other.below), reserves or other.reserves)


EMPTY = Band(inf, -inf)


def band_of(one: Open, limits: RiskLimits) -> Band:
    """Return the band of one position. While it is being sold no price sells it, but what prices teach counts for what may be left."""
    exits, watch = limits.exits, one.watch
    if exits.atr_multiple_bps or (exits.drain_bps and not _settled(one)) or is_dust(one, limits):
        return EMPTY
    follows = exits.trailing_bps or exits.break_even_from_bps
    if follows and watch.highest is None:
        return EMPTY
    highs = [watch.highest.quote_lamports / watch.highest.base_units] if follows and watch.highest is not None else []
    if watch.exit is not None and (watch.exit.intent_id or not watch.exit.keep_bps):  # a part that waits gives way to a sale of all
        return Band(-inf, min(highs, default=inf) * (1 - NEAR), _reserves(one, exits))
    quote, units = stop_ratio(one, limits)
    highs += [_price_at(one, gain_bps) for gain_bps in (limits.take_profit_bps, next_gain_bps(one.position, exits)) if gain_bps]
    return Band(quote / units * (1 + NEAR) if units else -inf, min(highs, default=inf) * (1 - NEAR), _reserves(one, exits))


def _settled(one: Open) -> bool:
    """Whether the next price can be told from the last: its venue is known, and no fall waits to be seen again."""
    return one.watch.mark is not None and (one.watch.pool is None or not one.watch.pool.lows)


def _reserves(one: Open, exits: ExitLimits) -> Reserves | None:
    mark, pool = one.watch.mark, one.watch.pool
    if not exits.drain_bps or mark is None:
        return None
    if pool is None:
        return Reserves(mark.venue) if mark.venue not in WITH_RESERVES else Reserves("")
    return Reserves(mark.venue, least_of(pool, exits.drain_bps) - 1, most_of(pool) + 1)


def _price_at(one: Open, gain_bps: int) -> float:
    return one.position.entry_lamports * (BPS + gain_bps) / (BPS * one.position.units)
