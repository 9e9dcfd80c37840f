"""Records of evidence as the API server shows them: events and lists overtake each other, and what is damaged is never nothing."""

from typing import Any

from memesnipe.control.metrics import EVIDENCE_ERRORS
from memesnipe.control.proofs import Damaged
from memesnipe.evidence.record import to_json
from memesnipe.testing.evidence import a_record_for
from memesnipe_operator.records import Records

RECORD = a_record_for("0123456789abcdef", "c" * 64)
OTHER = a_record_for("fedcba9876543210", "c" * 64)
TEXT, OTHER_TEXT = to_json(RECORD).decode(), to_json(OTHER).decode()


def a_map(version: int, text: str | None = TEXT, *, name: str = "one", strategy: str = "momentum", **labels: str) -> dict[str, Any]:
    metadata = {"name": name, "resourceVersion": str(version), "labels": {"memesnipe.io/evidence": strategy, **labels}}
    return {"metadata": metadata, **({} if text is None else {"data": {"record.json": text}})}


def test_a_record_counts_from_its_event_on_until_it_is_deleted() -> None:
    records = Records()

    assert records.observe(a_map(1), deleted=False) == {"momentum"}
    assert records.of("momentum") == (RECORD,)
    assert records.observe(a_map(2), deleted=True) == {"momentum"}
    assert records.of("momentum") == ()


def test_a_record_that_moves_to_another_strategy_is_news_to_both() -> None:
    records = Records()
    records.observe(a_map(1), deleted=False)

    assert records.observe(a_map(2, strategy="sniper"), deleted=False) == {"momentum", "sniper"}
    assert (records.of("momentum"), records.of("sniper")) == ((), (RECORD,))


def test_another_label_is_no_news_and_an_older_event_none_either() -> None:
    records = Records()
    records.observe(a_map(5), deleted=False)

    assert records.observe(a_map(6, team="a"), deleted=False) == set()
    assert records.observe(a_map(4, None), deleted=False) == set()
    assert records.of("momentum") == (RECORD,)


def test_what_was_emptied_holds_no_record() -> None:
    records = Records()
    records.observe(a_map(1), deleted=False)

    assert records.observe(a_map(2, None), deleted=False) == {"momentum"}
    assert records.of("momentum") == ()


def test_a_damaged_record_is_named_with_its_object() -> None:
    records = Records()

    records.observe(a_map(1, TEXT.replace('"dsr":0.97', '"dsr":0.99')), deleted=False)

    [found] = records.of("momentum")
    assert isinstance(found, Damaged)
    assert (found.origin, "changed after it was sealed" in found.why) == ("ConfigMap one", True)


def test_a_list_finds_what_no_event_told_and_takes_out_what_is_gone() -> None:
    records = Records()
    records.observe(a_map(1), deleted=False)
    records.observe(a_map(2, name="two", strategy="sniper"), deleted=False)

    assert records.replace([a_map(3, OTHER_TEXT)], "4") == {"momentum", "sniper"}
    assert (records.of("momentum"), records.of("sniper")) == ((OTHER,), ())


def test_a_list_that_took_its_time_does_not_undo_a_newer_event() -> None:
    records = Records()
    records.observe(a_map(9, OTHER_TEXT), deleted=False)

    assert records.replace([a_map(3)], "5") == set()
    assert records.of("momentum") == (OTHER,)


def test_what_was_opened_is_not_opened_again_by_each_list_that_shows_it() -> None:
    records = Records()
    broken = a_map(1, TEXT.replace('"dsr":0.97', '"dsr":0.99'))
    records.replace([broken], "1")
    refused = EVIDENCE_ERRORS._value.get()

    assert records.replace([broken], "2") == set()
    assert EVIDENCE_ERRORS._value.get() == refused
    assert isinstance(records.of("momentum")[0], Damaged)


def test_several_records_of_one_strategy_are_all_kept() -> None:
    records = Records()
    records.observe(a_map(1), deleted=False)
    records.observe(a_map(2, OTHER_TEXT, name="two"), deleted=False)

    assert set(records.of("momentum")) == {RECORD, OTHER}


def test_a_list_is_read_although_less_of_its_objects_is_kept() -> None:
    records = Records()
    listed = a_map(1)
    listed["metadata"]["managedFields"] = [{"manager": "somebody"}]

    assert records.replace([listed], "1") == {"momentum"}
    assert records.of("momentum") == (RECORD,)
