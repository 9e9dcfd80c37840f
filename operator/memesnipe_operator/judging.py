"""The effective mode of a Strategy in this installation, with every gate's answer. Pure; the gates are those of a host."""

from memesnipe.control.gates import Condition, Facts, judge
from memesnipe.manifests.models import lamports
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe_operator.resources.plan import Running
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
    """Judge the spec that RUNS: evidence for the one that is asked for says nothing about the one that took its place."""
    facts = Facts(
        paper_switch=paper_switch,
        asked=view.mode_asked,
        genesis=genesis,
        spec_hash=running.spec_hash,
        policy_bound=policy is not None,
        capital_lamports=lamports(allocation.spec.capital_sol) if allocation else 0,
        halt=HaltState.ACTIVE,
        paused=view.spec.paused,
    )
    return judge(facts)
