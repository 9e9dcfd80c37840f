"""A record can be repeated to the byte, cannot be edited unseen, and does not pass a stricter gate by having passed a laxer one."""

import hashlib
import json
import math
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from memesnipe.evidence.record import RECORD_BYTES_MAX, canonical, objections, open_record, seal, to_json
from memesnipe.evidence.verdict import Thresholds
from memesnipe.kernel.clock import EventClock
from memesnipe.kernel.errors import BadInput, Bug
from memesnipe.testing.builders import START_NS
from memesnipe.testing.evidence import SUBJECT, a_record, some_metrics

Doc = dict[str, Any]


def for_this_spec(raw: bytes, thresholds: Thresholds | None = None) -> tuple[str, ...]:
    record = open_record(raw)
    return objections(record, strategy=SUBJECT.strategy, spec_hash=SUBJECT.spec_hash, thresholds=thresholds or Thresholds())


def edited(change: Callable[[Doc], object], *, sealed_again: bool = False) -> bytes:
    document = json.loads(to_json(a_record()))
    change(document)
    if sealed_again:
        canon = json.dumps(document["evidence"], sort_keys=True, separators=(",", ":")).encode()
        document["sha256"] = hashlib.sha256(canon).hexdigest()
    return json.dumps(document).encode()


def test_a_record_comes_back_whole_and_is_accepted_for_its_spec() -> None:
    record = a_record()

    assert open_record(to_json(record)) == record
    assert for_this_spec(to_json(record)) == ()


def test_the_same_measurement_gives_the_same_bytes_on_every_machine() -> None:
    assert canonical(a_record().evidence).startswith(b'{"created_ns":')
    assert a_record().sha256 == "9d793d16860646b03c16bafc1e56fd6956b7ec6656e44384f6fa514a7efe8ba0"


def test_spaces_and_the_order_of_keys_do_not_matter_to_the_hash() -> None:
    document = json.loads(to_json(a_record()))

    shuffled = json.dumps(dict(reversed(document.items())), indent=2).encode()

    assert open_record(shuffled) == a_record()


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document["evidence"]["metrics"].update(dsr=0.99),
        lambda document: document["evidence"]["subject"].update(spec_hash="f" * 16),
        lambda document: document["evidence"]["subject"].update(seed=8),
        lambda document: document["evidence"]["thresholds"].update(dsr_min=0.5),
        lambda document: document["evidence"].update(created_ns=document["evidence"]["created_ns"] + 1),
        lambda document: document.update(sha256="0" * 64),
    ],
)
def test_an_edited_record_is_not_opened(change: Callable[[Doc], object]) -> None:
    with pytest.raises(BadInput, match=r"^sha256: "):
        open_record(edited(change))


def test_a_pass_written_over_a_fail_and_sealed_again_is_not_opened() -> None:
    def bad_but_passed(document: Doc) -> None:
        document["evidence"]["metrics"]["dsr"] = 0.2

    with pytest.raises(BadInput, match=r"^verdict: "):
        open_record(edited(bad_but_passed, sealed_again=True))


def test_a_record_that_failed_is_whole_but_not_accepted() -> None:
    found = for_this_spec(to_json(a_record(dsr=0.2)))

    assert len(found) == 1
    assert found[0].startswith("dsr: the best of 16 worthless trials")


def test_a_record_that_failed_by_a_count_can_be_opened_too() -> None:
    record = a_record(observations=94, trades=35, lookahead_prefixes=3)

    assert open_record(to_json(record)) == record
    assert [failure.demand for failure in record.evidence.verdict.failures] == ["lookahead_prefixes", "observations", "trades"]


def test_thresholds_that_became_stricter_are_not_passed_by_an_old_record() -> None:
    assert for_this_spec(to_json(a_record()), Thresholds(dsr_min=0.99)) != ()


def test_a_record_made_under_lax_thresholds_does_not_pass_the_ones_in_force() -> None:
    lax = seal(SUBJECT, some_metrics(dsr=0.2), Thresholds(dsr_min=0.0), EventClock(START_NS))

    assert lax.evidence.verdict.passed
    assert for_this_spec(to_json(lax)) != ()


def test_evidence_for_another_spec_or_strategy_is_named() -> None:
    found = objections(a_record(), strategy="launch-sniper", spec_hash="f" * 16, thresholds=Thresholds())

    assert found == (
        "the record is about momentum, not launch-sniper",
        "the record is about other code or parameters; run the walk-forward for this spec",
    )


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_number_that_json_cannot_hold_is_not_sealed(number: float) -> None:
    with pytest.raises(Bug):
        seal(SUBJECT, some_metrics(sharpe=number), Thresholds(), EventClock(START_NS))


def test_what_a_reader_would_refuse_is_not_sealed() -> None:
    with pytest.raises(Bug, match="refuses"):
        seal(msgspec.structs.replace(SUBJECT, spec_hash=""), some_metrics(), Thresholds(), EventClock(START_NS))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"nonsense",
        b"\xff\xfe",
        b"[" * 20_000,
        b" " * (RECORD_BYTES_MAX + 1),
        edited(lambda document: document.update(extra=1)),
        edited(lambda document: document["evidence"]["metrics"].update(extra=1)),
        edited(lambda document: document["evidence"]["metrics"].update(dsr=7.0)),
        edited(lambda document: document["evidence"]["metrics"].update(trades="400")),
        edited(lambda document: document["evidence"].update(schema=2)),
        edited(lambda document: document["evidence"]["metrics"].pop("dsr")),
        to_json(a_record()).replace(b'"dsr":0.97', b'"dsr":0.97,"dsr":0.2'),
        to_json(a_record()).replace(b'"dsr":0.97', b'"dsr":NaN'),
    ],
)
def test_what_is_no_record_is_refused_by_name(raw: bytes) -> None:
    with pytest.raises(BadInput):
        open_record(raw)
