"""pump.fun's BondingCurve account -> what it says. Pure; an account that is not one, or is cut short, is Refused.

Layout (public docs of 2026-05-19, and a capture): discriminator, five u64, complete u8 at 48, creator at 49, mayhem u8 at 81, cashback
u8 at 82, quote mint at 83 (the default key stands for SOL). Fields get appended, so bytes behind them are let through.
"""

from struct import Struct

import msgspec
from solders.pubkey import Pubkey

from memesnipe.chain.programs import PUMP_BONDING_CURVE, PUMP_PROGRAM
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode

_LAYOUT = Struct("<8s5Q?32s??32s")


class BondingCurve(msgspec.Struct, frozen=True, gc=False):
    """Reserves in base units and lamports; the virtual ones make the price. `complete`: sold out, and to be traded in a pool."""

    virtual_base_units: int
    virtual_quote_lamports: int
    real_base_units: int
    real_quote_lamports: int
    supply_units: int
    complete: bool
    creator: str
    quote_mint: str | None
    """None: SOL."""


def bonding_curve(program: str, data: bytes) -> BondingCurve:
    """Return what a curve's account says: the program that owns it (base58) and its bytes. Raises Refused(TOKEN_LIQUIDITY)."""
    if program != PUMP_PROGRAM or len(data) < _LAYOUT.size or not data.startswith(PUMP_BONDING_CURVE):
        raise Refused(ReasonCode.TOKEN_LIQUIDITY, f"{len(data)} bytes of {program} are no bonding curve")
    _, *reserves, complete, creator, _, _, quote = _LAYOUT.unpack_from(data)
    virtual_base, virtual_quote, real_base, real_quote, supply = reserves
    quote_mint = str(Pubkey(quote)) if any(quote) else None
    return BondingCurve(virtual_base, virtual_quote, real_base, real_quote, supply, complete, str(Pubkey(creator)), quote_mint)
