"""What data_consumers say about the world: one type per kind of event, carried in frames of what arrived together."""

from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.messages.bounds import (
    SCHEMA,
    Bps,
    Count,
    Decimals,
    Id,
    Label,
    Lamports,
    PositiveLamports,
    PositiveUnits,
    Pubkey,
    Schema,
    Side,
    Slot,
    Text,
    TimeNs,
    Units,
)


class PriceTick(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="price"):
    """A trade or a quote moved a price. The price is the RATIO quote_lamports / base_units (lamports per token base unit).

    Where the venue is a pool the two are its reserves after the trade (virtual ones on a bonding curve), so that a fill can be
    computed from the same numbers.
    """

    event_id: Id
    time_ns: TimeNs
    slot: Slot
    mint: Pubkey
    venue: Label
    quote_lamports: PositiveLamports
    base_units: PositiveUnits
    decimals: Decimals
    trade_side: Side | None = None
    trade_lamports: Lamports = 0
    trade_units: Units = 0
    fee_bps: Bps = 0
    schema: Schema = SCHEMA

    def price_sol(self) -> float:
        """Return the price of one whole token in SOL; a statistic, never money."""
        return self.quote_lamports / self.base_units * 10.0**self.decimals / 1e9


class DepthLevel(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a buy of this size would get now."""

    size_lamports: PositiveLamports
    out_units: Units
    impact_bps: Bps


class DepthQuote(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="depth"):
    """How much the market can take: quotes at several sizes, and the pool's reserves where there is a pool."""

    event_id: Id
    time_ns: TimeNs
    slot: Slot
    mint: Pubkey
    venue: Label
    reserve_lamports: Lamports
    reserve_units: Units
    levels: Annotated[tuple[DepthLevel, ...], Meta(max_length=16)] = ()
    fee_bps: Bps = 0
    schema: Schema = SCHEMA


class Launch(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="launch"):
    """A token's first state. A check is None where it could not be made, and None is not a pass."""

    event_id: Id
    time_ns: TimeNs
    slot: Slot
    mint: Pubkey
    creator: Pubkey
    venue: Label
    symbol: Label
    name: Label
    decimals: Decimals
    quote_lamports: PositiveLamports
    base_units: PositiveUnits
    token_program: Label = ""
    mint_authority_revoked: bool | None = None
    freeze_authority_revoked: bool | None = None
    extensions: Annotated[tuple[Label, ...], Meta(max_length=32)] | None = None
    top_holder_bps: Bps | None = None
    sell_route_ok: bool | None = None
    creator_launches: Count | None = None
    schema: Schema = SCHEMA


class SocialPost(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="social"):
    """Someone said something about tokens. Tokens are named by mint; a symbol proves nothing."""

    event_id: Id
    time_ns: TimeNs
    source: Label
    author: Label
    text: Text
    mints: Annotated[tuple[Pubkey, ...], Meta(max_length=16)] = ()
    schema: Schema = SCHEMA


class BridgeTransfer(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="bridge"):
    """Value crossed a bridge to or from Solana."""

    event_id: Id
    time_ns: TimeNs
    source: Label
    from_chain: Label
    to_chain: Label
    token: Label
    amount_units: Units
    schema: Schema = SCHEMA


MarketEvent = PriceTick | DepthQuote | Launch | SocialPost | BridgeTransfer


class MarketFrame(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="frame"):
    """One stream entry of a market stream: the events that arrived together, oldest first."""

    events: Annotated[tuple[MarketEvent, ...], Meta(min_length=1, max_length=1_024)]
    schema: Schema = SCHEMA
