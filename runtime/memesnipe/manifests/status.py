"""What the operator writes back: the status of each kind, and the columns of `kubectl get`; the CRDs are made from both."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from memesnipe.manifests.fields import STRATEGIES_MAX, BpsField, Model, Name
from memesnipe.manifests.kill_switch import HaltName
from memesnipe.manifests.promotion import Share
from memesnipe.messages.bounds import Mode

YesNo = Literal["Yes", "No"]
ShortText = Annotated[str, Field(max_length=1_024)]
Digest = Annotated[str, Field(max_length=128)]
SolText = Annotated[str, Field(max_length=32, pattern=r"^[+-]?[0-9]+(\.[0-9]+)?$", json_schema_extra={"x-unit": "SOL"})]
Version = Annotated[int, Field(ge=0, le=2**53)]
GATES = (
    "SwitchedLive",
    "LiveRequested",
    "ChainKnown",
    "EvidencePassed",
    "PaperProven",
    "RiskPolicyBound",
    "CapitalAllocated",
    "NotPaused",
    "NotDemoted",
)
"""Conditions that must not be False before a Strategy trades live; a waived one is Unknown with the reason Waived."""


class Condition(Model):
    """One thing that is so, or is not, and why (KEP-1623)."""

    type: Annotated[str, Field(max_length=316, pattern=r"^[A-Za-z][A-Za-z0-9.\-/]*$")]
    """What it is about."""
    status: Literal["True", "False", "Unknown"]
    """Unknown with the reason Waived: not asked for on this chain, which is not the same as passed."""
    reason: Annotated[str, Field(min_length=1, max_length=1_024, pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")]
    """One word for programs."""
    message: Annotated[str, Field(max_length=32_768)]
    """What a person can do about it."""
    last_transition_time: datetime
    """When the status last changed."""
    observed_generation: Version | None = None
    """The metadata.generation it was judged on."""


Conditions = Annotated[list[Condition], Field(max_length=32, json_schema_extra={"x-list-map-key": "type"})]


class Column(Model):
    """One column of `kubectl get`."""

    name: str
    path: str
    """Where the value is, as a JSON path."""
    type: Literal["string", "integer", "number", "date"] = "string"
    wide: bool = False
    """Shown only by `-o wide`."""
    description: str


class Status(Model):
    """What every kind reports."""

    columns: ClassVar[tuple[Column, ...]] = ()
    observed_generation: Version | None = None
    """The metadata.generation that this status speaks of; older than metadata.generation: the operator has not seen the change yet."""
    config_version: Version | None = None
    """The version of the applied configuration that holds this object."""
    conditions: Conditions = Field(default_factory=list)
    """One for each thing that is judged."""


WHOLE: dict[str, Any] = {"x-kubernetes-map-type": "atomic"}
"""Written whole: merged key by key, a map that became empty would come out of a server-side apply as null."""


def _column(name: str, path: str, description: str, **rest: Any) -> Column:
    return Column(name=name, path=path, description=description, **rest)


AGE = _column("AGE", ".metadata.creationTimestamp", "How long it has existed.", type="date")


class EvidenceStatus(Model):
    """The record of evidence that speaks for a Strategy, or against it."""

    record_hash: Digest
    """SHA-256 of the record, by which it is whole."""
    verdict: Literal["Passed", "Failed"]
    """Whether its numbers meet the Allocation's promotion policy as it is now; the condition EvidencePassed says whether it counts."""
    dsr: Share | None = None
    """Deflated Sharpe ratio; absent: it could not be measured."""
    pbo: Share | None = None
    """Probability of backtest overfitting; absent: it could not be measured, or nothing was chosen."""
    trades: Annotated[int, Field(ge=0, le=2**53)]
    """Trades closed out of sample."""
    made_at: datetime
    """When it was judged."""


class PromotionStatus(Model):
    """Where a Strategy stands between paper and its whole share of live capital, by autonomous_allocator's newest word."""

    stage: Literal["Paper", "Proposed", "Canary", "Full", "Demoted", "CoolDown"]
    """Proposed: everything is shown that can be shown on paper, and a person may take it live. Demoted and CoolDown: it is on paper."""
    step: Annotated[int, Field(ge=1, le=20)] | None = None
    """Of the canary."""
    steps: Annotated[int, Field(ge=1, le=20)] | None = None
    """How many there are."""
    weight_bps: BpsField
    """How much of its share it gets while it is live."""
    reason: ShortText
    """What is missing, what was shown, or what went wrong."""
    since: datetime
    """When it was said."""
    until: datetime | None = None
    """When the cool-down ends."""


class StrategyStatus(Status):
    """How a strategy fares."""

    columns: ClassVar[tuple[Column, ...]] = (
        _column("MODE", ".status.mode", "paper or live, as it is, not as it is asked for."),
        _column("TRADING", ".status.trading", "Whether it may make orders now."),
        _column("WHY", ".status.why", "What keeps it from trading, or from live."),
        _column("POSITIONS", ".status.openPositions", "Open positions.", type="integer"),
        _column("PNL(SOL)", ".status.pnlSol", "Profit or loss: realized, and what is held at its last price."),
        _column("DRAWDOWN(BPS)", ".status.drawdownBps", "How far below its highest point.", type="integer"),
        _column("LAST-SIGNAL", ".status.lastSignalTime", "How long ago it last wanted something.", type="date"),
        AGE,
        _column("CODE", ".spec.strategy", "Entry point of the code.", wide=True),
        _column("EVIDENCE", ".status.conditions[?(@.type=='EvidencePassed')].reason", "What the gate says of its evidence.", wide=True),
        _column("PROMOTION", ".status.promotion.stage", "Where it stands between paper and its whole share.", wide=True),
        _column("READY", ".status.conditions[?(@.type=='Ready')].status", "Whether its pod runs the spec.", wide=True),
        _column("SPEC-HASH", ".status.specHash", "Hash of code name and parameters.", wide=True),
    )
    mode: Mode | None = None
    """The effective mode, after the installation's switch and every gate."""
    trading: YesNo | None = None
    """Whether it may make orders now."""
    why: ShortText | None = None
    """What keeps it from trading, or from live; empty when nothing does."""
    halt: HaltName | None = None
    """The halt that counts for it: the more severe of everyone's and its own."""
    spec_hash: Digest | None = None
    """Hash of code name and parameters, as asked for."""
    running_spec_hash: Digest | None = None
    """Hash of what the pod runs."""
    stable_spec_hash: Digest | None = None
    """Hash of lastStableSpec."""
    last_stable_spec: dict[str, Any] | None = Field(default=None, json_schema_extra=WHOLE)
    """The last spec that ran without trouble: what to go back to."""
    failed_spec_hash: Digest | None = None
    """Hash of a spec that did not come up: lastStableSpec runs in its place until the spec changes again."""
    open_positions: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    """Positions it holds."""
    pnl_sol: SolText | None = None
    """Profit or loss with its sign: what was realized, and what is held at its last price."""
    peak_pnl_sol: SolText | None = None
    """The highest profit or loss that was seen: what the drawdown is measured from."""
    drawdown_bps: BpsField | None = None
    """How far its equity is below its highest point."""
    evidence: EvidenceStatus | None = None
    """The evidence for what its pod runs; absent: there is no record that is whole."""
    promotion: PromotionStatus | None = None
    """Where it stands between paper and its whole share; absent: nothing was said, or nothing is asked for on this chain."""
    last_signal_time: datetime | None = None
    """When it last wanted something."""


class ShareStatus(Model):
    """What one strategy gets."""

    strategy: Name
    """Strategy name."""
    weight_bps: BpsField
    """Its share of the capital."""
    capital_sol: SolText
    """The same in SOL."""


class AllocationStatus(Status):
    """The allocation decision in force."""

    columns: ClassVar[tuple[Column, ...]] = (
        _column("CAPITAL(SOL)", ".spec.capitalSol", "What all strategies share.", type="number"),
        _column("METHOD", ".spec.method", "How it is shared out."),
        _column("IN-FORCE", ".status.inForce", "Whether services use it."),
        _column("DECISION", ".status.decisionVersion", "Number of the newest decision.", type="integer"),
        AGE,
        _column("REASON", ".status.reason", "Why the newest decision was made.", wide=True),
        _column("CONFIG", ".status.configVersion", "Version of the applied configuration.", type="integer", wide=True),
    )
    in_force: YesNo | None = None
    """Whether the applied configuration holds this generation."""
    decision_version: Version | None = None
    """Number of the newest decision."""
    method: ShortText | None = None
    """How the newest decision was made."""
    reason: ShortText | None = None
    """Why it was made."""
    capital_sol: SolText | None = None
    """The capital it shared out."""
    weights: Annotated[list[ShareStatus], Field(max_length=STRATEGIES_MAX, json_schema_extra={"x-list-map-key": "strategy"})] | None = None
    """Who gets what."""


class RiskPolicyStatus(Status):
    """The limits and halts in force."""

    columns: ClassVar[tuple[Column, ...]] = (
        _column("HALT", ".status.halt", "The halt that is for everyone."),
        _column("WHY", ".status.haltReason", "Why."),
        _column("DRAWDOWN-MAX", ".spec.drawdownBpsMax", "bps below the highest point at which everything halts.", type="integer"),
        _column("EXPOSURE-MAX", ".spec.portfolioExposureSolMax", "SOL that may be held and on order.", type="number"),
        _column("IN-FORCE", ".status.inForce", "Whether services use it."),
        AGE,
        _column("EPOCH", ".status.haltEpoch", "How many halt commands there were.", type="integer", wide=True),
        _column("CONFIG", ".status.configVersion", "Version of the applied configuration.", type="integer", wide=True),
        _column("POLICY-HASH", ".status.policyHash", "Hash of all limits.", wide=True),
    )
    in_force: YesNo | None = None
    """Whether the applied configuration holds this generation."""
    policy_hash: Digest | None = None
    """Hash of all limits, which approvals and leases carry."""
    halt: HaltName | None = None
    """The halt that is in force for everyone, whoever commanded it."""
    halt_reason: ShortText | None = None
    """Why."""
    halt_epoch: Annotated[int, Field(ge=0, le=2**40)] | None = None
    """How many commands there were: an approval from before the last one is dead."""
    strategy_halts: Annotated[dict[Name, HaltName], Field(max_length=STRATEGIES_MAX)] | None = Field(default=None, json_schema_extra=WHOLE)
    """Halts in force for single strategies."""
