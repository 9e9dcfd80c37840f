"""The order as the chain must see it, made from the intent alone: nothing a quote says can widen it. Pure."""

import msgspec
from solders.pubkey import Pubkey

from memesnipe.chain.policy.accounts import WSOL
from memesnipe.chain.programs import BPS
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Side
from memesnipe.messages.orders import ExitIntent, Intent
from memesnipe.messages.signing import MintAccount


class Limits(msgspec.Struct, frozen=True, gc=False):
    """Caps that do not depend on the order (lamports, bps)."""

    priority_fee_lamports_max: int
    tip_lamports_max: int
    impact_bps_max: int = 2_000
    """How far below the intent's own price, beyond its slippage, the enforced out may be: pool fee, price impact and drift."""


class Terms(msgspec.Struct, frozen=True, gc=False):
    """What is approved: whose wallet, which two mints, how much in (base units), the least out (base units)."""

    wallet: Pubkey
    source: Pubkey
    destination: Pubkey
    in_amount: int
    out_min: int
    slippage_bps_max: int
    limits: Limits
    token_program: Pubkey | None = None
    """The program of the token that is bought; None on a sell, where our own account says it."""


def terms_of(intent: Intent, *, wallet: Pubkey, min_out: int, limits: Limits, mint: MintAccount | None = None) -> Terms:
    """Return an order's terms. Raises Refused.

    `min_out`: what the guard accepted; the intent's own price floor applies as well. `mint`: the account of what is bought.
    """
    token = _token_of(intent)
    out_min = max(min_out, price_floor(intent, limits.impact_bps_max), 1)
    if sells(intent):
        return Terms(wallet, token, WSOL, intent.size_units, out_min, intent.slippage_bps_max, limits)
    return Terms(wallet, WSOL, token, _lamports_of(intent), out_min, intent.slippage_bps_max, limits, _program_of(mint))


def sells(intent: Intent) -> bool:
    """Return whether the order gives the token away: an exit always does."""
    return isinstance(intent, ExitIntent) or intent.side is Side.SELL


def price_floor(intent: Intent, impact_bps_max: int) -> int:
    """Return the least out-amount at the price the intent itself names, less its slippage and the impact allowed.

    Without it a guard that lies could have the bytes enforce one base unit and call that accepted.
    """
    if sells(intent):
        fair = intent.size_units * intent.quote_lamports // intent.base_units
    else:
        fair = _lamports_of(intent) * intent.base_units // intent.quote_lamports
    return fair * max(0, BPS - intent.slippage_bps_max - impact_bps_max) // BPS


def _program_of(mint: MintAccount | None) -> Pubkey | None:
    try:
        return Pubkey.from_string(mint.program) if mint else None
    except ValueError:
        raise Refused(ReasonCode.TOKEN_MINT, "the mint's program is no public key") from None


def _token_of(intent: Intent) -> Pubkey:
    try:
        mint = Pubkey.from_string(intent.mint)
    except ValueError:
        raise Refused(ReasonCode.BAD_INPUT, f"mint {intent.mint} is no public key") from None
    token_is_not_wrapped_sol(mint)
    return mint


def token_is_not_wrapped_sol(mint: Pubkey) -> None:
    """SOL for SOL earns nothing, and both sides of the swap would be one account."""
    if mint == WSOL:
        raise Refused(ReasonCode.BAD_INPUT, "the order's token is wrapped SOL itself")


def _lamports_of(intent: Intent) -> int:
    return 0 if isinstance(intent, ExitIntent) else intent.size_lamports
