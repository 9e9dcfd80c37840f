"""RiskPolicy: the limits every order is held against, in one place for risk_guardian, wallet_guard, position_manager and the signer."""

from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field

from memesnipe.manifests.breakers import Breakers
from memesnipe.manifests.exits import Exits
from memesnipe.manifests.fields import (
    BpsField,
    Change,
    CountField,
    GoalBps,
    Milliseconds,
    Model,
    Rule,
    Seconds,
    Sol,
    applied,
    applied_object,
    on_change,
)
from memesnipe.manifests.kill_switch import KillSwitch
from memesnipe.manifests.market import Market

INCLUSION_SOL_MAX = 1
"""More than one SOL for a place in a block is a slip of the pen, or somebody who wants the wallet emptied in fees."""


def _at_most(smaller: str, larger: str) -> Rule:
    """Two limits of which one can never bind: whoever wrote them meant something else."""
    inside, outside = _attribute(smaller), _attribute(larger)
    return Rule(
        f"self.{smaller} <= self.{larger}",
        f"{smaller} is more than {larger}, which would bind first",
        lambda spec: getattr(spec, inside) <= getattr(spec, outside),
    )


def _attribute(alias: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in alias)


class RiskPolicySpec(Model):
    """Limits. Every one has a default that is small; none can be switched off by leaving it out."""

    rules: ClassVar[tuple[Rule, ...]] = (
        _at_most("tradeSizeSolMax", "strategyExposureSolMax"),
        _at_most("strategyExposureSolMax", "portfolioExposureSolMax"),
        _at_most("tokenExposureSolMax", "portfolioExposureSolMax"),
        _at_most("spendSolPerHourMax", "spendSolPerDayMax"),
        Rule(
            f"self.priorityFeeSolMax + self.tipSolMax <= {INCLUSION_SOL_MAX}.0",
            f"priorityFeeSolMax and tipSolMax are more than {INCLUSION_SOL_MAX} SOL together for one transaction",
            lambda spec: float(spec.priority_fee_sol_max) + float(spec.tip_sol_max) <= INCLUSION_SOL_MAX,
        ),
    )
    trade_size_sol_max: Sol = applied(Decimal("0.5"))
    """The largest single buy that risk_guardian approves."""
    strategy_exposure_sol_max: Sol = applied(Decimal(5))
    """The most that one strategy may hold and have on order."""
    token_exposure_sol_max: Sol = applied(Decimal(1))
    """The most that all strategies together may hold and have on order in one token."""
    portfolio_exposure_sol_max: Sol = applied(Decimal(10))
    """The most that all strategies together may hold and have on order."""
    open_positions_max: CountField = applied(20)
    """How many positions may be open at once."""
    orders_per_minute_max: CountField = applied(60)
    """How many orders one strategy may ask for in a minute: one that loops is stopped before its fees are the loss."""
    slippage_bps_max: BpsField = applied(1_500)
    """The most slippage an order may ask for; exits double theirs up to it."""
    drawdown_bps_max: BpsField = applied(2_000)
    """How far equity may fall below its highest point; then everything is Halted until a person resumes."""
    event_age_ms_max: Milliseconds = applied(5_000)
    """An intent from an event older than this is refused: the market it was about is gone."""
    clock_skew_ms_max: Milliseconds = applied(2_000)
    """An intent from further in the future than this is refused: one of the clocks is wrong."""
    stop_loss_bps: BpsField = applied(2_500)
    """A position is sold when its price is this far below the price paid. 0: no stop."""
    take_profit_bps: GoalBps = applied(10_000)
    """A position is sold when its price is this far above the price paid. 0: no goal."""
    time_stop_s: Seconds = applied(1_800)
    """A position is sold when it is this old. 0: no time stop."""
    guard_trade_size_sol_max: Sol = applied(Decimal(1))
    """wallet_guard's own limit for a single trade, beside risk_guardian's; it also has a setting of its own and takes the smaller."""
    priority_fee_sol_max: Sol = applied(Decimal("0.005"))
    """The highest priority fee of one transaction."""
    tip_sol_max: Sol = applied(Decimal("0.005"))
    """The highest tip of one transaction."""
    spend_sol_per_hour_max: Sol = applied(Decimal(20))
    """What the signer lets leave the wallet within an hour."""
    spend_sol_per_day_max: Sol = applied(Decimal(100))
    """What the signer lets leave the wallet within a day."""
    breakers: Breakers = applied_object(Breakers)
    """When risk_guardian stops buying by itself. Sells and exits always pass."""
    exits: Exits = applied_object(Exits)
    """How positions are sold beyond stop, goal and time stop."""
    market: Market = applied_object(Market)
    """Which markets are bought in, and how much in those that fall together. Sells and exits always pass."""
    kill_switch: KillSwitch | None = Field(default=None, json_schema_extra=on_change(Change.COMMAND))
    """A person's halt or resume, for everyone or by strategy. Absent: nothing is commanded."""
    on_delete: Literal["Close", "Refuse"] | None = Field(
        default=None, json_schema_extra={**on_change(Change.APPLIED), "x-cluster-default": "Close"}
    )
    """What deleting a Strategy with open positions does: `Close` sells them first, `Refuse` refuses the deletion. Absent: Close."""
