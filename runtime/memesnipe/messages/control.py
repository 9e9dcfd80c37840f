"""How people, policies and capital speak to the services."""

from enum import StrEnum
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
from memesnipe.messages.promotion import PromotionTerms

PORTFOLIO = "*"
"""The scope of a halt that is for everyone."""
ALLOWS = {
    HaltState.ACTIVE: "Strategies trade within their limits.",
    HaltState.REDUCE_ONLY: "No new risk. Sells, stops and closing by hand go on.",
    HaltState.HALTED: "Strategies are silent. Stops and closing by hand go on.",
    HaltState.FROZEN: "Nothing is signed, not even an exit.",
}
"""What goes on in each state, as a person is told."""
BREAKER = "breaker "
"""How risk_guardian's reason for a halt begins where a strategy's own breaker tripped."""


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


class BreakerLimits(msgspec.Struct, frozen=True, array_like=True):
    """When risk_guardian stops buying by itself: `spec.breakers` of a RiskPolicy, in base units. `manifests.breakers` says what each is."""

    portfolio_day_drawdown_bps_max: Bps
    portfolio_week_drawdown_bps_max: Bps
    strategy_drawdown_bps_max: Bps
    strategy_day_drawdown_bps_max: Bps
    strategy_week_drawdown_bps_max: Bps
    losses_in_a_row_max: Count
    losses_pause_s: Count
    rate_breaches_max: Count
    rate_window_s: Count
    token_cooldown_s: Count
    strategy_stops_max: Count
    portfolio_stops_max: Count
    stops_window_s: Count
    stops_pause_s: Count
    closed_drawdown_bps_max: Bps
    closed_trades_min: Count
    closed_window_s: Count
    closed_pause_s: Count
    token_loss_bps_max: Bps
    token_trades_min: Count
    token_window_s: Count
    token_pause_s: Count


class ExitRung(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One step of a take-profit ladder: at this gain over the price paid, this share of what the trade bought is sold."""

    gain_bps: Annotated[int, Meta(ge=1, le=10_000_000)]
    share_bps: Annotated[int, Meta(ge=1, le=10_000)]


class ExitLimits(msgspec.Struct, frozen=True, array_like=True):
    """How position_manager sells beyond stop, goal and time stop: `spec.exits` of a RiskPolicy, in base units; 0 is off everywhere.

    `manifests.exits` says what each is. A message from before there was any has none of them.
    """

    ladder: Annotated[tuple[ExitRung, ...], Meta(max_length=8)] = ()
    trailing_bps: Bps = 0
    trailing_from_bps: Annotated[int, Meta(ge=0, le=10_000_000)] = 0
    atr_multiple_bps: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    atr_bars: Annotated[int, Meta(ge=2, le=1_440)] = 14
    break_even_from_bps: Annotated[int, Meta(ge=0, le=10_000_000)] = 0
    drain_bps: Bps = 0
    supply_rise_bps: Bps = 0
    holder_rise_bps: Bps = 0
    stale_alert_s: Count = 0
    stale_exit_s: Count = 0
    dust_lamports: Lamports = 0


class TokenGroup(msgspec.Struct, frozen=True, array_like=True):
    """Tokens of which a person says that they fall together."""

    name: Label
    mints: Annotated[tuple[Pubkey, ...], Meta(max_length=64)]


class MarketLimits(msgspec.Struct, frozen=True, array_like=True):
    """`spec.market` of a RiskPolicy, in base units; `manifests.market` says what each is. The defaults hold nothing."""

    pool_share_bps_max: Bps = 0
    volatility_bps_max: Annotated[int, Meta(ge=0, le=10_000_000)] = 0
    venue_exposure_lamports_max: Lamports = 0
    group_exposure_lamports_max: Lamports = 0
    correlation_bps_min: Bps = 0
    token_groups: Annotated[tuple[TokenGroup, ...], Meta(max_length=32)] = ()
    expected_shortfall_bps_max: Bps = 0
    feed_age_s_max: Count = 0
    token_price_age_s_max: Count = 0
    skewed_events_max: Count = 0
    duplicate_window_ms: Count = 0


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
    breakers: BreakerLimits | None = None
    """None: the control that said this knew none, and none is held."""
    market: MarketLimits = MarketLimits()
    exits: ExitLimits = ExitLimits()


class StrategyConfig(msgspec.Struct, frozen=True, array_like=True):
    """An applied Strategy as the other stages need to know it."""

    id: StrategyId
    plugin: StrategyId
    """Entry-point name of the code."""
    spec_hash: Hash
    mode: Mode
    """Effective mode, after switch and gates."""
    paused: bool = False
    asked: bool = False
    """Whether live is asked for."""
    unmet: Annotated[tuple[Label, ...], Meta(max_length=32)] = ()
    """Gates that say False, but for who asks, the installation's switch and a demotion."""
    cooling_until_ns: Annotated[int, Meta(ge=0, le=2**62)] = 0
    """End of the cool-down that is kept; 0: there is none."""
    code_hash: Hash = ""
    """Of the code's bytes as strategy_factory registered them last, the release left out; empty: nobody said, which is no code's hash."""


class RiskBase(StrEnum):
    """How shares at equal risk are found."""

    HRP = "hrp"
    """Hierarchical risk parity: alike strategies share what one of them would get."""
    RISK_PARITY = "risk_parity"
    """Each strategy contributes the same to the portfolio's variance."""


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
    base: RiskBase = RiskBase.HRP


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
    promotion: PromotionTerms | None = None
    """By which a strategy goes from paper to its whole share; None: not asked for on this chain."""


class StrategyRegistered(msgspec.Struct, frozen=True, array_like=True, tag="strategy_registered"):
    """strategy_factory found this code and says what it is, what it reads and how it may hurt."""

    plugin: StrategyId
    version: Label
    code_hash: Hash
    """Of its own bytes; empty: it was registered, and is no more."""
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
    live_spec: Hash = ""
    """Where promotion decides: the spec that may have it live, canary's cap included; another has another step. Empty: for paper."""
    live_code: Hash = ""
    """Likewise the hash of the code; empty where it was not known."""


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
