"""Who may say what evidence there is, and weaken what is demanded of it, on a real API server."""

import re
from typing import Any

import pytest

from memesnipe.manifests.directions import PROMOTION, Looser, weakened
from memesnipe.manifests.promotion import Promotion
from memesnipe.testing.desk import (
    ALLOCATION,
    CAPTAIN,
    CONFIG_MAPS,
    DRY,
    EVIDENCE_KEY,
    EVIDENCE_LABEL,
    STRATEGY,
    TRADER,
    Desk,
    evidence_map,
    granting,
)
from memesnipe.testing.roles import admit

JOB = "jo"
"""Who measures."""
MAP = f"{CONFIG_MAPS}/evidence"
MERGE = "application/merge-patch+json"


@pytest.fixture
def keepers(desk: Desk) -> Desk:
    """Everybody may write ConfigMaps; the job may also vouch for momentum."""
    for who in (TRADER, CAPTAIN, JOB):
        admit(desk.cluster, _named(granting(desk.namespace, who, "configmaps", "create", "patch", "delete", group=""), f"maps-{who}"))
    admit(desk.cluster, granting(desk.namespace, JOB, "strategies", "attest", name="momentum"))
    return desk


def _named(made: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Return a role and its binding under a name of their own, so that several people can be given the same."""
    role, binding = made
    metadata = {**role["metadata"], "name": name}
    return [{**role, "metadata": metadata}, {**binding, "metadata": metadata, "roleRef": {**binding["roleRef"], "name": name}}]


def write(desk: Desk, text: str | None, who: str, strategy: str = "momentum") -> str:
    return desk.told("POST", CONFIG_MAPS + DRY, evidence_map(text, strategy), who=who)


def change(desk: Desk, patch: dict[str, object], who: str) -> str:
    return desk.told("PATCH", MAP, patch, who=who, content_type=MERGE)


def test_whoever_may_write_config_maps_may_not_fake_evidence_and_is_told_what_to_ask_for(keepers: Desk) -> None:
    told = write(keepers, "{}", TRADER)

    assert "an evidence record of Strategy momentum needs the verb attest or golive on strategies.memesnipe.io/momentum" in told
    assert f"kubectl auth can-i attest strategies.memesnipe.io/momentum -n {keepers.namespace}" in told


def test_who_measures_may_vouch_for_its_own_strategy_and_do_nothing_else(keepers: Desk) -> None:
    assert write(keepers, "{}", JOB) == ""
    assert "needs the verb attest or golive on strategies.memesnipe.io/another" in write(keepers, "{}", JOB, "another")
    assert "needs the verb attest" in write(keepers, "{}", JOB, "")
    admit(keepers.cluster, granting(keepers.namespace, JOB, "strategies", "patch"))
    assert "spec.mode: live needs the verb golive" in keepers.change(STRATEGY, {"mode": "live"}, who=JOB)


def test_who_may_go_live_may_bring_a_record(keepers: Desk) -> None:
    assert write(keepers, "{}", CAPTAIN, "another") == ""


def test_a_map_without_a_record_is_anybodys_and_so_is_taking_one_out(keepers: Desk) -> None:
    assert write(keepers, None, TRADER) == ""
    assert keepers.told("POST", CONFIG_MAPS, evidence_map("{}"), who=JOB) == ""

    assert "needs the verb attest" in change(keepers, {"data": {EVIDENCE_KEY: "{ }"}}, TRADER)
    assert "needs the verb attest" in change(keepers, {"metadata": {"labels": {EVIDENCE_LABEL: "another"}}}, TRADER)
    assert change(keepers, {"metadata": {"labels": {"team": "a"}}, "data": {"notes": "looked at"}}, TRADER) == ""
    assert change(keepers, {"data": {EVIDENCE_KEY: None}}, TRADER) == ""
    assert "needs the verb attest" in change(keepers, {"data": {EVIDENCE_KEY: "{}"}}, TRADER)
    assert keepers.told("DELETE", MAP, who=TRADER) == ""


def test_a_record_that_gets_its_label_later_is_no_way_round(keepers: Desk) -> None:
    plain = evidence_map("{}")
    plain["metadata"]["labels"] = {}
    assert keepers.told("POST", CONFIG_MAPS, plain, who=TRADER) == ""

    assert "needs the verb attest" in change(keepers, {"metadata": {"labels": {EVIDENCE_LABEL: "momentum"}}}, TRADER)


def moved(field: str, way: int) -> float:
    """Return a demand one step weaker (1) or stronger (-1) than the default, which for an age is 30 days here."""
    default = float(BASE[field])
    step = 1 if isinstance(BASE[field], int) else 0.01 * default
    up = PROMOTION[field] is not Looser.SMALLER
    found = default + (way if up else -way) * step
    return int(found) if isinstance(BASE[field], int) else found


BASE = {**Promotion().model_dump(by_alias=True), "evidenceAgeDaysMax": 30, "lookaheadPrefixesMin": 31}


@pytest.mark.parametrize("field", PROMOTION)
def test_a_demand_may_be_strengthened_by_anyone_and_weakened_with_the_verb_alone(desk: Desk, field: str) -> None:
    assert desk.change(ALLOCATION, {"promotion": {field: BASE[field]}}, who=CAPTAIN) == ""
    weaker, stronger = {"promotion": {field: moved(field, 1)}}, {"promotion": {field: moved(field, -1)}}

    refused = desk.change(ALLOCATION + DRY, weaker)

    assert re.search(rf"weakening spec.promotion: {field} from [\d.]+ to [\d.]+ needs the verb golive", refused), refused
    assert desk.change(ALLOCATION + DRY, weaker, who=CAPTAIN) == ""
    assert desk.change(ALLOCATION, stronger) == ""


def test_asking_for_no_age_at_all_is_the_weakest(desk: Desk) -> None:
    assert desk.change(ALLOCATION, {"promotion": {"evidenceAgeDaysMax": 30}}) == ""

    assert "weakening spec.promotion: evidenceAgeDaysMax from 30 to 0" in desk.change(ALLOCATION, {"promotion": {"evidenceAgeDaysMax": 0}})


def test_taking_the_demands_out_is_measured_by_the_defaults(desk: Desk) -> None:
    assert desk.change(ALLOCATION, {"promotion": {"tradesMin": 500, "pboMax": 0.1}}) == ""

    told = desk.change(ALLOCATION, {"promotion": None})

    assert "tradesMin from 500 to 100, pboMax from 0.1 to 0.2 needs the verb golive" in told


def test_a_new_allocation_is_measured_by_the_defaults(desk: Desk) -> None:
    assert desk.told("DELETE", ALLOCATION) == ""

    told = desk.create("Allocation", "default", {"capitalSol": 0, "promotion": {"psrMin": 0.5}}, who=TRADER)

    assert "weakening spec.promotion: psrMin from 0.95 to 0.5" in told
    assert desk.create("Allocation", "default", {"capitalSol": 0, "promotion": {"psrMin": 0.99}}, who=TRADER) == ""


def test_the_python_table_and_the_policy_agree_on_a_mixed_change(desk: Desk) -> None:
    mixed = {"tradesMin": 99, "dsrMin": 0.99, "pboMax": 0.3, "drawdownMax": 0.1, "paperInBandBpsMin": 0}

    told = desk.change(ALLOCATION + DRY, {"promotion": mixed})

    named = weakened(Promotion(), Promotion.model_validate(mixed))
    assert named == ("tradesMin", "pboMax", "paperInBandBpsMin")
    assert re.findall(r"(\w+) from", told) == list(named)
