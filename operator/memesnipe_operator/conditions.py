"""Conditions as Kubernetes wants them (KEP-1623): true, false or unknown, since when, and a reason that a person can act on. Pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from memesnipe.control.gates import Condition, Verdict
from memesnipe.kernel.clock import NS_PER_S

Stated = dict[str, Any]


def time_text(time_ns: int) -> str:
    """Return a time as the API server writes it, to the second."""
    return datetime.fromtimestamp(time_ns // NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def stated(conditions: Iterable[Condition], before: Mapping[str, Any], generation: int, now_ns: int) -> list[Stated]:
    """Return conditions for a status; `before` is the status so far, whose times stand where the verdict is the same."""
    known = {one["type"]: one for one in before.get("conditions") or ()}
    return [_stated(condition, known.get(condition.type), generation, now_ns) for condition in conditions]


def _stated(condition: Condition, known: Mapping[str, Any] | None, generation: int, now_ns: int) -> Stated:
    """A waived gate is Unknown: it was not asked, which must never read as passed."""
    waived = condition.status is Verdict.WAIVED
    status = "Unknown" if waived else condition.status.value
    since = known["lastTransitionTime"] if known and known["status"] == status else time_text(now_ns)
    return {
        "type": condition.type,
        "status": status,
        "reason": "Waived" if waived else condition.reason,
        "message": condition.message,
        "lastTransitionTime": since,
        "observedGeneration": generation,
    }


def condition_in(status: Mapping[str, Any], type_: str) -> Mapping[str, Any]:
    """Return a condition of a status; an empty one where it is not stated."""
    return next((one for one in status.get("conditions") or () if one["type"] == type_), {})


def verdict(good: bool) -> Verdict:
    """Return True or False as a condition has it."""
    return Verdict.TRUE if good else Verdict.FALSE
