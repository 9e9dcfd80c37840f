"""The order path: intent -> approved -> (signed) -> outcome. Sizes are lamports on a buy and token base units on a sell."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import (
    SCHEMA,
    Bps,
    Count,
    DeltaLamports,
    DeltaUnits,
    Hash,
    Id,
    Label,
    Lamports,
    Mode,
    PositiveLamports,
    PositiveUnits,
    Pubkey,
    Schema,
    Side,
    Slot,
    StrategyId,
    TimeNs,
    Units,
)
from memesnipe.messages.way import EXITS, STRATEGY, StampNs, Way


class ExitCause(StrEnum):
    """Why a position is closed."""

    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"
    TRAILING_STOP = "trailing_stop"
    TIME_STOP = "time_stop"
    PERSON = "person"
    TOKEN = "token"  # noqa: S105 - it turned against its holders
    BREAK_EVEN = "break_even"
    TRAILING_ATR = "trailing_atr"
    LADDER = "ladder"
    LIQUIDITY = "liquidity"
    STALE_PRICE = "stale_price"


class OrderIntent(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="order_intent"):
    """What a strategy wants. Size is a wish until risk_guardian approves it. Constructed by executor alone."""

    id: Id
    """derive("intent", strategy, spec_hash, event_id, sequence): a replay makes the same id."""
    strategy: StrategyId
    spec_hash: Hash
    event_id: Id
    sequence: Count
    time_ns: TimeNs
    """Event time of the cause, so that every stage can tell how old the idea is."""
    slot: Slot
    mint: Pubkey
    side: Side
    size_lamports: Lamports
    """Buy: what to spend, before fees. Sell: 0."""
    size_units: Units
    """Sell: how many base units. Buy: 0."""
    slippage_bps_max: Bps
    quote_lamports: PositiveLamports
    """With base_units: the price ratio the strategy saw."""
    base_units: PositiveUnits
    reason: Label = ""
    schema: Schema = SCHEMA
    wished_ns: StampNs = 0
    """When the executor made it."""
    code_hash: Hash = ""
    """Of the code that made it, as the executor read it when it started; empty: it does not say."""


class ExitIntent(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="exit_intent"):
    """Reduce-only by type: it can only sell what is held. Constructed by position_manager alone."""

    id: Id
    strategy: StrategyId
    event_id: Id
    sequence: Count
    time_ns: TimeNs
    slot: Slot
    mint: Pubkey
    size_units: PositiveUnits
    slippage_bps_max: Bps
    quote_lamports: PositiveLamports
    base_units: PositiveUnits
    cause: ExitCause
    schema: Schema = SCHEMA
    mode: Mode | None = None
    """Which book holds the position; None: the effective mode's if it holds enough, else the other's."""
    urgency: Count = 0
    """How much harder than the first time it is tried: slippage, priority fee and tip rise with it, up to the policy's caps."""
    wished_ns: StampNs = 0
    """When position_manager made it."""
    event_ns: StampNs = 0
    """Time of the price that caused it; `time_ns` is when it was decided. 0: no price did: time, a person, a refusal of the one before."""


Intent = OrderIntent | ExitIntent


class ApprovedOrder(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="approved_order"):
    """risk_guardian's yes. A type nobody else makes; `approval` is its Ed25519 DSSE envelope over the exact intent."""

    intent: Intent
    mode: Mode
    policy_hash: Hash
    halt_epoch: Count
    time_ns: TimeNs
    approval: Annotated[bytes, Meta(max_length=4_096)]
    schema: Schema = SCHEMA


def way_of(
    intent: Intent, approved: ApprovedOrder | None = None, *, taken_ns: int = 0, quoted_ns: int = 0, signed_ns: int = 0, sent_ns: int = 0
) -> Way:
    """Return an order's hops so far: its wish, risk_guardian's yes where there was one, and what wallet_guard stamped since (ns)."""
    if isinstance(intent, ExitIntent):
        by, wish, size, event_ns = EXITS, intent.cause.value, intent.size_units, intent.event_ns or intent.time_ns
    else:
        by, wish, event_ns = STRATEGY, intent.reason, intent.time_ns
        size = intent.size_lamports if intent.side is Side.BUY else intent.size_units
    yes = (approved.time_ns, approved.policy_hash, approved.halt_epoch) if approved is not None else (0, "", 0)
    return Way(
        intent.event_id, intent.slot, event_ns, intent.wished_ns, wish, size, intent.slippage_bps_max,
        *yes, taken_ns, quoted_ns, signed_ns, sent_ns, by, approved.mode if approved is not None else None,
    )  # fmt: skip


class FillStatus(StrEnum):
    """A landed transaction may still have failed on chain: then only its fee moved."""

    FILLED = "filled"
    FAILED = "failed"


class Fill(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="fill"):
    """What really happened to the wallet, to the lamport. Constructed by wallet_guard alone.

    sol_delta_lamports is the whole change of the wallet's SOL (wrapped SOL included), so for a buy it is
    -(spent + fee + tip + rent), and fee, tip and rent are its parts, not additions to it.
    """

    intent_id: Id
    strategy: StrategyId
    mode: Mode
    attempt: Count
    signature: Annotated[str, Meta(min_length=1, max_length=128)]
    """Base58 signature on chain; `paper:<intent id>:<attempt>` on paper."""
    status: FillStatus
    side: Side
    mint: Pubkey
    slot: Slot
    time_ns: TimeNs
    sol_delta_lamports: DeltaLamports
    token_delta_units: DeltaUnits
    fee_lamports: Lamports
    """Base and priority fee of the network."""
    tip_lamports: Lamports
    rent_lamports: DeltaLamports
    """Paid for accounts opened (positive) or returned by accounts closed (negative)."""
    venue_fee_lamports: Lamports
    """The pool's own fee, already inside the price: information, not money on top."""
    quoted_out: Units
    """What the quote promised: units on a buy, lamports on a sell."""
    intent_time_ns: TimeNs
    decimals: Annotated[int, Meta(ge=0, le=19)] = 6
    exit_cause: ExitCause | None = None
    error: Label = ""
    schema: Schema = SCHEMA
    way: Way | None = None
    """None: of a release that did not carry it."""

    @property
    def settled_key(self) -> str:
        """What it is remembered by where each fill counts once: a failed attempt's own, else the order's, which it ends."""
        return settled_key(self.intent_id, self.attempt, self.status)


def settled_key(intent_id: str, attempt: int, status: FillStatus) -> str:
    """Return `Fill.settled_key` of a fill that is known by these three."""
    return f"{intent_id}:{attempt}" if status is FillStatus.FAILED else intent_id


class Rejection(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="rejection"):
    """A stage said no, or the order ended without landing. Final for this intent."""

    intent_id: Id
    strategy: StrategyId
    stage: Label
    reason: ReasonCode
    detail: Annotated[str, Meta(max_length=512)]
    time_ns: TimeNs
    mint: Pubkey
    side: Side
    schema: Schema = SCHEMA
    way: Way | None = None
    """None: of a release that did not carry it, or of an intent that another than its strategy wrote: its words are nobody's."""


Outcome = Fill | Rejection
"""Every intent ends in exactly one filled Fill or one Rejection; failed Fills may come before (one per failed attempt)."""
