"""What a status says: amounts that read back as they were, conditions with their times, and one reason that a person can act on."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memesnipe.control.gates import Condition, Verdict
from memesnipe.evidence.verdict import Thresholds
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.testing.builders import START_NS
from memesnipe.testing.evidence import a_record_for
from memesnipe_operator.conditions import stated, time_text, verdict
from memesnipe_operator.performance import Performance
from memesnipe_operator.stability import Choice
from memesnipe_operator.strategy_status import Seen, evidence_status, lamports_in, sol_text, status_of
from memesnipe_operator.views import StrategyView, strategy_view

NOW_NS = 1_800_000_000 * NS_PER_S
THOUSANDTH = 1_000_000
READY = {
    "metadata": {"generation": 1},
    "status": {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1, "conditions": []},
}
PASSES = Condition("SwitchedLive", Verdict.TRUE, "SwitchOpen", "this installation allows live trading")
WAIVED = Condition("EvidencePassed", Verdict.WAIVED, "NotMainnet", "evidence is not asked for on this chain")
FAILS = Condition("RiskPolicyBound", Verdict.FALSE, "NoRiskPolicy", "apply a RiskPolicy")


def a_view(status: dict[str, Any] | None = None, **spec: Any) -> StrategyView:
    meta = {"name": "momentum", "namespace": "n", "uid": "u", "generation": 1}
    return strategy_view({"metadata": meta, "spec": {"strategy": "momentum", **spec}, "status": status or {}})


def a_seen(**changes: Any) -> Seen:
    spec = {"strategy": "momentum", "parameters": {}}
    choice = Choice(spec, Condition("Stable", Verdict.TRUE, "Stable", "it worked"), spec)
    made = Seen(
        choice=choice,
        judged=(Mode.PAPER, (PASSES, FAILS)),
        deployment=READY,
        halt=HaltState.ACTIVE,
        halt_reason="",
        config_version=3,
        missing="",
        capital_lamports=20 * 10**9,
        evidence={},
        performance=None,
        promotion=Condition("Promotion", Verdict.WAIVED, "NotMainnet", "not asked for"),
    )
    return msgspec.structs.replace(made, **changes)


def said(seen: Seen, view: StrategyView | None = None) -> dict[str, Any]:
    return status_of(view or a_view(), seen, "asked", NOW_NS)


@given(st.integers(min_value=-(10**18), max_value=10**18))
def test_an_amount_reads_back_to_the_thousandth_cut_towards_zero(lamports: int) -> None:
    back = lamports_in(sol_text(lamports))

    assert abs(back) <= abs(lamports)
    assert abs(lamports - back) < THOUSANDTH
    assert sol_text(back) == sol_text(lamports)


@pytest.mark.parametrize(("lamports", "text"), [(0, "+0.000"), (-999_999, "+0.000"), (1_234_999_999, "+1.234"), (-1_500_000_000, "-1.500")])
def test_an_amount_has_its_sign_and_three_decimals(lamports: int, text: str) -> None:
    assert sol_text(lamports) == text


@pytest.mark.parametrize("text", ["", "+", "one", "1.2.3", "1e9", "--1", "+-1", "nan"])
def test_a_text_that_is_no_amount_counts_as_nothing(text: str) -> None:
    assert lamports_in(text) == 0


@pytest.mark.parametrize(
    ("changes", "trading", "why"),
    [
        ({}, "Yes", "RiskPolicyBound: apply a RiskPolicy"),
        ({"judged": (Mode.LIVE, (PASSES, WAIVED))}, "Yes", ""),
        ({"halt": HaltState.HALTED, "halt_reason": "drawdown"}, "No", "Halted: drawdown"),
        ({"halt": HaltState.FROZEN}, "No", "Frozen: no reason was given"),
        ({"halt": HaltState.REDUCE_ONLY, "judged": (Mode.LIVE, ())}, "Yes", "ReduceOnly: it may only sell"),
        ({"missing": "apply a RiskPolicy and an Allocation named default"}, "No", "apply a RiskPolicy and an Allocation named default"),
        ({"deployment": None}, "No", "kubectl describe pod -l memesnipe.io/strategy=momentum"),
        ({"deployment": None, "halt": HaltState.HALTED, "halt_reason": "drawdown"}, "No", "Halted: drawdown"),
    ],
    ids=["paper", "live", "halted", "frozen", "reduce only", "not in force", "no pod", "halted without a pod"],
)
def test_why_it_does_not_trade_or_is_not_live(changes: dict[str, Any], trading: str, why: str) -> None:
    status = said(a_seen(**changes))

    assert status["trading"] == trading
    assert why in status["why"] if why else status["why"] == ""


def test_a_paused_strategy_says_so_whatever_else_is_wrong() -> None:
    status = said(a_seen(deployment=None, missing="not in the configuration in force"), a_view(paused=True))

    assert (status["trading"], status["why"]) == ("No", "spec.paused is true")


def test_a_waived_gate_is_never_shown_as_passed() -> None:
    status = said(a_seen(judged=(Mode.LIVE, (PASSES, WAIVED))))

    shown = {one["type"]: (one["status"], one["reason"]) for one in status["conditions"]}
    assert shown["EvidencePassed"] == ("Unknown", "Waived")
    assert shown["Live"] == ("True", "Live")


def test_the_drawdown_is_from_the_highest_profit_that_was_seen_and_begins_anew_with_the_mode() -> None:
    before = {"mode": "paper", "peakPnlSol": "+3.000"}
    lower = a_seen(performance=Performance(pnl_lamports=10**9, positions=1))

    paper, live = said(lower, a_view(before)), said(msgspec.structs.replace(lower, judged=(Mode.LIVE, ())), a_view(before))

    assert (paper["peakPnlSol"], paper["drawdownBps"]) == ("+3.000", 1_000)
    assert (live["peakPnlSol"], live["drawdownBps"]) == ("+1.000", 0)


def test_what_was_bought_live_is_counted_on_paper_too() -> None:
    assert said(a_seen(performance=Performance(), positions=2))["openPositions"] == 2


def test_what_was_known_stays_while_nobody_says_what_is_held() -> None:
    before = {"openPositions": 2, "pnlSol": "+1.000", "peakPnlSol": "+1.500", "drawdownBps": 250}

    assert said(a_seen(), a_view(before)).items() >= before.items()


def test_a_condition_keeps_its_time_while_its_status_is_the_same_whatever_it_says() -> None:
    first = stated([Condition("Ready", verdict(True), "PodReady", "one")], {}, 1, NOW_NS)
    same = stated([Condition("Ready", verdict(True), "PodReady", "two")], {"conditions": first}, 2, NOW_NS + 60 * NS_PER_S)
    other = stated([Condition("Ready", verdict(False), "Gone", "three")], {"conditions": same}, 3, NOW_NS + 60 * NS_PER_S)

    assert (same[0]["lastTransitionTime"], same[0]["message"]) == (first[0]["lastTransitionTime"], "two")
    assert other[0]["lastTransitionTime"] > first[0]["lastTransitionTime"]
    assert [one[0]["observedGeneration"] for one in (first, same, other)] == [1, 2, 3]


def test_a_record_is_shown_as_the_demands_in_force_see_it() -> None:
    record = a_record_for("0123456789abcdef", "c" * 64, pbo=None)

    shown = evidence_status(record, Thresholds(pbo_loss_max=1.0))

    assert shown == {
        "recordHash": record.sha256, "verdict": "Failed", "dsr": 0.97, "trades": 400, "madeAt": time_text(START_NS),
    }  # fmt: skip
    assert evidence_status(a_record_for("0123456789abcdef", "c" * 64), Thresholds(dsr_min=0.97))["verdict"] == "Passed"
    assert evidence_status(a_record_for("0123456789abcdef", "c" * 64), Thresholds(dsr_min=0.98))["verdict"] == "Failed"


def test_a_status_without_a_record_speaks_of_none() -> None:
    assert evidence_status(None, Thresholds()) == {}
    assert "evidence" not in said(a_seen())
    assert said(a_seen(evidence={"trades": 1}))["evidence"] == {"trades": 1}
