"""How people, policies and capital speak to the services."""

from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.messages.bounds import (
    SCHEMA,
    Bps,
    Count,
    DeltaLamports,
    HaltState,
    Hash,
    Id,
    Label,
    Lamports,
    Mode,
    Pubkey,
    Schema,
    StrategyId,
    Text,
    TimeNs,
    Units,
)

PORTFOLIO = "*"
"""The scope of a halt that is for everyone."""


class HaltCommand(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="halt"):
    """On kill_switch_channel, which is folded from its start by everyone: each entry makes a new halt epoch."""

    id: Id
    scope: Annotated[str, Meta(min_length=1, max_length=63)]
    """PORTFOLIO or a strategy id."""
    state: HaltState
    by: Label
    reason: Text
    time_ns: TimeNs
    schema: Schema = SCHEMA
    epoch: Annotated[int, Meta(ge=0, le=2**40)] = 0
    """The epoch is at least this after the entry: set where control says again what a channel lost, so that no epoch comes twice."""


class CloseRequest(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="close_request"):
    """A person asks position_manager to close a position; it alone makes the ExitIntent."""

    id: Id
    strategy: StrategyId
    mint: Pubkey
    by: Label
    time_ns: TimeNs
    schema: Schema = SCHEMA


class RiskLimits(msgspec.Struct, frozen=True, array_like=True):
    """Limits as data, made from a RiskPolicy manifest. Lamports, bps, ms."""

    trade_size_lamports_max: Lamports
    strategy_exposure_lamports_max: Lamports
    token_exposure_lamports_max: Lamports
    portfolio_exposure_lamports_max: Lamports
    open_positions_max: Count
    orders_per_minute_max: Count
    slippage_bps_max: Bps
    drawdown_bps_max: Bps
    event_age_ms_max: Count
    clock_skew_ms_max: Count
    stop_loss_bps: Bps
    take_profit_bps: Annotated[int, Meta(ge=0, le=10_000_000)]
    time_stop_s: Count
    guard_trade_size_lamports_max: Lamports
    """wallet_guard's own; it also has a setting of its own and takes the smaller."""
    priority_fee_lamports_max: Lamports
    tip_lamports_max: Lamports
    spend_lamports_per_hour_max: Lamports
    spend_lamports_per_day_max: Lamports


class StrategyConfig(msgspec.Struct, frozen=True, array_like=True):
    """An applied Strategy as the other stages need to know it."""

    id: StrategyId
    plugin: StrategyId
    """Entry-point name of the code."""
    spec_hash: Hash
    mode: Mode
    """Effective mode, after switch and gates."""
    paused: bool = False


class Weighing(msgspec.Struct, frozen=True, array_like=True):
    """How the allocator weighs strategies by their results; absent: it does not."""

    review_every_s: Annotated[int, Meta(ge=60, le=31_536_000)] = 86_400
    period_s: Annotated[int, Meta(ge=60, le=31_536_000)] = 86_400
    """One observation: net results closed within it, per lamport of capital."""
    floor_bps: Bps = 200
    """The weight of a new strategy, where there are few enough of them."""
    drawdown_bps_max: Annotated[int, Meta(ge=1, le=10_000)] = 2_500
    """At this fall from the highest equity nothing is at risk any more."""
    turnover_bps: Bps = 100
    """What moving the whole capital from one strategy to others costs."""


class ConfigApplied(msgspec.Struct, frozen=True, array_like=True, tag="config"):
    """The whole applied configuration, on config_channel; the newest entry is in force."""

    version: Count
    time_ns: TimeNs
    policy_hash: Hash
    limits: RiskLimits
    strategies: Annotated[tuple[StrategyConfig, ...], Meta(max_length=1_024)]
    capital_lamports: Lamports
    weights_bps: Annotated[tuple[Bps, ...], Meta(max_length=1_024)] = ()
    """Fixed weights by strategy, in the order of `strategies`; empty: the allocator decides."""
    genesis: Hash = ""
    schema: Schema = SCHEMA
    weighing: Weighing | None = None


class StrategyRegistered(msgspec.Struct, frozen=True, array_like=True, tag="strategy_registered"):
    """strategy_factory found this code and says what it is, what it reads and how it may hurt."""

    plugin: StrategyId
    version: Label
    code_hash: Hash
    subscriptions: Annotated[tuple[Label, ...], Meta(max_length=8)]
    parameters_schema: Annotated[bytes, Meta(max_length=65_536)]
    """JSON Schema of the parameters."""
    risk_profile: Annotated[bytes, Meta(max_length=16_384)]
    """JSON: thesis, exposures, failure modes, holding time, loss per trade."""
    time_ns: TimeNs
    schema: Schema = SCHEMA


class StrategyAllocation(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="strategy_allocation"):
    """One strategy's share; its projection goes to allocations:<strategy>."""

    strategy: StrategyId
    version: Count
    weight_bps: Bps
    capital_lamports: Lamports
    time_ns: TimeNs
    schema: Schema = SCHEMA


class AllocationDecision(msgspec.Struct, frozen=True, array_like=True, tag="allocation"):
    """Every decision of the allocator is a versioned record that can be replayed to the same weights."""

    version: Count
    time_ns: TimeNs
    inputs_hash: Hash
    method: Label
    reason: Text
    shares: Annotated[tuple[StrategyAllocation, ...], Meta(max_length=1_024)]
    schema: Schema = SCHEMA


class PositionUpdate(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="position_update"):
    """position_manager's word on one position of one strategy, on position_updates_channel."""

    strategy: StrategyId
    mode: Mode
    mint: Pubkey
    units: Units
    cost_lamports: Lamports
    """What the units still held cost, fees included."""
    mark_lamports: Lamports
    """What selling them now would bring, by the last price."""
    realized_lamports: DeltaLamports
    """Net of everything, since the position's first trade."""
    stop_quote_lamports: Lamports
    """With stop_base_units: the stop's price ratio; 0 units means the position has no stop, which is an alert."""
    stop_base_units: Units
    time_ns: TimeNs
    decimals: Annotated[int, Meta(ge=0, le=19)] = 6
    schema: Schema = SCHEMA


class Holding(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Units of one token that an account holds, what they cost with all fees, and what they would bring (lamports)."""

    mint: Pubkey
    units: Units
    cost_lamports: Lamports
    mark_lamports: Lamports


class HeldAccount(msgspec.Struct, frozen=True, array_like=True):
    """What the ledger knows of one strategy in one mode."""

    strategy: StrategyId
    mode: Mode
    realized_lamports: DeltaLamports
    holdings: Annotated[tuple[Holding, ...], Meta(max_length=1_024)]
    settled: Annotated[tuple[Text, ...], Meta(max_length=1_024)]
    """`Fill.settled_key` of the recent fills that are in it, oldest first: one that is said again must not be counted again."""
    closed: Count = 0
    """Trades closed, as far back as position_manager keeps them."""


class Holdings(msgspec.Struct, frozen=True, array_like=True, tag="holdings"):
    """position_manager's word on everything that is held, out of the ledger; no accounts: nothing was ever traded.

    A stage whose own book is gone starts from it. One message, so that nobody ever takes half of it for the whole.
    """

    accounts: Annotated[tuple[HeldAccount, ...], Meta(max_length=2_048)]
    schema: Schema = SCHEMA
