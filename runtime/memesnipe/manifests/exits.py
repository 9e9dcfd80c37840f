"""How positions are sold beyond stop, goal and time stop: a ladder, stops that rise, liquidity, rugs, silence. A part of the RiskPolicy."""

from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import Field

from memesnipe.manifests.fields import BpsField, Change, GoalBps, Model, PositiveBps, Rule, Seconds, Sol, applied, on_change

RUNGS_MAX = 8
BPS = 10_000
Multiple = Annotated[int, Field(ge=0, le=1_000_000, strict=True, json_schema_extra={"x-unit": "bps"})]
Bars = Annotated[int, Field(ge=2, le=1_440, strict=True, json_schema_extra={"x-unit": "minutes"})]
Gain = Annotated[int, Field(ge=1, le=10_000_000, strict=True, json_schema_extra={"x-unit": "bps"})]


class Rung(Model):
    """One step of a take-profit ladder."""

    gain_bps: Gain = Field(json_schema_extra=on_change(Change.APPLIED))
    """How far above the price paid."""
    share_bps: PositiveBps = Field(json_schema_extra=on_change(Change.APPLIED))
    """How much of what the trade bought is sold there."""


class Exits(Model):
    """What only prevents losses is on by default; what is a strategy's choice is off. One table of all exits: docs/reference/exits.md."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.ladder) || (self.ladder.map(one, one.gainBps).isSorted()"
            " && self.ladder.all(one, self.ladder.exists_one(other, other.gainBps == one.gainBps)))",
            "exits.ladder: each rung's gainBps must be more than that of the rung before it",
            lambda exits: all(low.gain_bps < high.gain_bps for low, high in zip(exits.ladder, exits.ladder[1:], strict=False)),
        ),
        Rule(
            f"!has(self.ladder) || self.ladder.map(one, one.shareBps).sum() <= {BPS}",
            f"exits.ladder: the rungs' shareBps are more than {BPS} together",
            lambda exits: sum(one.share_bps for one in exits.ladder) <= BPS,
        ),
    )
    ladder: tuple[Rung, ...] = Field(default=(), max_length=RUNGS_MAX, json_schema_extra=on_change(Change.APPLIED))
    """Parts of a position are sold at these gains; what is left is sold at `takeProfitBps`. Empty: no ladder."""
    trailing_bps: BpsField = applied(0)
    """A position is sold when its price is this far below its highest price since entry. 0: no trailing stop."""
    trailing_from_bps: GoalBps = applied(0)
    """Both trailing stops wait until the highest price is this far above the price paid. 0: they hold from the first price on."""
    atr_multiple_bps: Multiple = applied(0)
    """A position is sold when its price is so many average true ranges below its highest; 30,000 are three of them. 0: no such stop."""
    atr_bars: Bars = applied(14)
    """Over how many minutes with prices the average true range is taken; until so many were seen since entry, that stop waits."""
    break_even_from_bps: GoalBps = applied(0)
    """Once the price was this far above what the position cost with fees, tips and rent, its stop is at that cost. 0: never."""
    drain_bps: BpsField = applied(5_000)
    """A position is sold when this much of its pool's liquidity was withdrawn: the root of the product of both reserves, which no trade
    lowers, below its highest at that venue since entry. 0: never."""
    supply_rise_bps: BpsField = applied(100)
    """A position is sold when the token's supply grew by this much since it was first looked at. 0: never."""
    holder_rise_bps: BpsField = applied(1_500)
    """A position is sold when one account of a person got this much more of the supply since the token was first looked at. 0: never."""
    stale_alert_s: Seconds = applied(120)
    """A position whose newest price is older than this is told of (`memesnipe_positions_price_stale`). 0: never."""
    stale_exit_s: Seconds = applied(0)
    """A position whose newest price is older than this is sold. 0: never."""
    dust_sol: Sol = applied(Decimal("0.0002"))
    """What is left of a position sold in part is dust while it is worth less than this: its sale would cost more. 0: nothing is."""
