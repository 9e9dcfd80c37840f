"""A pool as a frozen value: reserves, fees and identity, with `quote` and `after` as pure functions of it.

`bonding_curve` prices on virtual reserves, `constant_product` on the real ones (its virtual reserves repeat them). Quote is lamports,
base is token units. A swap the pool cannot serve quotes None, never zero.
"""

from typing import Literal

import msgspec

from memesnipe.localnet import curve
from memesnipe.localnet.curve import Outcome

Kind = Literal["bonding_curve", "constant_product"]
Side = Literal["buy", "sell"]


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """One market of a token against wrapped SOL. Addresses are base58."""

    mint: str
    kind: Kind
    address: str
    base_vault: str
    quote_vault: str
    lookup_table: str
    token_program: str
    creator: str
    symbol: str
    name: str
    uri: str
    decimals: int
    supply_units: int
    virtual_quote_lamports: int
    virtual_base_units: int
    real_quote_lamports: int
    real_base_units: int
    protocol_fee_bps: int
    creator_fee_bps: int
    agent_base_units: int = 0
    """What the seeded agents hold between them: they never sell more, so a user can always get out."""
    personality: str = "recorded"
    created_slot: int = 0
    created_unix_s: int = 0
    last_slot: int = 0


def quote(pool: Pool, side: Side, amount_in: int) -> Outcome | None:
    """The outcome of spending exactly `amount_in` on the pool's present state; None when it cannot be served."""
    if amount_in <= 0:
        return None
    outcome = _curve(pool, side, amount_in) if pool.kind == "bonding_curve" else _product(pool, side, amount_in)
    enough = outcome.base_delta_units + pool.real_base_units >= 0 and outcome.quote_delta_lamports + pool.real_quote_lamports >= 0
    return outcome if enough and outcome.amount_out > 0 else None


def after(pool: Pool, outcome: Outcome, slot: int) -> Pool:
    """The pool once a swap has happened."""
    return msgspec.structs.replace(
        pool,
        virtual_quote_lamports=pool.virtual_quote_lamports + outcome.quote_delta_lamports,
        virtual_base_units=pool.virtual_base_units + outcome.base_delta_units,
        real_quote_lamports=pool.real_quote_lamports + outcome.quote_delta_lamports,
        real_base_units=pool.real_base_units + outcome.base_delta_units,
        last_slot=slot,
    )


def price_lamports_per_token(pool: Pool) -> float:
    """Marginal price of one whole token, in lamports."""
    return pool.virtual_quote_lamports / pool.virtual_base_units * 10**pool.decimals if pool.virtual_base_units else 0.0


def price_impact(pool: Pool, side: Side, amount_in: int, outcome: Outcome) -> float:
    """1 - executed price / marginal price, fees included."""
    spot = pool.virtual_quote_lamports / pool.virtual_base_units
    fair = amount_in / spot if side == "buy" else amount_in * spot
    return max(0.0, 1 - outcome.amount_out / fair)


def _curve(pool: Pool, side: Side, amount_in: int) -> Outcome:
    swap = curve.curve_buy_exact_in if side == "buy" else curve.curve_sell
    return swap(amount_in, pool.virtual_quote_lamports, pool.virtual_base_units, pool.protocol_fee_bps, pool.creator_fee_bps)


def _product(pool: Pool, side: Side, amount_in: int) -> Outcome:
    fee_bps = pool.protocol_fee_bps + pool.creator_fee_bps
    quote_reserve, base_reserve = pool.real_quote_lamports, pool.real_base_units
    if side == "buy":
        out = curve.product_swap(amount_in, quote_reserve, base_reserve, fee_bps)
        return Outcome(out, amount_in, -out, 0, 0)
    out = curve.product_swap(amount_in, base_reserve, quote_reserve, fee_bps)
    return Outcome(out, -out, amount_in, 0, 0)
