"""Pool arithmetic in integers: what a pool gives and takes, to the lamport. Nothing here ever touches a float.

pump.fun bonding curve (public docs of 2026-05-19, exact on every recorded trade we hold):
    buy quote  = tok * vQuote // (vTok - tok) + 1        sell quote = tok * vQuote // (vTok + tok)
    each fee   = ceil(quote * bps / 10_000), protocol and creator apart; a buyer pays quote + fees, a seller gets quote - fees.
Every other venue is a constant product: out = y * dx / (x + dx), rounded against the trader, fees on the SOL side.
"""

import msgspec

from memesnipe.messages.bounds import AMOUNT_MAX
from memesnipe.messages.market import Launch, PriceTick

BPS = 10_000
PUMPFUN = "pumpfun"
PUMPFUN_START_QUOTE_LAMPORTS = 30_000_000_000
PUMPFUN_START_BASE_UNITS = 1_073_000_000_000_000
PUMPFUN_REAL_BASE_UNITS = 793_100_000_000_000
PUMPFUN_PROTOCOL_FEE_BPS = 95
PUMPFUN_CREATOR_FEE_BPS = 30
PUMPFUN_LOCKED_BASE_UNITS = PUMPFUN_START_BASE_UNITS - PUMPFUN_REAL_BASE_UNITS
"""The virtual part of the token reserve: it exists in the formula only and is never sold."""

VENUE_FEE_BPS: dict[str, int] = {"raydium": 25, "raydium-cpmm": 25, "pumpswap": 125}
"""Used only where an event does not state the fee."""
UNKNOWN_VENUE_FEE_BPS = 100
"""A venue we know nothing of must not look cheaper than it is."""
PRICED, GUESSED = "jupiter", "jupiter-guess"
"""Venues of a tick that came from Jupiter's prices, not from a pool: with the reserves that its liquidity implies, or that were made up."""
WITH_RESERVES = frozenset((PUMPFUN, PRICED, *VENUE_FEE_BPS))
"""Venues whose ticks state what is in the pool: only there does a fall of both reserves together mean that liquidity was withdrawn."""


class Pool(msgspec.Struct, frozen=True, gc=False):
    """Reserves as the formula sees them (virtual ones on a bonding curve) and the fees on top, in bps."""

    venue: str
    quote_lamports: int
    base_units: int
    fee_bps: int = 0
    creator_fee_bps: int = 0
    locked_quote_lamports: int = 0
    """Part of the quote reserve that cannot be paid out (the virtual part of a bonding curve)."""
    locked_base_units: int = 0
    """Part of the token reserve that cannot be bought."""


class BuyQuote(msgspec.Struct, frozen=True, gc=False):
    """What a buy gets: `units` for `quote_lamports + protocol_fee + creator_fee`, which never exceeds what was offered."""

    units: int
    quote_lamports: int
    protocol_fee: int
    creator_fee: int
    after: Pool


class SellQuote(msgspec.Struct, frozen=True, gc=False):
    """What a sell gets: `lamports_net = gross - protocol_fee - creator_fee`."""

    lamports_net: int
    gross: int
    protocol_fee: int
    creator_fee: int
    after: Pool


def fee(quote_lamports: int, bps: int) -> int:
    """Return ceil(quote * bps / 10_000)."""
    return -(-quote_lamports * bps // BPS)


def buy_quote(pool: Pool, units: int) -> int:
    """Return the lamports that exactly `units` cost, before fees. Raises ValueError if the pool cannot give that many."""
    if not (0 < units <= available_units(pool)):
        raise ValueError(f"units: {units} is not within 1..{available_units(pool)}")
    cost = units * pool.quote_lamports
    if pool.venue == PUMPFUN:
        return cost // (pool.base_units - units) + 1
    return -(-cost // (pool.base_units - units))


def buy_exact_in(pool: Pool, lamports_total: int) -> BuyQuote:
    """Return what `lamports_total`, fees included, buys. Zero units where it buys nothing. Raises ValueError on a negative."""
    _within(lamports_total)
    units = min(_units_for(pool, _quote_within(pool, lamports_total)), available_units(pool))
    if units <= 0:
        return BuyQuote(0, 0, 0, 0, pool)
    quote = buy_quote(pool, units)
    after = _moved(pool, quote, -units)
    return BuyQuote(units, quote, fee(quote, pool.fee_bps), fee(quote, pool.creator_fee_bps), after)


def sell_exact_in(pool: Pool, units: int) -> SellQuote:
    """Return what selling `units` brings. Never more than the pool really holds. Raises ValueError on a negative."""
    _within(units)
    gross = min(units * pool.quote_lamports // (pool.base_units + units), max(0, pool.quote_lamports - pool.locked_quote_lamports))
    protocol, creator = fee(gross, pool.fee_bps), fee(gross, pool.creator_fee_bps)
    # Two rounded-up fees can exceed a dust sale; the seller then gets nothing, never a negative.
    return SellQuote(max(0, gross - protocol - creator), gross, protocol, creator, _moved(pool, -gross, units))


def available_units(pool: Pool) -> int:
    """Return how many token units can be bought at all; one always stays, so the price stays defined."""
    return max(0, min(pool.base_units - pool.locked_base_units, pool.base_units - 1))


def pool_of(event: PriceTick | Launch) -> Pool:
    """Return the pool behind an event. `fee_bps` 0 means the event does not state it: the venue's usual one is taken."""
    stated = event.fee_bps if isinstance(event, PriceTick) else 0
    if event.venue != PUMPFUN:
        bps = stated or VENUE_FEE_BPS.get(event.venue, UNKNOWN_VENUE_FEE_BPS)
        return Pool(event.venue, event.quote_lamports, event.base_units, bps)
    protocol = min(stated or PUMPFUN_PROTOCOL_FEE_BPS, PUMPFUN_PROTOCOL_FEE_BPS)
    creator = stated - protocol if stated else PUMPFUN_CREATOR_FEE_BPS
    return Pool(PUMPFUN, event.quote_lamports, event.base_units, protocol, creator, PUMPFUN_START_QUOTE_LAMPORTS, PUMPFUN_LOCKED_BASE_UNITS)


def _quote_within(pool: Pool, lamports_total: int) -> int:
    """Return the largest quote whose fees, each rounded up, still fit into the total."""
    quote = lamports_total * BPS // (BPS + pool.fee_bps + pool.creator_fee_bps)
    while quote > 0 and quote + fee(quote, pool.fee_bps) + fee(quote, pool.creator_fee_bps) > lamports_total:
        quote -= 1
    return quote


def _units_for(pool: Pool, quote: int) -> int:
    """Return the units a quote buys; the bonding curve keeps one lamport back, as the `+ 1` of its buy quote does."""
    spend = quote - 1 if pool.venue == PUMPFUN else quote
    return spend * pool.base_units // (pool.quote_lamports + spend) if spend > 0 else 0


def _moved(pool: Pool, quote: int, units: int) -> Pool:
    return msgspec.structs.replace(pool, quote_lamports=pool.quote_lamports + quote, base_units=pool.base_units + units)


def _within(amount: int) -> None:
    if not (0 <= amount <= AMOUNT_MAX):
        raise ValueError(f"amount: {amount} is not within 0..{AMOUNT_MAX}")
