"""PumpPortal's messages: which of them tell of a launch on a curve. Pure: text in, what it claims or nothing out.

Wire format: https://pumpportal.fun/data-api/real-time, `subscribeNewToken`. Amounts are JSON numbers of WHOLE tokens and SOL, read as
decimals, never as floats. A message has neither time nor slot, and the `bonk` shape has no name, symbol or uri; where it has no
reserves of a curve either (`solInPool` is what traders paid in, a thirtieth of what the price comes from) there is no price to tell.
"""

from decimal import Decimal, InvalidOperation
from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.chain.programs import LAMPORTS_PER_SOL, PUMP_DECIMALS
from memesnipe.kernel import strict_json
from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.ids import derive
from memesnipe.market.curves import PUMPFUN
from memesnipe.market.text import safe_label
from memesnipe.messages.bounds import AMOUNT_MAX, Pubkey
from memesnipe.messages.market import Launch

MESSAGE_BYTES_MAX = 64 << 10
VENUES = {"pump": PUMPFUN, "bonk": "bonk"}
"""The launchpads whose tokens have six decimals and a curve in SOL; what other ones mean by these fields is not known."""


class _Kind(msgspec.Struct, frozen=True, rename={"kind": "txType"}):
    kind: str = ""
    pool: str = ""


class _Create(msgspec.Struct, frozen=True, rename="camel"):
    signature: Annotated[str, Meta(min_length=64, max_length=88, pattern=r"^[1-9A-HJ-NP-Za-km-z]+\Z")]
    mint: Pubkey
    trader_public_key: Pubkey
    v_sol_in_bonding_curve: Decimal | None = None
    v_tokens_in_bonding_curve: Decimal | None = None
    name: Annotated[str, Meta(max_length=2_048)] | None = None
    symbol: Annotated[str, Meta(max_length=2_048)] | None = None


class Told(msgspec.Struct, frozen=True):
    """What a message claims: a launch and the transaction it happened in, or why there is none."""

    launch: Launch | None = None
    signature: str = ""
    skipped: str = ""


_KIND = msgspec.json.Decoder(_Kind)
_CREATE = msgspec.json.Decoder(_Create)


def told_in(raw: str | bytes, now_ns: int) -> Told:
    """Read one message; the claim has our time and no slot until the chain confirms it. Raises BadInput naming the field."""
    if len(raw) > MESSAGE_BYTES_MAX:
        raise BadInput("message", f"{len(raw)} bytes, more than {MESSAGE_BYTES_MAX}")
    kind = strict_json.decode(_KIND, raw, "message")
    if kind.kind != "create":
        return Told(skipped="other_kind")
    if kind.pool not in VENUES:
        return Told(skipped="other_pool")
    create = strict_json.decode(_CREATE, raw, "message")
    if create.v_sol_in_bonding_curve is None or create.v_tokens_in_bonding_curve is None:
        return Told(skipped="no_curve")
    return Told(_launch(create, VENUES[kind.pool], now_ns), create.signature)


def _launch(create: _Create, venue: str, now_ns: int) -> Launch:
    return Launch(
        event_id=derive("launch", create.mint),  # as the chain's own feed names it: whoever comes second is a repeat
        time_ns=now_ns,
        slot=0,
        mint=create.mint,
        creator=create.trader_public_key,
        venue=venue,
        symbol=safe_label(create.symbol or ""),
        name=safe_label(create.name or ""),
        decimals=PUMP_DECIMALS,
        quote_lamports=_base_units(create.v_sol_in_bonding_curve, LAMPORTS_PER_SOL, "vSolInBondingCurve"),
        base_units=_base_units(create.v_tokens_in_bonding_curve, 10**PUMP_DECIMALS, "vTokensInBondingCurve"),
    )


def _base_units(whole: Decimal | None, per_whole: int, field: str) -> int:
    """Return an amount in base units, to the nearest one: the host computes in floats. Raises BadInput for what is no amount."""
    try:
        units = int((Decimal(-1) if whole is None else whole * per_whole).to_integral_value())
    except (InvalidOperation, OverflowError, ValueError):
        units = -1
    if not (0 < units <= AMOUNT_MAX):
        raise BadInput(field, f"{str(whole)[:64]} is no amount")
    return units
