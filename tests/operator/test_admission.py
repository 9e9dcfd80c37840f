"""Who may go live, raise capital and delete, on a real API server: refused without the verb `golive`, in words that say what to ask for."""

from pathlib import Path
from typing import Any

import pytest

from memesnipe.testing.cluster import Cluster
from memesnipe.testing.desk import ALLOCATION, CAPTAIN, DRY, MOMENTUM_ONLY, POLICY, STRATEGY, TRADER, Desk, body, granting
from memesnipe.testing.roles import admit
from memesnipe_operator.crds import policies
from memesnipe_operator.crds.admission import HOUSEKEEPERS

GO_LIVE_PAGE = Path(__file__).parents[2] / "docs" / "howto" / "go-live.md"


def test_going_live_without_the_verb_is_refused_and_says_what_to_ask_for(desk: Desk) -> None:
    patch = ("patch", "strategy", "momentum", "-n", desk.namespace, "--type=merge", "-p", '{"spec":{"mode":"live"}}')

    done = desk.cluster.kubectl(*patch, as_user=TRADER)

    assert done.returncode == 1
    assert "spec.mode: live needs the verb golive on strategies.memesnipe.io/momentum" in done.stderr
    assert f"kubectl auth can-i golive strategies.memesnipe.io/momentum -n {desk.namespace}" in done.stderr


def test_the_page_quotes_the_refusal_as_it_is(desk: Desk) -> None:
    patch = ("patch", "strategy", "momentum", "-n", desk.namespace, "--type=merge", "-p", '{"spec":{"mode":"live"}}')

    told = desk.cluster.kubectl(*patch, as_user=TRADER).stderr.replace(desk.namespace, "memesnipe-strategies")

    assert " ".join(told.split()) in " ".join(GO_LIVE_PAGE.read_text(encoding="utf-8").split())


def test_what_a_refusal_tells_to_ask_answers_who_may(desk: Desk) -> None:
    ask = ("auth", "can-i", "golive", "strategies.memesnipe.io/momentum", "-n", desk.namespace)

    answers = {who: desk.cluster.kubectl(*ask, as_user=who).stdout.strip() for who in (TRADER, CAPTAIN, MOMENTUM_ONLY)}

    assert answers == {TRADER: "no", CAPTAIN: "yes", MOMENTUM_ONLY: "yes"}


def test_with_the_verb_a_strategy_goes_live(desk: Desk) -> None:
    assert desk.change(STRATEGY, {"mode": "live"}, who=CAPTAIN) == ""


def test_a_new_strategy_may_not_start_live_without_the_verb(desk: Desk) -> None:
    spec = {"strategy": "momentum", "mode": "live"}

    assert "spec.mode: live needs the verb golive" in desk.create("Strategy", "another", spec, who=TRADER)
    assert desk.create("Strategy", "another", spec, who=CAPTAIN) == ""


def test_a_verb_for_one_strategy_is_for_that_one_alone(desk: Desk) -> None:
    assert desk.create("Strategy", "another", {"strategy": "momentum"}) == ""

    assert desk.change(STRATEGY, {"mode": "live"}, who=MOMENTUM_ONLY) == ""
    assert "strategies.memesnipe.io/another" in desk.change("strategies/another", {"mode": "live"}, who=MOMENTUM_ONLY)


def test_a_name_that_the_server_makes_is_no_way_round(desk: Desk) -> None:
    spec = {"strategy": "momentum", "mode": "live"}
    nameless = {**body("Strategy", "", spec), "metadata": {"generateName": "momentum-"}}

    assert "needs the verb golive" in desk.told("POST", "strategies", nameless, who=TRADER)


def test_a_live_spec_may_not_be_changed_without_the_verb(desk: Desk) -> None:
    assert desk.change(STRATEGY, {"mode": "live"}, who=CAPTAIN) == ""

    assert "changing a live Strategy's spec needs the verb golive" in desk.change(STRATEGY, {"parameters": {"fast_s": 1}})
    assert desk.change(STRATEGY, {"parameters": {"fast_s": 1}}, who=CAPTAIN) == ""


def test_a_paper_strategy_may_be_changed_by_anyone_who_may_edit(desk: Desk) -> None:
    assert desk.change(STRATEGY, {"parameters": {"fast_s": 1}}) == ""
    assert desk.change(STRATEGY, {"paused": True}) == ""


@pytest.mark.parametrize("back", [{"mode": "paper"}, {"mode": None}])
def test_anyone_who_may_edit_takes_a_live_strategy_back_to_paper(desk: Desk, back: dict[str, Any]) -> None:
    assert desk.change(STRATEGY, {"mode": "live"}, who=CAPTAIN) == ""

    assert desk.change(STRATEGY, back) == ""


@pytest.mark.parametrize(
    "patch",
    [
        {"metadata": {"labels": {"team": "a"}}},
        {"metadata": {"annotations": {"note": "x"}}},
        {"metadata": {"finalizers": ["memesnipe.io/test"]}},
        {"metadata": {"finalizers": None}},
    ],
)
def test_metadata_of_a_live_strategy_needs_no_verb(desk: Desk, patch: dict[str, Any]) -> None:
    assert desk.change(STRATEGY, {"mode": "live"}, who=CAPTAIN) == ""

    assert desk.patch(STRATEGY, patch, who=TRADER) == ""


def test_the_status_of_a_live_strategy_needs_no_verb(desk: Desk) -> None:
    admit(desk.cluster, granting(desk.namespace, "reporter", "strategies/status", "patch"))
    assert desk.change(STRATEGY, {"mode": "live"}, who=CAPTAIN) == ""

    assert desk.patch(f"{STRATEGY}/status", {"status": {"mode": "live"}}, who="reporter") == ""


def test_anyone_who_may_delete_deletes_a_live_strategy(desk: Desk) -> None:
    assert desk.change(STRATEGY, {"mode": "live"}, who=CAPTAIN) == ""

    assert desk.told("DELETE", STRATEGY, who=TRADER) == ""


def test_capital_is_lowered_by_anyone_and_raised_with_the_verb_alone(desk: Desk) -> None:
    assert "raising spec.capitalSol from 20 to 20.5 needs the verb golive" in desk.change(ALLOCATION, {"capitalSol": 20.5})
    assert desk.change(ALLOCATION, {"capitalSol": 20.5}, who=CAPTAIN) == ""
    assert desk.change(ALLOCATION, {"capitalSol": 1}) == ""


def test_a_weight_is_lowered_by_anyone_and_raised_with_the_verb_alone(desk: Desk) -> None:
    fixed = {"method": "fixed", "weightsBps": {"momentum": 4_000, "dip": 1_000}}

    assert "another spec.method, which shares the capital out anew, needs the verb golive" in desk.change(ALLOCATION, fixed)
    assert desk.change(ALLOCATION, fixed, who=CAPTAIN) == ""
    assert "raising spec.weightsBps of momentum needs the verb golive" in desk.change(ALLOCATION, {"weightsBps": {"momentum": 4_001}})
    assert "raising spec.weightsBps of new needs the verb golive" in desk.change(ALLOCATION, {"weightsBps": {"new": 1}})
    assert desk.change(ALLOCATION, {"weightsBps": {"momentum": 3_000}}) == ""
    assert desk.change(ALLOCATION, {"weightsBps": {"dip": None}}) == ""


def test_a_new_allocation_raises_the_capital_from_nothing(desk: Desk) -> None:
    assert desk.told("DELETE", ALLOCATION, who=TRADER) == ""

    assert "raising spec.capitalSol from 0 to 21" in desk.create("Allocation", "default", {"capitalSol": 21}, who=TRADER)
    assert desk.create("Allocation", "default", {"capitalSol": 0}, who=TRADER) == ""


def test_a_strategy_with_open_positions_stays_where_the_policy_refuses(desk: Desk) -> None:
    desk.say_status(STRATEGY, openPositions=2)
    assert desk.change(POLICY, {"onDelete": "Refuse"}) == ""
    desk.cluster.wait(lambda: desk.told("DELETE", STRATEGY + DRY), "admission has heard of the changed RiskPolicy")

    told = [desk.told("DELETE", path) for path in (STRATEGY, "strategies")]

    assert ["Strategy momentum has 2 open positions and the RiskPolicy says onDelete: Refuse" in one for one in told] == [True, True]


@pytest.mark.parametrize(("positions", "on_delete"), [(0, "Refuse"), (2, "Close")])
def test_a_strategy_goes_when_nothing_is_open_or_the_policy_closes(desk: Desk, positions: int, on_delete: str) -> None:
    desk.say_status(STRATEGY, openPositions=positions)
    assert desk.change(POLICY, {"onDelete": on_delete}) == ""

    assert desk.told("DELETE", STRATEGY, who=TRADER) == ""


def test_without_a_policy_a_strategy_can_be_deleted(desk: Desk) -> None:
    desk.say_status(STRATEGY, openPositions=2)
    assert desk.told("DELETE", POLICY) == ""

    assert desk.told("DELETE", STRATEGY, who=TRADER) == ""


@pytest.mark.parametrize("who", HOUSEKEEPERS)
def test_garbage_collection_is_never_locked_out(desk: Desk, who: str) -> None:
    desk.say_status(STRATEGY, openPositions=2)
    assert desk.change(POLICY, {"onDelete": "Refuse"}) == ""
    for plural in ("strategies", "riskpolicies"):
        admit(desk.cluster, granting(desk.namespace, who, plural, "delete"))

    assert desk.told("DELETE", STRATEGY + DRY, who=who) == ""
    assert desk.told("DELETE", POLICY + DRY, who=who) == ""


def test_a_deleted_namespace_goes_with_all_that_is_in_it(guarded: Cluster) -> None:
    guarded.call("POST", "/api/v1/namespaces", {"metadata": {"name": "doomed"}})
    desk = Desk(guarded, "doomed")
    assert desk.create("RiskPolicy", "default", {"onDelete": "Refuse"}) == ""
    assert desk.create("Strategy", "momentum", {"strategy": "momentum"}) == ""
    desk.say_status(STRATEGY, openPositions=2)

    guarded.call("DELETE", "/api/v1/namespaces/doomed")

    guarded.wait(lambda: "doomed" not in [one["metadata"]["name"] for one in guarded.call("GET", "/api/v1/namespaces")["items"]], "its end")


def test_the_api_server_finds_no_fault_with_the_types_in_a_policy(guarded: Cluster) -> None:
    path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/{}"
    for policy in policies.POLICIES:
        found = guarded.call("GET", path.format(policy.name))

        assert found["status"] == {"observedGeneration": found["metadata"]["generation"], "typeChecking": {}}
