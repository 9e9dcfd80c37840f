"""One order, one trace: every hop in order, whatever the clocks say, and the same ids however often it is read."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memesnipe.kernel.clock import NS_PER_MS
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import TIME_NS_MIN, Mode
from memesnipe.messages.orders import Fill, FillStatus, Intent, Outcome
from memesnipe.messages.way import Way
from memesnipe.testing.builders import a_fill, a_rejection, a_sale, an_intent
from memesnipe.tracing.spans import Span, spans_of, trace_id

LIVE_HOPS = ["event", "wish", "approve", "take", "quote", "sign", "send", "land"]
STAGES = ["data_consumers", "executor", "risk_guardian", "wallet_guard", "wallet_guard", "signer", "wallet_guard", "wallet_guard"]


def a_way(intent: Intent, hops: int = 6, **changes: Any) -> Way:
    """A way of which so many hops are stamped, each ten milliseconds after the one before."""
    stamps = [intent.time_ns + (number + 1) * 10 * NS_PER_MS if number < hops else 0 for number in range(6)]
    wished, approved, taken, quoted, signed, sent = stamps
    facts = {
        "event_id": intent.event_id, "slot": intent.slot, "event_ns": intent.time_ns, "wished_ns": wished, "wish": "dip", "size": 7,
        "slippage_bps_max": 100, "approved_ns": approved, "policy_hash": "abc", "halt_epoch": 3, "taken_ns": taken, "quoted_ns": quoted,
        "signed_ns": signed, "sent_ns": sent,
    }  # fmt: skip
    return Way(**{**facts, **changes})


def a_live_fill(hops: int = 6, **changes: Any) -> Fill:
    intent = an_intent()
    return a_fill(intent, **{"mode": Mode.LIVE, "attempt": 1, "signature": "5" * 88, "way": a_way(intent, hops), **changes})


def children(outcome: Outcome) -> list[Span]:
    return [span for span in spans_of(outcome) if span.parent]


def root(outcome: Outcome) -> Span:
    (found,) = (span for span in spans_of(outcome) if not span.parent)
    return found


def test_a_live_order_shows_every_hop_in_order_each_with_the_stage_that_did_it() -> None:
    fill = a_live_fill()

    spans = children(fill)

    assert [span.name for span in spans] == LIVE_HOPS
    assert [span.service for span in spans] == STAGES
    assert [(span.end_ns - span.start_ns) // NS_PER_MS for span in spans] == [0, 10, 10, 10, 10, 10, 10, 340]
    assert {(span.trace_id, span.parent) for span in spans} == {(fill.intent_id, root(fill).span_id)}
    assert not any(span.error for span in spans_of(fill))


def test_the_root_tells_what_it_was_about_and_what_it_cost() -> None:
    fill = a_live_fill(tip_lamports=1_000, rent_lamports=2_039_280)

    whole = root(fill)

    assert (whole.name, whole.service, whole.start_ns, whole.end_ns) == ("order", "memesnipe", fill.intent_time_ns, fill.time_ns)
    told = {name.removeprefix("memesnipe."): value for name, value in whole.attributes.items()}
    assert told.items() >= {
        "intent": fill.intent_id, "strategy": fill.strategy, "mode": "live", "side": "buy", "mint": fill.mint, "outcome": "filled",
        "slot": fill.slot, "attempt": 1, "signature": fill.signature, "tip_lamports": 1_000, "rent_lamports": 2_039_280, "wish": "dip",
    }.items()  # fmt: skip


def test_a_paper_order_is_filled_where_a_live_one_lands() -> None:
    intent = an_intent()

    spans = children(a_fill(intent, way=a_way(intent, 3)))

    assert [span.name for span in spans] == ["event", "wish", "approve", "take", "fill"]


@pytest.mark.parametrize(
    ("hops", "stage", "last"),
    [
        (1, "risk_guardian", "approve"), (0, "risk_guardian", "approve"), (2, "wallet_guard", "take"), (3, "wallet_guard", "quote"),
        (5, "wallet_guard", "send"), (6, "wallet_guard", "land"),
    ],
)  # fmt: skip
def test_a_refusal_ends_in_the_hop_that_said_no_with_its_reason(hops: int, stage: str, last: str) -> None:
    intent = an_intent()
    no = a_rejection(intent, ReasonCode.TRADE_SIZE, stage=stage, detail="2 SOL, at most 1", way=a_way(intent, hops))

    spans = children(no)

    assert (spans[-1].name, spans[-1].service, spans[-1].error) == (last, stage, "trade_size: 2 SOL, at most 1")
    assert [span.error for span in spans[:-1]] == [""] * (len(spans) - 1)
    assert root(no).error == "trade_size: 2 SOL, at most 1"
    assert root(no).attributes["memesnipe.reason"] == "trade_size"


def test_a_refusal_says_whether_it_was_of_live_trading() -> None:
    intent = an_intent()

    refused = [a_rejection(intent, way=a_way(intent, 2, mode=mode)) for mode in (Mode.LIVE, Mode.PAPER)]

    assert [root(no).attributes["memesnipe.mode"] for no in refused] == ["live", "paper"]


def test_a_stamp_that_nobody_knows_is_left_out_and_its_time_is_in_the_next_hop() -> None:
    intent = an_intent()
    way = a_way(intent, approved_ns=0)

    spans = {span.name: span for span in children(a_fill(intent, mode=Mode.LIVE, way=way))}

    assert "approve" not in spans
    assert (spans["take"].start_ns, spans["take"].end_ns) == (way.wished_ns, way.taken_ns)


def test_an_outcome_of_an_older_release_is_a_root_alone() -> None:
    fill, no = a_fill(), a_rejection()

    whole = [*spans_of(fill), *spans_of(no)]

    assert [(span.name, span.parent) for span in whole] == [("order", "")] * 2
    assert (whole[0].start_ns, whole[0].end_ns) == (fill.intent_time_ns, fill.time_ns)
    assert spans_of(a_fill(status=FillStatus.FAILED)) == []


def test_a_clock_that_is_behind_bends_its_own_hop_and_no_other() -> None:
    intent = an_intent()
    late = a_way(intent, approved_ns=intent.time_ns + 2 * NS_PER_MS)

    spans = {span.name: span for span in children(a_fill(intent, mode=Mode.LIVE, way=late))}

    assert spans["approve"].end_ns - spans["approve"].start_ns == 0
    assert spans["approve"].attributes["memesnipe.clock_behind_ms"] == 8.0
    assert spans["quote"].end_ns - spans["quote"].start_ns == 10 * NS_PER_MS
    assert "memesnipe.clock_behind_ms" not in spans["quote"].attributes


def test_a_failed_attempt_shows_its_own_hops_and_the_refusal_after_it_does_not_repeat_them() -> None:
    intent = an_intent()
    way = a_way(intent)
    failed = a_fill(intent, mode=Mode.LIVE, status=FillStatus.FAILED, error="slippage", attempt=2, way=way)
    end = a_rejection(intent, ReasonCode.CHAIN_FAILED, stage="wallet_guard", way=way)

    attempt, order = spans_of(failed), spans_of(end)

    assert [(span.name, span.error) for span in attempt] == [("quote", ""), ("sign", ""), ("send", ""), ("land", "slippage")]
    assert [span.name for span in order] == ["order", "event", "wish", "approve", "take"]
    assert {span.parent for span in attempt} == {order[0].span_id}
    assert len({span.span_id for span in [*attempt, *order]}) == 9


def test_an_exit_is_position_managers_and_a_persons_has_no_market_event() -> None:
    sale = a_sale()
    stop = a_fill(sale, way=a_way(sale, 3, wish="stop_loss", by="position_manager"))
    person = a_fill(sale, way=a_way(sale, 3, wish="person", by="position_manager"))
    own = a_rejection(sale, way=a_way(sale, 1, wish="person", by="executor"))

    assert [(span.name, span.service) for span in children(stop)][:2] == [("event", "data_consumers"), ("wish", "position_manager")]
    assert next((span.name, span.service) for span in children(person)) == ("wish", "position_manager")
    assert [(span.name, span.service) for span in children(own)][:2] == [("event", "data_consumers"), ("wish", "executor")]


def test_the_trace_is_the_orders_id_and_one_of_another_shape_has_one_derived() -> None:
    intent = an_intent()

    assert trace_id(intent.id) == intent.id
    assert re.fullmatch("[0-9a-f]{32}", trace_id("order:7"))
    assert trace_id("order:7") == trace_id("order:7") != trace_id("order:8")
    assert trace_id("0" * 32) != "0" * 32


def test_what_is_read_twice_makes_the_same_spans() -> None:
    fill = a_live_fill()

    assert spans_of(fill) == spans_of(fill)


_TIMES = st.one_of(st.just(0), st.integers(TIME_NS_MIN, TIME_NS_MIN + 10**12))


@given(stamps=st.tuples(*[_TIMES] * 6), ended_ns=st.integers(TIME_NS_MIN, TIME_NS_MIN + 10**12), filled=st.booleans())
def test_no_clocks_whatever_make_a_span_of_less_than_nothing_or_one_outside_its_order(
    stamps: tuple[int, ...], ended_ns: int, filled: bool
) -> None:
    intent = an_intent(time_ns=TIME_NS_MIN + 5 * 10**11)
    names = ("wished_ns", "approved_ns", "taken_ns", "quoted_ns", "signed_ns", "sent_ns")
    way = a_way(intent, **dict(zip(names, stamps, strict=True)))
    outcome = a_fill(intent, mode=Mode.LIVE, time_ns=ended_ns, way=way) if filled else a_rejection(intent, time_ns=ended_ns, way=way)

    spans, whole = spans_of(outcome), root(outcome)

    assert all(whole.start_ns <= span.start_ns <= span.end_ns <= whole.end_ns for span in spans)
    assert len({span.span_id for span in spans}) == len(spans)
