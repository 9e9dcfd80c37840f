"""Allocation: the capital, how it is shared out between strategies, and what a strategy must show to get real money."""

from typing import ClassVar, Literal

from pydantic import Field

from memesnipe.manifests.fields import STRATEGIES_MAX, BpsField, Change, Model, Name, Rule, Sol, applied, applied_object, on_change
from memesnipe.manifests.promotion import Promotion

WHOLE_BPS = 10_000


class WeighingSpec(Model):
    """How `adaptive` weighs."""

    base: Literal["hrp", "risk_parity"] = applied("hrp")
    """Shares at equal risk, which no strategy may leave far behind it: `hrp`, hierarchical risk parity, in which alike strategies share
    what one of them would get; `risk_parity`, in which each contributes the same to the variance."""


class AllocationSpec(Model):
    """How capital is shared out."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.method != 'fixed' || (has(self.weightsBps) && size(self.weightsBps) > 0)",
            "weightsBps: method fixed needs weights",
            lambda spec: spec.method != "fixed" or bool(spec.weights_bps),
        ),
        Rule(
            "self.method == 'fixed' || !has(self.weightsBps) || size(self.weightsBps) == 0",
            "weightsBps: only method fixed takes weights; set method: fixed or remove them",
            lambda spec: spec.method == "fixed" or not spec.weights_bps,
        ),
        Rule(
            f"!has(self.weightsBps) || self.weightsBps.map(name, self.weightsBps[name]).sum() <= {WHOLE_BPS}",
            f"weightsBps sum to more than {WHOLE_BPS}",
            lambda spec: sum(spec.weights_bps.values()) <= WHOLE_BPS,
        ),
    )
    capital_sol: Sol = Field(json_schema_extra=on_change(Change.APPLIED))
    """What all strategies share. More of it needs the verb `golive` on allocations."""
    method: Literal["equal", "fixed", "adaptive"] = applied("equal")
    """`equal`: each strategy that is not paused gets the same; `fixed`: by weightsBps; `adaptive`: by what each one earned."""
    weights_bps: dict[Name, BpsField] = Field(default_factory=dict, max_length=STRATEGIES_MAX, json_schema_extra=on_change(Change.APPLIED))
    """`fixed` only: share by Strategy name, 10,000 bps in all at most; who is not named gets nothing."""
    weighing: WeighingSpec = applied_object(WeighingSpec)
    """`adaptive` only: how it weighs."""
    promotion: Promotion = applied_object(Promotion)
    """What must be shown before a Strategy trades live on mainnet."""
