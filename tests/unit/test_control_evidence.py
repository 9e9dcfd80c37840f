"""No capital without evidence for exactly this spec and code, under the demands in force; and whoever is refused is told what to do."""

from typing import Any

import msgspec
import pytest

from memesnipe.control.evidence import NS_PER_DAY, REASONS, Asked, answer
from memesnipe.control.proofs import Damaged, Sighting
from memesnipe.evidence.verdict import Thresholds
from memesnipe.manifests.promotion import Promotion
from memesnipe.testing.builders import START_NS
from memesnipe.testing.evidence import a_record, a_record_for

SPEC, CODE, OTHER = "0123456789abcdef", "c" * 64, "d" * 64
ASKED = Asked(plugin="momentum", spec_hash=SPEC, code_hash=CODE, promotion=Promotion(), now_ns=START_NS + NS_PER_DAY)
GOOD = a_record_for(SPEC, CODE)
BROKEN = Damaged("momentum.evidence.json", "sha256: the record was changed after it was sealed; make it anew")


def asked(**changes: Any) -> Asked:
    return msgspec.structs.replace(ASKED, **changes)


def test_a_record_for_this_spec_and_code_passes_and_is_named() -> None:
    found = answer([GOOD], ASKED)

    assert (found.passed, found.record) == (True, GOOD)
    assert GOOD.sha256[:12] in found.message


@pytest.mark.parametrize(
    ("sighting", "change", "reason", "says"),
    [
        (a_record_for("f" * 16, CODE), {}, "EvidenceForAnotherSpec", "other parameters"),
        (GOOD, {"spec_hash": ""}, "EvidenceForAnotherSpec", "other parameters"),
        (GOOD, {"plugin": "launch-sniper"}, "EvidenceForAnotherSpec", "about the code momentum, not launch-sniper"),
        (a_record_for(SPEC, OTHER), {}, "EvidenceForOtherCode", "not the one that was tested"),
        (a_record_for(SPEC, ""), {}, "EvidenceForOtherCode", "not the one that was tested"),
        (GOOD, {"code_hash": ""}, "CodeNotRegistered", "strategy_factory has not registered the code momentum"),
        (BROKEN, {}, "EvidenceDamaged", "momentum.evidence.json cannot be relied on: sha256"),
        (a_record_for(SPEC, CODE, dsr=0.9), {}, "EvidenceBelowThresholds", "dsr 0.9 (limit 0.95)"),
        (a_record_for(SPEC, CODE, pbo=None, pbo_loss=None), {}, "EvidenceBelowThresholds", "pbo not measured (limit 0.2)"),
        (GOOD, {"promotion": Promotion(trades_min=401)}, "EvidenceBelowThresholds", "trades 400 (limit 401)"),
    ],
)
def test_what_is_no_evidence_for_it_says_why(sighting: Sighting, change: dict[str, Any], reason: str, says: str) -> None:
    found = answer([sighting], asked(**change))

    assert (found.passed, found.reason) == (False, reason)
    assert says in found.message


def test_without_any_record_there_is_none() -> None:
    found = answer([], ASKED)

    assert (found.passed, found.reason, found.record) == (False, "NoEvidence", None)
    assert "memesnipe evidence" in found.message


def test_a_record_that_failed_its_own_demands_passes_under_laxer_ones_that_are_in_force() -> None:
    weak = a_record_for(SPEC, CODE, trades=60)

    assert not weak.evidence.verdict.passed
    assert answer([weak], asked(promotion=Promotion(trades_min=60))).passed


def test_every_demand_that_is_not_met_is_named() -> None:
    found = answer([a_record_for(SPEC, CODE, dsr=0.1, trades=3, drawdown=0.9)], ASKED)

    assert [name for name in ("trades 3", "dsr 0.1", "drawdown 0.9") if name not in found.message] == []


@pytest.mark.parametrize(
    ("days_max", "age_days", "passed"), [(0, 10_000, True), (30, 30, True), (30, 31, False), (30, -1, False), (0, -1, True)]
)
def test_age_counts_where_it_is_asked_for(days_max: int, age_days: int, passed: bool) -> None:
    now_ns = START_NS + age_days * NS_PER_DAY

    found = answer([GOOD], asked(now_ns=now_ns, promotion=Promotion(evidence_age_days_max=days_max)))

    assert found.reason == ("EvidenceRecorded" if passed else "EvidenceTooOld")


def test_one_good_record_among_damaged_and_foreign_ones_is_enough() -> None:
    foreign = [a_record(), a_record_for(SPEC, OTHER), a_record_for(SPEC, CODE, dsr=0.1)]

    assert answer([BROKEN, *foreign, GOOD, BROKEN], ASKED).passed


def test_of_several_the_nearest_speaks_and_of_equals_the_newest() -> None:
    older, newer = (a_record_for(SPEC, CODE, created_ns=START_NS + days, dsr=0.1) for days in (1, 2))

    assert answer([newer, a_record(), older, BROKEN], ASKED).record == newer
    assert answer([a_record(), BROKEN], ASKED).reason == "EvidenceDamaged"


def test_each_reason_stands_in_the_order_once() -> None:
    assert len(set(REASONS)) == len(REASONS)


def test_the_demands_of_a_promotion_are_the_gates_unless_it_says_otherwise() -> None:
    assert Promotion().thresholds() == Thresholds()
    assert Promotion.model_validate({"dsrMin": 0.99}).thresholds() == Thresholds(dsr_min=0.99)
    assert set(msgspec.structs.asdict(Thresholds())) <= set(Promotion.model_fields)
