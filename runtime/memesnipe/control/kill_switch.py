"""The kill switch that a RiskPolicy holds: what a person wrote there becomes halt commands. Pure.

`killSwitch` is a person's word like `memesnipe kill`: each CHANGE of it is one command for each scope that changed. What stands
there unchanged says nothing again, so it neither undoes a drawdown halt nor a `memesnipe kill`; to say the same state once more,
change the reason alone. Taking the field away says nothing either: only a written `Active` reopens.
"""

from collections.abc import Mapping

import msgspec

from memesnipe.bus.folds import SEVERITY
from memesnipe.kernel.ids import derive
from memesnipe.manifests.models import KillSwitch
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import PORTFOLIO, HaltCommand

BY = "riskpolicy"
"""Who says it: a person, through the manifest; so it may loosen a halt, as a person may."""


class Said(msgspec.Struct, frozen=True):
    """What the kill switch of the newest RiskPolicy said, by scope; kept, so that a restart does not say it again."""

    states: Mapping[str, HaltState] = {}
    reason: str = ""
    last: Mapping[str, HaltState] = {}
    """The last word on each scope, whether it still stands there or not."""


def said_by(switch: KillSwitch | None, before: Said) -> Said:
    """Return what a RiskPolicy says now: nothing without a kill switch, and nothing to everyone without a state for everyone."""
    if switch is None:
        return Said(last=before.last)
    own = {name: word.state for name, word in switch.strategies.items()}
    named = own | ({PORTFOLIO: switch.state.state} if switch.state is not None else {})
    return Said(named, switch.reason, {**before.last, **named})


def commands(before: Said, after: Said, origin: str, now_ns: int) -> tuple[HaltCommand, ...]:
    """Return the commands that lead from what was said to what is said now, the most severe first.

    `origin` tells this change from an equal one before it, and is the same when the step is tried again. A scope that is named
    for the first time as Active is no news: a policy that is applied anew must not reopen what a drawdown closed. A changed reason says
    everyone's state once more only where it is all that changed: beside another scope's new state it is that one's reason.
    """
    news = [scope for scope, state in after.states.items() if _is_news(before, scope, state)]
    if not news and before.reason != after.reason and PORTFOLIO in before.states and PORTFOLIO in after.states:
        news = [PORTFOLIO]
    ranked = sorted(news, key=lambda scope: -SEVERITY[after.states[scope]])
    return tuple(_command(scope, after, origin, now_ns) for scope in ranked)


def _is_news(before: Said, scope: str, state: HaltState) -> bool:
    if scope in before.states:
        return before.states[scope] is not state
    return state is not HaltState.ACTIVE or before.last.get(scope, HaltState.ACTIVE) is not HaltState.ACTIVE


def _command(scope: str, said: Said, origin: str, now_ns: int) -> HaltCommand:
    state = said.states[scope]
    why = said.reason or f"killSwitch of the RiskPolicy: {state.value}"
    return HaltCommand(derive("kill-switch", scope, state, origin), scope, state, BY, why, now_ns)
