"""Which spec runs: the one asked for, until its time runs out; then the last one that worked, until a person changes the spec."""

from datetime import UTC, datetime
from typing import Any

import pytest

from memesnipe.control.applied import digest
from memesnipe.kernel.clock import NS_PER_S
from memesnipe_operator.resources.deployment import RUNNABLE_ANNOTATION
from memesnipe_operator.stability import Choice, choose, is_ready, learned, trusted

NOW_NS = 1_800_000_000 * NS_PER_S
STABLE_S = 30.0
ASKED: dict[str, Any] = {"strategy": "momentum", "parameters": {"fast_s": 20}}
GOOD: dict[str, Any] = {"strategy": "momentum", "parameters": {"fast_s": 10}}
STABLE, FAILED = {"lastStableSpec": GOOD}, {"failedSpecHash": digest(ASKED)}
LATER_NS, PAST_NS = NOW_NS + NS_PER_S, NOW_NS - NS_PER_S


def a_deployment(spec: dict[str, Any], ready_s: float | None = None) -> dict[str, Any]:
    """Return one that runs a spec, ready for so long; None: not ready."""
    since = datetime.fromtimestamp(NOW_NS / NS_PER_S - (ready_s or 0), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    conditions = [
        {"type": "Available", "status": "True" if ready_s is not None else "False", "lastTransitionTime": since},
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"},  # of the template before: says nothing
    ]
    counts = {"updatedReplicas": 1, "availableReplicas": 1} if ready_s is not None else {}
    return {
        "metadata": {"generation": 2},
        "spec": {"template": {"metadata": {"annotations": {RUNNABLE_ANNOTATION: digest(spec)}}}},
        "status": {"observedGeneration": 2, "conditions": conditions, **counts},
    }


def chosen(status: dict[str, Any], deployment: dict[str, Any] | None, deadline_ns: int | None = LATER_NS) -> Choice:
    return choose(ASKED, status, deployment, NOW_NS, STABLE_S, deadline_ns)


@pytest.mark.parametrize(
    ("status", "deployment", "deadline_ns", "reason", "runs"),
    [
        ({}, None, LATER_NS, "Starting", ASKED),
        ({}, None, PAST_NS, "Starting", ASKED),
        (STABLE, a_deployment(GOOD, 99), PAST_NS, "Starting", ASKED),
        (STABLE, a_deployment(ASKED), LATER_NS, "Starting", ASKED),
        (STABLE, a_deployment(ASKED), None, "Starting", ASKED),
        (STABLE, a_deployment(ASKED, 1), PAST_NS, "Proving", ASKED),
        (STABLE, a_deployment(ASKED, 31), PAST_NS, "Stable", ASKED),
        (STABLE, a_deployment(ASKED), PAST_NS, "RolledBack", GOOD),
        (STABLE | FAILED, a_deployment(GOOD, 99), LATER_NS, "RolledBack", GOOD),
        (STABLE | FAILED, a_deployment(ASKED, 99), LATER_NS, "RolledBack", GOOD),
        ({}, a_deployment(ASKED), PAST_NS, "NeverReady", ASKED),
        (FAILED, a_deployment(ASKED), LATER_NS, "NeverReady", ASKED),
        (FAILED, a_deployment(ASKED, 1), LATER_NS, "Proving", ASKED),
        ({"lastStableSpec": ASKED}, a_deployment(ASKED), PAST_NS, "Stable", ASKED),
        (STABLE | {"failedSpecHash": "of another spec"}, a_deployment(GOOD, 99), LATER_NS, "Starting", ASKED),
    ],
    ids=[
        "new",
        "new and not written yet, however late",
        "changed and not written yet, however late",
        "coming up",
        "coming up with all the time it likes",
        "up for a moment, however late",
        "up for long enough",
        "did not come up",
        "was given up",
        "was given up and is not taken out yet",
        "the first one did not come up",
        "the first one was given up",
        "the first one comes up after all",
        "worked before and is down now: its pod is mended, not its spec",
        "another one was given up",
    ],
)  # fmt: skip
def test_what_runs(status: dict[str, Any], deployment: Any, deadline_ns: int | None, reason: str, runs: dict[str, Any]) -> None:
    choice = chosen(status, deployment, deadline_ns)

    assert (choice.condition.reason, choice.spec) == (reason, runs)


def test_a_spec_that_worked_becomes_the_one_to_go_back_to() -> None:
    assert learned(chosen(STABLE, a_deployment(ASKED, 31))) == {"lastStableSpec": ASKED, "failedSpecHash": None}


def test_a_spec_that_was_given_up_is_remembered_with_the_one_to_go_back_to() -> None:
    assert learned(chosen(STABLE, a_deployment(ASKED), PAST_NS)) == {"lastStableSpec": GOOD, "failedSpecHash": digest(ASKED)}


def test_who_waits_for_a_pod_comes_again_when_its_time_is_over() -> None:
    starting, proving = chosen(STABLE, a_deployment(ASKED)), chosen(STABLE, a_deployment(ASKED, 10))

    assert starting.again_s == pytest.approx(1.0, abs=0.5)
    assert proving.again_s == pytest.approx(20.0, abs=1.6)


@pytest.mark.parametrize("missing", ["observedGeneration", "updatedReplicas", "availableReplicas"])
def test_a_pod_of_the_template_before_is_not_ready(missing: str) -> None:
    deployment = a_deployment(ASKED, 99)
    assert is_ready(deployment)

    deployment["status"].pop(missing)

    assert not is_ready(deployment)


@pytest.mark.parametrize(
    "written", [{"strategy": "other"}, {"strategy": "momentum", "parameters": "none"}, {"parameters": {}}, "momentum", None], ids=str
)
def test_a_status_that_names_other_code_or_nonsense_is_nothing_to_go_back_to(written: Any) -> None:
    assert trusted(written, ASKED) is None


def test_a_status_that_names_the_same_code_is_something_to_go_back_to() -> None:
    assert trusted(GOOD, ASKED) == GOOD
