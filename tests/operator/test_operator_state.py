"""The operator's memory in the API server: what somebody deletes of it is written again, for the one who leads still knows it."""

import json

from memesnipe.testing.custom_resources import Resources
from memesnipe.testing.operators import RunningOperator
from memesnipe.testing.redis_seen import RedisSeen

STATE = ("configmaps", "memesnipe-operator-state", "/api/v1")


def test_a_state_that_was_deleted_is_written_again_with_the_next_change(
    operator: RunningOperator, resources: Resources, seen: RedisSeen
) -> None:
    resources.limits()
    resources.strategy("momentum", mode="live")
    resources.until(lambda: seen.lease("momentum") and resources.trades("momentum"), "it is live")

    resources.delete(*STATE)
    resources.change("riskpolicies", "default", {"killSwitch": {"state": "ReduceOnly", "reason": "carefully"}})

    resources.until(lambda: resources.status("default", "riskpolicies").get("halt") == "ReduceOnly", "the kill switch is heard")
    kept = json.loads((resources.get(*STATE) or {})["data"]["kept"])
    assert (kept["said"]["reason"], kept["ever"]) == ("carefully", ["momentum"])
    assert seen.lease("momentum") is not None
    assert len(seen.said()) == 1
    assert operator.runs
