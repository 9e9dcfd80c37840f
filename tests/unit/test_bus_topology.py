"""The table of streams against what else is said of them."""

from pathlib import Path

import pytest

from memesnipe.bus.acl import executor_rules, service_rules
from memesnipe.bus.docs import render
from memesnipe.bus.topology import STREAMS, Kind, Stream, stream_of
from memesnipe.bus.turns import seats

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "streams.md"
ROWS = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)


def test_the_reference_page_says_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "renew it: python -m memesnipe.bus.docs > docs/reference/streams.md"


@ROWS
def test_a_real_name_leads_back_to_its_row(stream: Stream) -> None:
    assert stream_of(stream.of("momentum") if stream.split else stream.name) is stream


@ROWS
def test_every_stream_has_a_producer_and_somebody_who_reads(stream: Stream) -> None:
    assert stream.producers
    assert stream.readers or stream.folded_by


@ROWS
def test_a_fold_stream_has_no_groups_and_the_others_have(stream: Stream) -> None:
    assert bool(stream.readers) is (stream.kind is not Kind.FOLD)


def test_a_name_outside_the_table_is_refused() -> None:
    with pytest.raises(KeyError):
        stream_of("orders:surprise")


def test_only_risk_guardian_may_write_approved_orders() -> None:
    writers = {service for stream in STREAMS for service in stream.producers}

    may = {service for service in writers - {"control", "operator"} if _may_write(service_rules(service), "orders:approved")}

    assert may == {"risk_guardian"}


def test_an_executors_rules_name_no_other_strategy() -> None:
    rules = " ".join(executor_rules("momentum"))

    assert "orders:intents:*" not in rules
    assert "orders:fills:*" not in rules
    assert "~*" not in rules


def _may_write(rules: list[str], stream: str) -> bool:
    return any("+xadd" in rule and f" ~{stream} " in rule.replace(")", " ") for rule in rules)


def test_a_price_is_known_to_paper_market_and_risk_before_anyone_trades_on_it() -> None:
    turn = {(seat.stream, seat.group): seat.turn for seat in seats(["momentum"])}

    assert turn["events:price", "wallet_guard"] < turn["events:price", "executor:momentum"]
    assert turn["orders:fills:momentum", "executor:momentum"] < turn["events:price", "executor:momentum"]
    assert turn["events:price", "risk_guardian"] < turn["events:price", "executor:momentum"]
    assert turn["orders:intents:momentum", "risk_guardian"] < turn["orders:approved", "wallet_guard"]
