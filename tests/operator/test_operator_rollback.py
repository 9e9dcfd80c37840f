"""A spec whose pod does not come up: the last one that worked runs in its place, and the Strategy says so until a person changes it."""

import pytest

from memesnipe.testing.custom_resources import Resources
from memesnipe.testing.operators import RunningOperator, StartOperator

IMPOSSIBLE = {"requests": {"cpu": "1000"}}
"""More than any node has: the pod stays Pending."""


@pytest.fixture
def operator(start_operator: StartOperator) -> RunningOperator:
    """One that gives a spec up soon, and yet not a good one whose pod a busy machine brings up late."""
    return start_operator(MEMESNIPE_PROGRESS_S="30")


def reason(resources: Resources) -> str:
    return str(resources.condition("momentum", "Stable").get("reason"))


def test_a_spec_that_never_becomes_ready_is_rolled_back_until_the_next_change(operator: RunningOperator, resources: Resources) -> None:
    resources.limits()
    resources.strategy("momentum", parameters={"fast_s": 10})
    resources.until(lambda: reason(resources) == "Stable", "the first spec is stable")
    good = resources.status("momentum")["runningSpecHash"]

    resources.strategy("momentum", parameters={"fast_s": 20}, resources=IMPOSSIBLE)

    resources.until(lambda: reason(resources) == "RolledBack", "it is rolled back")
    resources.until(lambda: resources.trades("momentum"), "the last stable spec trades")
    status = resources.status("momentum")
    assert (status["runningSpecHash"], status["specHash"] != good) == (good, True)
    assert status["lastStableSpec"] == {"strategy": "momentum", "parameters": {"fast_s": 10}}
    resources.until(lambda: "StableRolledBack" in dict(resources.events("momentum")), "an event says so")
    assert operator.count("memesnipe_rollbacks_total", strategy="momentum") == 1
    resources.remains(lambda: (reason(resources), resources.trades("momentum")), "what runs")

    resources.strategy("momentum", parameters={"fast_s": 30})

    resources.until(lambda: reason(resources) == "Stable", "the next spec is tried, and works")
    assert resources.status("momentum")["lastStableSpec"]["parameters"] == {"fast_s": 30}
    assert resources.status("momentum").get("failedSpecHash") is None


def test_a_first_spec_that_never_works_has_nothing_to_go_back_to_and_says_what_to_look_at(
    operator: RunningOperator, resources: Resources
) -> None:
    resources.limits()

    resources.strategy("momentum", resources=IMPOSSIBLE)

    resources.until(lambda: reason(resources) == "NeverReady", "it is given up")
    assert "kubectl logs" in resources.condition("momentum", "Stable")["message"]
    assert not resources.trades("momentum")
    resources.strategy("momentum")
    resources.until(lambda: resources.trades("momentum"), "another spec is tried, and works")
