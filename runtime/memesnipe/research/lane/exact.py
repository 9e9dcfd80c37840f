"""Integer arithmetic to the last unit where a product does not fit into 64 bits, and the pools' formulas on it (`market.curves`).

`muldiv` guesses the quotient with floats and mends it by the remainder, which is computed modulo 2**64. The guess is off by at most
`q * 2**-50 + 1` (five roundings of 2**-53 each), so the true remainder lies within `a * b * 2**-50 + c`: below 2**63 while a * b < 2**112
and c < 2**62, and then the wrapped one IS the true one. Beyond that it raises; the largest reserves that `columns` takes make 2**104.
"""

from memesnipe.research.lane.jit import jit, jit_apart

PRODUCT_MAX = 2.0**112
TERM_MAX = 2**62
BPS = 10_000


@jit_apart
def muldiv(a: int, b: int, c: int) -> tuple[int, int]:
    """Return (a * b // c, a * b % c) of numbers that are not negative, c above 0. Raises OverflowError beyond the module's bounds."""
    if not (float(a) * float(b) < PRODUCT_MAX and c < TERM_MAX):
        raise OverflowError("a product of the lane is beyond its bounds")
    guess = float(a) * float(b) / float(c)
    if not guess < TERM_MAX:
        raise OverflowError("a quotient of the lane is beyond its bounds")
    quotient = int(guess)
    rest = a * b - quotient * c
    while rest < 0:
        off = max(1, -rest // c)
        quotient -= off
        rest += off * c
    while rest >= c:
        off = rest // c
        quotient += off
        rest -= off * c
    return quotient, rest


@jit
def floor_of(a: int, b: int, c: int) -> int:
    """Return a * b // c."""
    return muldiv(a, b, c)[0]


@jit
def ceil_of(a: int, b: int, c: int) -> int:
    """Return a * b / c, rounded up."""
    quotient, rest = muldiv(a, b, c)
    return quotient + (rest > 0)


@jit_apart
def at_most(a: int, b: int, c: int, d: int) -> bool:
    """Return whether a * b <= c * d, none of them negative. Raises OverflowError beyond the module's bounds."""
    one, other = float(a) * float(b), float(c) * float(d)
    if not (one < PRODUCT_MAX and other < PRODUCT_MAX):
        raise OverflowError("a product of the lane is beyond its bounds")
    if abs(one - other) > 2.0**-51 * (one + other):  # further apart than their roundings, three of 2**-53 each
        return one <= other
    return a * b - c * d <= 0  # within (2**-51 + 3 * 2**-53) * 2**113 < 2**63 of one another: the wrapped difference is the true one


@jit
def fee(quote: int, bps: int) -> int:
    """Return ceil(quote * bps / 10_000)."""
    return ceil_of(quote, bps, BPS)


@jit
def quote_within(total: int, fee_bps: int, creator_bps: int) -> int:
    """Return the largest quote whose fees, each rounded up, still fit into the total."""
    quote = floor_of(total, BPS, BPS + fee_bps + creator_bps)
    while quote > 0 and quote + fee(quote, fee_bps) + fee(quote, creator_bps) > total:
        quote -= 1
    return quote


@jit_apart
def buy(lamports: int, quote: int, base: int, fee_bps: int, creator_bps: int, curve: int, locked_base: int) -> tuple[int, int, int]:
    """Return (units, lamports with fees, fees) of a buy: `market.curves.buy_exact_in`."""
    within = quote_within(lamports, fee_bps, creator_bps)
    spend = within - 1 if curve else within
    available = max(0, min(base - locked_base, base - 1))
    units = min(floor_of(spend, base, quote + spend) if spend > 0 else 0, available)
    if units <= 0:
        return 0, 0, 0
    cost = floor_of(units, quote, base - units) + 1 if curve else ceil_of(units, quote, base - units)
    taken = fee(cost, fee_bps) + fee(cost, creator_bps)
    return units, cost + taken, taken


@jit_apart
def sell(units: int, quote: int, base: int, fee_bps: int, creator_bps: int, locked_quote: int) -> tuple[int, int]:
    """Return (lamports after fees, fees) of a sale: `market.curves.sell_exact_in`."""
    gross = min(floor_of(units, quote, base + units), max(0, quote - locked_quote))
    taken = fee(gross, fee_bps) + fee(gross, creator_bps)
    return max(0, gross - taken), taken


@jit_apart
def stir_of(quote_before: int, base_before: int, quote: int, base: int) -> int:
    """Return by how many bps the price moved, at most 10,000: `guard.paper.stir_bps` without its fading."""
    was, now = float(quote_before) * float(base), float(quote) * float(base_before)
    if not (was < PRODUCT_MAX / BPS and now < PRODUCT_MAX / BPS):
        raise OverflowError("a product of the lane is beyond its bounds")
    bps = int(abs(now - was) / was * BPS) if abs(now - was) < was else BPS
    while bps > 0 and not _moved_by(quote_before, base_before, quote, base, bps):
        bps -= 1
    while bps < BPS and _moved_by(quote_before, base_before, quote, base, bps + 1):
        bps += 1
    return bps


@jit
def _moved_by(quote_before: int, base_before: int, quote: int, base: int, bps: int) -> bool:
    """Whether the price moved by so many bps or more, up or down: all of it in products of three that fit."""
    up = at_most(quote_before * (BPS + bps), base, quote * BPS, base_before)
    return up or at_most(quote * BPS, base_before, quote_before * (BPS - bps), base)
