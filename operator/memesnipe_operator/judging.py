"""The effective mode of a Strategy in this installation, with every gate's answer. Pure; the gates are those of a host."""

from memesnipe.control.applied import digest
from memesnipe.control.gates import Condition, Facts, Verdict, judge
from memesnipe.manifests.models import lamports
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe_operator.resources.plan import Running
from memesnipe_operator.stability import runnable
from memesnipe_operator.views import AllocationView, RiskPolicyView, StrategyView

Judged = tuple[Mode, tuple[Condition, ...]]


def judged(
    view: StrategyView,
    running: Running,
    policy: RiskPolicyView | None,
    allocation: AllocationView | None,
    *,
    paper_switch: bool,
    genesis: str,
) -> Judged:
    """Judge the spec that RUNS: evidence for the one that is asked for says nothing about the one that took its place.

    One that took its place is on paper: a person took another live. What it holds keeps its exits.
    """
    in_its_place = running.digest != digest(runnable(view.spec))
    facts = Facts(
        paper_switch=paper_switch,
        asked=Mode.PAPER if in_its_place else view.mode_asked,
        genesis=genesis,
        spec_hash=running.spec_hash,
        policy_bound=policy is not None,
        capital_lamports=lamports(allocation.spec.capital_sol) if allocation else 0,
        halt=HaltState.ACTIVE,
        paused=view.spec.paused,
    )
    mode, conditions = judge(facts)
    if in_its_place and view.mode_asked is Mode.LIVE:
        return mode, tuple(_rolled_back() if one.type == "LiveRequested" else one for one in conditions)
    return mode, conditions


def _rolled_back() -> Condition:
    message = "lastStableSpec runs in place of the spec that was taken live, so it is on paper: change spec, or set it back"
    return Condition("LiveRequested", Verdict.FALSE, "RolledBack", message)
