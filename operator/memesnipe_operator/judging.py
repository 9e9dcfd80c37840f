"""The effective mode of a Strategy in this installation, with every gate's answer. Pure; the gates are those of a host."""

import msgspec

from memesnipe.control.applied import digest
from memesnipe.control.evidence import Answer
from memesnipe.control.gates import Condition, Facts, Verdict, evidence_of, judge, promotion
from memesnipe.control.promotions import Words
from memesnipe.control.proofs import Sighting, Track
from memesnipe.manifests.models import lamports
from memesnipe.manifests.promotion import Promotion
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe_operator.resources.plan import Running
from memesnipe_operator.stability import runnable
from memesnipe_operator.views import AllocationView, RiskPolicyView, StrategyView

Judged = tuple[Mode, tuple[Condition, ...]]


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What Strategies are judged by, beside themselves."""

    paper_switch: bool
    genesis: str
    now_ns: int
    policy: RiskPolicyView | None
    allocation: AllocationView | None
    track: Track = Track()
    words: Words = {}
    """autonomous_allocator's newest, by Strategy."""


def judged(view: StrategyView, running: Running, evidence: tuple[Sighting, ...], around: Around) -> Judged:
    """Judge the spec that RUNS: evidence for the one that is asked for says nothing about the one that took its place.

    One that took its place is on paper: a person took another live. What it holds keeps its exits.
    """
    mode, conditions = judge(_facts(view, running, evidence, around))
    if _is_rolled_back(view, running):
        return mode, tuple(_rolled_back() if one.type == "LiveRequested" else one for one in conditions)
    return mode, conditions


def evidenced(view: StrategyView, running: Running, evidence: tuple[Sighting, ...], around: Around) -> Answer:
    """Return what the evidence for the spec that runs says, asked for on this chain or not."""
    return evidence_of(_facts(view, running, evidence, around))


def promoted(view: StrategyView, running: Running, around: Around) -> Condition:
    """Return where a Strategy stands between paper and its whole share."""
    return promotion(_facts(view, running, (), around))


def _facts(view: StrategyView, running: Running, evidence: tuple[Sighting, ...], around: Around) -> Facts:
    allocation, track = around.allocation, around.track
    return Facts(
        paper_switch=around.paper_switch,
        asked=Mode.PAPER if _is_rolled_back(view, running) else view.mode_asked,
        genesis=around.genesis,
        plugin=running.plugin,
        spec_hash=running.spec_hash,
        now_ns=around.now_ns,
        promotion=allocation.spec.promotion if allocation else Promotion(),
        evidence=evidence,
        code_hash=track.code.get(running.plugin, ""),
        paper_trades=track.closed_on_paper(view.name),
        paper_gap=track.gaps.get(view.name),
        policy_bound=around.policy is not None,
        capital_lamports=lamports(allocation.spec.capital_sol) if allocation else 0,
        halt=HaltState.ACTIVE,
        paused=view.spec.paused,
        word=around.words.get(view.name),
    )


def _is_rolled_back(view: StrategyView, running: Running) -> bool:
    """Whether another spec runs than the one that was taken live. On paper nobody asks: to find out costs more than all the gates."""
    return view.mode_asked is Mode.LIVE and running.digest != digest(runnable(view.spec))


def _rolled_back() -> Condition:
    message = "lastStableSpec runs in place of the spec that was taken live, so it is on paper: change spec, or set it back"
    return Condition("LiveRequested", Verdict.FALSE, "RolledBack", message)
