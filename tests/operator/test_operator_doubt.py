"""In doubt on paper, in doubt held: what is not proven, not allowed or not known never takes a risk and never lets a position go."""

import time

from memesnipe.testing.chains import MAINNET_GENESIS
from memesnipe.testing.custom_resources import Resources
from memesnipe.testing.operators import RunningOperator, StartOperator
from memesnipe.testing.redis_seen import RedisSeen


def test_on_mainnet_describe_says_which_gate_fails_and_what_to_do(
    resources: Resources, start_operator: StartOperator, seen: RedisSeen
) -> None:
    seen.hold()
    start_operator(genesis=MAINNET_GENESIS)
    resources.limits()

    resources.strategy("momentum", mode="live")

    resources.until(lambda: resources.trades("momentum"), "it trades")
    described = resources.kubectl("describe", "strategy", "momentum").stdout
    assert "EvidencePassed: no evidence record for this strategy; run `memesnipe evidence`" in described
    assert "0 paper trades of the 100 needed" in described
    assert (resources.status("momentum")["mode"], seen.lease("momentum")) == ("paper", None)
    passed = {one["type"]: one["status"] for one in resources.status("momentum")["conditions"]}
    assert (passed["EvidencePassed"], passed["PaperProven"], passed["LiveRequested"]) == ("False", "False", "True")


def test_under_the_paper_switch_nothing_goes_live_and_the_chart_value_is_named(
    resources: Resources, start_operator: StartOperator, seen: RedisSeen
) -> None:
    start_operator(PAPER_TRADING_MODE="true")
    resources.limits()

    resources.strategy("momentum", mode="live")

    resources.until(lambda: resources.trades("momentum"), "it trades")
    assert "paperTradingMode: false" in resources.status("momentum")["why"]
    assert (resources.status("momentum")["mode"], seen.lease("momentum"), seen.exit_lease("momentum")) == ("paper", None, None)


def test_a_chain_that_does_not_answer_keeps_everything_on_paper_and_holds_up_no_halt(
    resources: Resources, start_operator: StartOperator, seen: RedisSeen
) -> None:
    start_operator(genesis="")
    resources.limits()
    resources.strategy("momentum", mode="live")
    resources.until(lambda: resources.trades("momentum"), "it trades on paper")
    assert "ChainKnown: the RPC did not answer" in resources.status("momentum")["why"]

    resources.change("riskpolicies", "default", {"killSwitch": {"state": "Halted", "reason": "the chain hangs"}})
    started_s = time.monotonic()  # the API server has it and its watch event is under way

    resources.until(seen.said, "the halt is said")
    assert time.monotonic() - started_s < 1


def test_what_nobody_can_tell_counts_as_held(operator: RunningOperator, resources: Resources, seen: RedisSeen) -> None:
    resources.limits()
    resources.strategy("momentum")
    resources.until(lambda: resources.trades("momentum"), "it trades")

    resources.delete("strategies", "momentum")

    resources.until(lambda: "position_manager has not said" in str(resources.status("momentum").get("why")), "it says what it waits for")
    resources.remains(lambda: resources.get("strategies", "momentum") is None, "it is there", 2.5)
    seen.hold()
    resources.until(lambda: resources.get("strategies", "momentum") is None, "it is gone")
