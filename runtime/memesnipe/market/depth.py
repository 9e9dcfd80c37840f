"""How much a market can take: what buys of several sizes get, and what that costs against the spot price. Pure, in integers."""

from collections.abc import Sequence

from memesnipe.kernel.ids import derive
from memesnipe.market.curves import BPS, Pool, buy_exact_in, pool_of
from memesnipe.messages.market import DepthLevel, DepthQuote, PriceTick


def depth_of(tick: PriceTick, sizes_lamports: Sequence[int], now_ns: int) -> DepthQuote:
    """Return what the pool behind a tick gives for buys of these sizes, fees included, from its reserves alone."""
    pool = pool_of(tick)
    levels = levels_of(pool, [(size, buy_exact_in(pool, size).units) for size in sizes_lamports])
    event_id = derive("depth", tick.venue, tick.event_id)
    return DepthQuote(event_id, now_ns, tick.slot, tick.mint, tick.venue, tick.quote_lamports, tick.base_units, levels, tick.fee_bps)


def levels_of(pool: Pool, quotes: Sequence[tuple[int, int]]) -> tuple[DepthLevel, ...]:
    """Return levels of (size, units out) with their cost against the pool's spot price, in bps (fees are part of it)."""
    return tuple(DepthLevel(size, out, _impact_bps(pool, size, out)) for size, out in quotes)


def _impact_bps(pool: Pool, size_lamports: int, out_units: int) -> int:
    at_spot = size_lamports * pool.base_units // pool.quote_lamports
    return min(BPS, max(0, (at_spot - out_units) * BPS // at_spot)) if at_spot > 0 else BPS
