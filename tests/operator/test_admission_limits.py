"""Who may loosen the limits and lift a halt, on a real API server: tightening and halting are never in anyone's way."""

import re
from typing import Any

import pytest

from memesnipe.manifests.directions import DIRECTIONS, NESTED, Looser, loosened
from memesnipe.manifests.models import RiskPolicySpec
from memesnipe.testing.cluster import Cluster
from memesnipe.testing.desk import CAPTAIN, DRY, POLICY, TRADER, Desk, granting, people
from memesnipe.testing.roles import admit

LIMITS = [field for field, way in DIRECTIONS.items() if way is not Looser.NEVER]


def step(field: str, way: int) -> float:
    """Return a value one step looser (1) or tighter (-1) than the default; whole numbers, but where SOL are smaller than one."""
    default = float(RiskPolicySpec().model_dump(by_alias=True)[field])
    size = 0.001 if "Sol" in field else 1
    return round(default + way * size, 3) if "Sol" in field else int(default) + way


@pytest.mark.parametrize("field", LIMITS)
def test_a_limit_may_be_tightened_by_anyone_and_loosened_with_the_verb_alone(desk: Desk, field: str) -> None:
    room = {"strategyExposureSolMax": 6, "tokenExposureSolMax": 1, "portfolioExposureSolMax": 11}
    base = {**room, "tradeSizeSolMax": 0.5, field: step(field, 0)}
    assert desk.change(POLICY, base, who=CAPTAIN) == ""

    refused = desk.change(POLICY + DRY, {field: step(field, 1)})

    assert re.search(rf"loosening {field} from [\d.]+ to [\d.]+ needs the verb golive on riskpolicies.memesnipe.io/default", refused), (
        refused
    )
    assert desk.change(POLICY + DRY, {field: step(field, 1)}, who=CAPTAIN) == ""
    assert desk.change(POLICY, {field: step(field, -1)}) == ""


@pytest.mark.parametrize("group", NESTED)
def test_limits_of_a_group_may_be_tightened_by_anyone_and_loosened_with_the_verb_alone(desk: Desk, group: str) -> None:
    """All numbers of a group at once, which the answer names one by one: a server takes long for one at a time."""
    ways = {field: way for field, way in NESTED[group].items() if way not in (Looser.NEVER, Looser.FEWER)}
    default = RiskPolicySpec().model_dump(by_alias=True)[group]
    base = {field: float(default[field]) or 10 for field in ways}  # 0 is the loosest of some, and nothing is tighter than it of others
    looser = {field: _a_step(field, base[field], -1 if way is Looser.SMALLER else 1) for field, way in ways.items()}
    tighter = {field: _a_step(field, base[field], 1 if way is Looser.SMALLER else -1) for field, way in ways.items()}
    base = {field: _a_step(field, value, 0) for field, value in base.items()}
    assert desk.change(POLICY, {group: base}, who=CAPTAIN) == ""

    refused = desk.change(POLICY + DRY, {group: looser})

    named = loosened(RiskPolicySpec.model_validate({group: base}), RiskPolicySpec.model_validate({group: looser}))
    assert re.findall(r"([\w.]+) from", refused) == list(named) == [f"{group}.{field}" for field in ways]
    assert desk.change(POLICY + DRY, {group: looser}, who=CAPTAIN) == ""
    assert desk.change(POLICY, {group: tighter}) == ""


def test_taking_a_token_out_of_its_group_needs_the_verb_and_putting_one_in_does_not(desk: Desk) -> None:
    one, both = ["So11111111111111111111111111111111111111112"], ["So11111111111111111111111111111111111111112", "A" * 44]
    assert desk.change(POLICY, {"market": {"tokenGroups": {"cats": one}}}, who=CAPTAIN) == ""

    assert desk.change(POLICY, {"market": {"tokenGroups": {"cats": both}}}) == ""
    assert "market.tokenGroups from more tokens to fewer" in desk.change(POLICY + DRY, {"market": {"tokenGroups": {"cats": one}}})
    assert "market.tokenGroups" in desk.change(POLICY + DRY, {"market": {"tokenGroups": {"cats": None}}})
    assert desk.change(POLICY, {"market": {"tokenGroups": {"cats": one}}}, who=CAPTAIN) == ""


def _a_step(field: str, value: float, way: int) -> float:
    return round(value + way * 0.0001, 4) if "Sol" in field else int(value) + way


@pytest.mark.parametrize("field", [field for field, way in DIRECTIONS.items() if way is Looser.LARGER_OR_ZERO])
def test_switching_an_exit_off_is_the_loosest_of_all(desk: Desk, field: str) -> None:
    assert "loosening" in desk.change(POLICY, {field: 0})
    assert desk.change(POLICY, {field: 0}, who=CAPTAIN) == ""
    assert desk.change(POLICY, {field: 9_999}) == ""


def test_a_refusal_names_every_limit_that_got_looser(desk: Desk) -> None:
    told = desk.change(POLICY, {"slippageBpsMax": 2_000, "timeStopS": 0, "drawdownBpsMax": 100})

    assert "loosening slippageBpsMax from 1500 to 2000, timeStopS from 1800 to 0 needs" in told


def test_the_python_table_and_the_policy_agree_on_a_mixed_change(desk: Desk) -> None:
    changed = {"openPositionsMax": 21, "eventAgeMsMax": 4_999, "stopLossBps": 0, "takeProfitBps": 9_000}

    told = desk.change(POLICY + DRY, changed)

    named = loosened(RiskPolicySpec(), RiskPolicySpec.model_validate(changed))
    assert named == ("openPositionsMax", "stopLossBps")
    assert re.findall(r"(\w+) from", told) == list(named)


def test_what_deleting_does_may_be_changed_either_way(desk: Desk) -> None:
    assert desk.change(POLICY, {"onDelete": "Refuse"}) == ""
    assert desk.change(POLICY, {"onDelete": "Close"}) == ""


def test_a_new_policy_is_measured_by_the_defaults(guarded: Cluster, namespace: str) -> None:
    admit(guarded, people(namespace))
    desk = Desk(guarded, namespace)

    assert "loosening drawdownBpsMax from 2000 to 2001" in desk.create("RiskPolicy", "default", {"drawdownBpsMax": 2_001}, who=TRADER)
    assert desk.create("RiskPolicy", "default", {"drawdownBpsMax": 1_999}, who=TRADER) == ""


def test_a_policy_is_deleted_with_the_verb_alone(desk: Desk) -> None:
    admit(desk.cluster, granting(desk.namespace, TRADER, "riskpolicies", "deletecollection"))

    assert "deleting a RiskPolicy needs the verb golive" in desk.told("DELETE", POLICY, who=TRADER)
    assert "deleting a RiskPolicy needs the verb golive" in desk.told("DELETE", "riskpolicies", who=TRADER)
    assert desk.told("DELETE", POLICY, who=CAPTAIN) == ""


def test_an_owner_whose_deletion_would_delete_the_policy_is_no_way_round(desk: Desk) -> None:
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "00000000-0000-0000-0000-000000000000"}

    assert "an owner" in desk.patch(POLICY, {"metadata": {"ownerReferences": [owner]}}, who=TRADER)


def halted(state: str, **rest: Any) -> dict[str, Any]:
    return {"killSwitch": {"state": state, **rest}}


@pytest.mark.parametrize("state", ["ReduceOnly", "Halted", "Frozen"])
def test_anyone_who_may_edit_halts(desk: Desk, state: str) -> None:
    desk.say_status(POLICY, halt="Active")

    assert desk.change(POLICY, halted(state, reason="feed is odd")) == ""


@pytest.mark.parametrize(
    ("commanded", "milder"),
    [
        ("Frozen", halted("Halted")),
        ("Halted", halted("ReduceOnly")),
        ("Halted", halted("Active")),
        ("ReduceOnly", halted("Active")),
        ("Halted", {"killSwitch": None}),
        ("Halted", {"killSwitch": {"state": None, "strategies": {"momentum": "Halted"}}}),
    ],
)
def test_a_milder_command_needs_the_verb(desk: Desk, commanded: str, milder: dict[str, Any]) -> None:
    desk.say_status(POLICY, halt="Active")
    assert desk.change(POLICY, halted(commanded)) == ""

    assert "a milder killSwitch.state" in desk.change(POLICY, milder)
    assert desk.change(POLICY, milder, who=CAPTAIN) == ""


@pytest.mark.parametrize("status", [{"halt": "Halted"}, {}])
def test_active_said_over_a_halt_that_nobody_commanded_here_is_a_resume(desk: Desk, status: dict[str, Any]) -> None:
    desk.say_status(POLICY, **status)

    assert "a milder killSwitch.state" in desk.change(POLICY, halted("Active"))
    assert desk.change(POLICY, halted("Active"), who=CAPTAIN) == ""


def test_another_reason_says_the_same_command_again_so_it_may_not_resume_either(desk: Desk) -> None:
    assert desk.change(POLICY, halted("Active", reason="morning"), who=CAPTAIN) == ""
    desk.say_status(POLICY, halt="Halted", haltReason="drawdown")

    assert "a milder killSwitch.state" in desk.change(POLICY, halted("Active", reason="evening"))
    assert desk.change(POLICY, halted("Halted", reason="evening")) == ""


def test_a_policy_that_says_active_may_still_be_tightened_during_a_drawdown_halt(desk: Desk) -> None:
    assert desk.change(POLICY, halted("Active"), who=CAPTAIN) == ""
    desk.say_status(POLICY, halt="Halted", haltReason="drawdown")

    assert desk.change(POLICY, {"slippageBpsMax": 100}) == ""


def test_halts_of_single_strategies_follow_the_same_rule(desk: Desk) -> None:
    desk.say_status(POLICY, halt="Active", strategyHalts={"sniper": "Halted"})

    assert desk.change(POLICY, {"killSwitch": {"strategies": {"momentum": "Halted"}}}) == ""
    assert "for momentum needs the verb" in desk.change(POLICY, {"killSwitch": {"strategies": {"momentum": "ReduceOnly"}}})
    assert "for momentum needs the verb" in desk.change(POLICY, {"killSwitch": {"state": "Halted", "strategies": {"momentum": None}}})
    assert "for sniper needs the verb" in desk.change(POLICY, {"killSwitch": {"strategies": {"sniper": "ReduceOnly"}}})
    assert desk.change(POLICY, {"killSwitch": {"strategies": {"momentum": "Active", "sniper": "Active"}}}, who=CAPTAIN) == ""


def test_an_old_word_for_one_strategy_is_not_in_the_way_of_halting_everyone(desk: Desk) -> None:
    desk.say_status(POLICY, halt="Active", strategyHalts={"momentum": "Active"})
    assert desk.change(POLICY, {"killSwitch": {"strategies": {"momentum": "Active"}}}, who=CAPTAIN) == ""
    desk.say_status(POLICY, halt="Active", strategyHalts={"momentum": "Halted"})

    assert desk.change(POLICY, {"killSwitch": {"state": "Halted", "reason": "feed is odd"}}) == ""
