"""Pool arithmetic of the emulator, in integers: the pump.fun bonding curve and a constant-product pool.

Written from the programs' public documents and checked against captured events; deliberately not shared with the clients' own maths.
Quote is always lamports, base is token units. `*_fee` are lamports.
"""

from dataclasses import dataclass

BPS = 10_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one swap does: `amount_out` goes to the trader; the deltas are what the pool's reserves gain (negative: lose)."""

    amount_out: int
    quote_delta_lamports: int
    base_delta_units: int
    protocol_fee: int
    creator_fee: int

    @property
    def quote_lamports(self) -> int:
        """Size on the quote side without fees."""
        return abs(self.quote_delta_lamports)


def ceil_bps(amount: int, bps: int) -> int:
    """amount x bps, rounded up: every pump.fun fee is rounded against the trader."""
    return -(-amount * bps // BPS)


def curve_buy_exact_in(quote_in: int, v_quote: int, v_base: int, protocol_bps: int, creator_bps: int) -> Outcome:
    """Spend exactly `quote_in` lamports, fees included (pump.fun's buy_exact_sol_in)."""
    net = quote_in * BPS // (BPS + protocol_bps + creator_bps)
    excess = net + ceil_bps(net, protocol_bps) + ceil_bps(net, creator_bps) - quote_in
    net -= max(excess, 0)
    tokens = (net - 1) * v_base // (v_quote + net - 1) if net > 1 else 0
    protocol, creator = ceil_bps(net, protocol_bps), ceil_bps(net, creator_bps)
    return Outcome(tokens, net, -tokens, protocol, creator)


def curve_buy_cost(tokens: int, v_quote: int, v_base: int) -> int:
    """Lamports, before fees, for exactly `tokens` (pump.fun's buy)."""
    return tokens * v_quote // (v_base - tokens) + 1


def curve_sell(tokens: int, v_quote: int, v_base: int, protocol_bps: int, creator_bps: int) -> Outcome:
    """Sell exactly `tokens`; fees come out of the proceeds."""
    gross = tokens * v_quote // (v_base + tokens)
    protocol, creator = ceil_bps(gross, protocol_bps), ceil_bps(gross, creator_bps)
    return Outcome(max(gross - protocol - creator, 0), -gross, tokens, protocol, creator)


def product_swap(amount_in: int, reserve_in: int, reserve_out: int, fee_bps: int) -> int:
    """Constant product, fee taken from the input and left in the pool."""
    taxed = amount_in * (BPS - fee_bps) // BPS
    return reserve_out * taxed // (reserve_in + taxed)
