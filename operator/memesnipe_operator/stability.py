"""Which spec of a Strategy runs: the one asked for, or the last one that worked. Pure.

A spec whose pod was ready for a while becomes `lastStableSpec`. A spec whose pod does not come up within its deadline is given up:
the last stable one runs in its place, and the Strategy says so, until a person changes the spec. A typo in a parameter must cost
minutes of trading, not the night. The deadline is the operator's own: a Deployment's condition goes on saying for a while that the
template before did not come up, and a pod that comes and goes never fails by it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from pydantic import ValidationError

from memesnipe.control.applied import digest, hash_of
from memesnipe.control.gates import Condition, Verdict
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.manifests.models import AS_STORED, StrategySpecModel
from memesnipe_operator.resources.deployment import RUNNABLE_ANNOTATION
from memesnipe_operator.resources.plan import Running

Spec = dict[str, Any]


class Choice(msgspec.Struct, frozen=True):
    """What runs and what is to be remembered."""

    spec: Spec
    """The runnable part of a spec: strategy, parameters, resources."""
    condition: Condition
    """`Stable`."""
    stable: Spec | None
    """lastStableSpec from now on."""
    failed: str = ""
    """Digest of the spec that was given up; empty: none."""
    again_s: float | None = None
    """When to look again without being told."""

    @property
    def running(self) -> Running:
        """As the builders take it."""
        plugin, parameters = self.spec["strategy"], self.spec.get("parameters") or {}
        return Running(plugin, parameters, self.spec.get("resources") or {}, hash_of(plugin, parameters), digest(self.spec))


def runnable(spec: StrategySpecModel) -> Spec:
    """Return the part of a spec that makes the pod."""
    return spec.model_dump(mode="json", by_alias=True, exclude_none=True, include={"strategy", "parameters", "resources"})


def choose(
    asked: Spec,
    status: Mapping[str, Any],
    deployment: Mapping[str, Any] | None,
    now_ns: int,
    stable_s: float,
    deadline_ns: int | None = None,
) -> Choice:
    """Return what runs now. `deployment` is the Strategy's as it was seen last, whichever spec it runs.

    Past `deadline_ns` a spec that is not ready is given up; None: it may take as long as it likes, for instance while it is paused.
    """
    stable = trusted(status.get("lastStableSpec"), asked)
    mark = digest(asked)
    if stable == asked:
        return Choice(asked, _condition(Verdict.TRUE, "Stable", "the spec asked for runs and worked"), stable)
    failed = status.get("failedSpecHash") == mark
    if failed and stable is not None:
        return _given_up(asked, stable, mark)
    if deployment is None or _runs(deployment) != mark:
        return Choice(asked, _condition(Verdict.FALSE, "Starting", "the spec asked for is being started"), stable)
    if is_ready(deployment):
        return _proving(asked, stable, deployment, now_ns, stable_s)
    if failed or (deadline_ns is not None and not (now_ns < deadline_ns)):
        return _given_up(asked, stable, mark)
    again_s = None if deadline_ns is None else (deadline_ns - now_ns) / NS_PER_S + 0.1
    return Choice(asked, _condition(Verdict.FALSE, "Starting", "the spec asked for is being started"), stable, again_s=again_s)


def trusted(stable: Any, asked: Spec) -> Spec | None:
    """Return a status' lastStableSpec if it is one of the same code; a status is written by more hands than a spec."""
    if not isinstance(stable, dict) or stable.get("strategy") != asked["strategy"]:
        return None
    try:
        return runnable(StrategySpecModel.model_validate(stable, context=AS_STORED))
    except ValidationError:
        return None


def _proving(asked: Spec, stable: Spec | None, deployment: Mapping[str, Any], now_ns: int, stable_s: float) -> Choice:
    """The spec asked for came up: is it ready for long enough?"""
    ready_s = (now_ns - _since_ns(_seen(deployment, "Available"))) / NS_PER_S
    if not (ready_s < stable_s):
        return Choice(asked, _condition(Verdict.TRUE, "Stable", "the spec asked for runs and worked"), asked)
    message = f"ready; it counts as stable {stable_s:g} s after it became so"
    return Choice(asked, _condition(Verdict.FALSE, "Proving", message), stable, again_s=stable_s - ready_s + 0.5)


def _given_up(asked: Spec, stable: Spec | None, mark: str) -> Choice:
    if stable is None:
        message = "its pod did not become ready in time, and no earlier spec worked: see `kubectl logs` of its pod, then change spec"
        return Choice(asked, _condition(Verdict.FALSE, "NeverReady", message), None, mark)
    message = "the spec asked for did not become ready in time; status.lastStableSpec runs in its place until spec changes"
    return Choice(stable, _condition(Verdict.FALSE, "RolledBack", message), stable, mark)


def learned(choice: Choice) -> Spec:
    """Return what of a choice a status keeps; None: nothing."""
    return {"lastStableSpec": choice.stable, "failedSpecHash": choice.failed or None}


def is_ready(deployment: Mapping[str, Any] | None) -> bool:
    """Return whether the pod of the newest template is there and ready."""
    if deployment is None:
        return False
    status, generation = deployment.get("status") or {}, deployment["metadata"].get("generation", 0)
    return bool(
        status.get("observedGeneration", 0) >= generation and status.get("updatedReplicas") == 1 and status.get("availableReplicas") == 1
    )


def _runs(deployment: Mapping[str, Any]) -> str:
    annotations = deployment["spec"]["template"]["metadata"].get("annotations") or {}
    return str(annotations.get(RUNNABLE_ANNOTATION, ""))


def _seen(deployment: Mapping[str, Any], type_: str) -> Mapping[str, Any]:
    found = (deployment.get("status") or {}).get("conditions") or ()
    return next((one for one in found if one["type"] == type_), {})


def _since_ns(condition: Mapping[str, Any]) -> int:
    text = str(condition.get("lastTransitionTime") or "")
    return int(datetime.fromisoformat(text).timestamp()) * NS_PER_S if text else 0


def _condition(status: Verdict, reason: str, message: str) -> Condition:
    return Condition("Stable", status, reason, message)
