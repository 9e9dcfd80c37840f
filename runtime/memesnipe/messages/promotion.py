"""How a strategy stands between paper and its whole share of live capital, and what that is judged by."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.messages.bounds import SCHEMA, Bps, Count, Hash, Id, Schema, StrategyId, Text, TimeNs


class PromotionStage(StrEnum):
    """Where a strategy stands. Only CANARY and FULL get live capital."""

    PAPER = "paper"
    PROPOSED = "proposed"
    """Everything is shown that can be shown on paper: a person may take it live."""
    CANARY = "canary"
    """Live with a part of its share, which grows by results."""
    FULL = "full"
    DEMOTED = "demoted"
    """Its effective mode has to become paper, at once."""
    COOL_DOWN = "cool_down"
    """On paper until a time is over, and until it is asked for anew."""


HELD = frozenset({PromotionStage.DEMOTED, PromotionStage.COOL_DOWN})
"""Stages in which a strategy's effective mode is paper, whatever its manifest asks for."""


class PromotionTerms(msgspec.Struct, frozen=True, array_like=True):
    """The demands of a promotion, made from an Allocation; absent in a configuration: nothing is asked for on this chain."""

    canary_first_bps: Annotated[int, Meta(ge=1, le=10_000)] = 500
    """Of what the allocator would give: the first step."""
    canary_steps: Annotated[int, Meta(ge=1, le=20)] = 3
    """Steps before the whole, each larger than the one before by the same factor."""
    canary_trades_min: Count = 30
    """Live trades closed in each step."""
    loss_level_bps: Annotated[int, Meta(ge=1, le=10_000)] = 500
    """The odds that a strategy which loses nothing at the mean is ever demoted for losing."""
    decay_alarm_trades: Annotated[int, Meta(ge=2, le=1_000_000)] = 1_000
    """A strategy that still brings what paper showed is demoted for decay once in so many trades, at most."""
    drawdown_bps_max: Bps = 2_000
    """Of the strategy's own live capital, at marks."""
    refused_bps_max: Bps = 5_000
    """Of the newest orders that the guard or the signer may refuse."""
    cool_down_s: Count = 86_400
    """After the first demotion; each further one doubles it."""
    gap_bps_max: Bps = 100
    in_band_bps_min: Bps = 9_000
    """What the paired gap of live and paper is judged by."""
    paper_trades_min: Count = 100
    """0: a person's word that nothing has to be shown on paper."""


class PromotionStep(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="promotion"):
    """autonomous_allocator's word on one strategy, on promotions_channel, which is folded: the newest of a strategy counts."""

    id: Id
    strategy: StrategyId
    version: Count
    """The strategy's own count of words, from 1."""
    before: PromotionStage
    after: PromotionStage
    step: Count
    """Of the canary, from 1; 0 outside it."""
    steps: Count
    weight_bps: Bps
    """Of what the allocator would give, while it is live."""
    reason: Text
    """What a person reads."""
    facts_hash: Hash
    """Of all that it was decided by."""
    spec_hash: Hash
    time_ns: TimeNs
    until_ns: Annotated[int, Meta(ge=0, le=2**62)] = 0
    """When the cool-down ends; 0 outside one."""
    schema: Schema = SCHEMA
    code_hash: Hash = ""
    """Of the code that this is about; empty: it was not known."""

    @property
    def held(self) -> bool:
        """Whether its effective mode is paper by this word."""
        return self.after in HELD
