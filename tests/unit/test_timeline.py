"""The way of one order: hops in their order, each with its latency and reason; what nobody remembers any more is said, not left out."""

from typing import Any

import msgspec
import pytest

from memesnipe.kernel.reasons import REMEDY, ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import FillStatus, way_of
from memesnipe.testing.builders import SOL, START_NS, a_fill, a_pair, a_rejection, an_approved, an_exit, an_intent
from memesnipe.timeline.hops import Found, timeline_of

MS = 1_000_000


def whole(**changes: Any) -> Found:
    """Return an order that was wished 20 ms after its event, approved 5 ms later, and filled 375 ms after that."""
    intent = an_intent()
    approved = an_approved(intent, time_ns=intent.time_ns + 25 * MS)
    found = Found(id=intent.id, intents=(intent,), approvals=(approved,), fills=(a_fill(intent),), wished_ns=intent.time_ns + 20 * MS)
    return msgspec.structs.replace(found, **changes)


def test_every_hop_has_its_own_latency_and_the_whole_its_sum() -> None:
    timeline = timeline_of(whole())

    assert timeline is not None
    assert [(hop.hop, hop.stage, hop.after_ms) for hop in timeline.hops] == [
        ("event", "data_consumers", None),
        ("wish", "executor", 20.0),
        ("approved", "risk_guardian", 5.0),
        ("filled", "wallet_guard", 375.0),
    ]
    assert (timeline.outcome, timeline.mode, timeline.total_ms, timeline.gone) == ("filled", "paper", 400.0, ())


def test_an_order_that_the_streams_have_forgotten_says_which_hops_are_gone() -> None:
    timeline = timeline_of(whole(intents=(), approvals=(), wished_ns=None))

    assert timeline is not None
    assert ([hop.hop for hop in timeline.hops], timeline.gone, timeline.total_ms) == (["event", "filled"], ("wish", "approved"), 400.0)


def test_a_refusal_by_risk_names_the_reason_and_what_to_do_and_needed_no_approval() -> None:
    no = a_rejection(an_intent(), ReasonCode.HALTED, detail="since noon")

    timeline = timeline_of(Found(id=no.intent_id, rejections=(no,)))

    assert timeline is not None
    assert (timeline.outcome, timeline.gone) == ("rejected", ("wish",))
    assert (timeline.hops[0].detail, timeline.hops[0].remedy) == ("halted: since noon", REMEDY[ReasonCode.HALTED])


def test_a_failed_attempt_is_a_hop_of_its_own_and_is_not_the_end() -> None:
    found = whole()
    failed = msgspec.structs.replace(found.fills[0], signature="first", status=FillStatus.FAILED, error="slippage", attempt=0)

    timeline = timeline_of(msgspec.structs.replace(found, fills=(failed,)))

    assert timeline is not None
    assert (timeline.outcome, timeline.total_ms, timeline.hops[-1].hop) == ("open", None, "failed attempt")


def test_the_same_fill_on_the_stream_and_in_the_ledger_is_one_hop() -> None:
    found = whole()

    timeline = timeline_of(msgspec.structs.replace(found, fills=found.fills * 2))

    assert timeline is not None
    assert sum(hop.hop == "filled" for hop in timeline.hops) == 1


def test_a_clock_that_is_off_does_not_put_the_approval_before_the_wish() -> None:
    found = whole()
    early = an_approved(found.intents[0], time_ns=found.intents[0].time_ns - 50 * MS)

    timeline = timeline_of(msgspec.structs.replace(found, approvals=(early,)))

    assert timeline is not None
    assert [hop.hop for hop in timeline.hops] == ["event", "wish", "approved", "filled"]


def test_in_a_replay_the_time_of_writing_is_of_another_year_and_does_not_count() -> None:
    timeline = timeline_of(whole(wished_ns=1_900_000_000 * SOL))

    assert timeline is not None
    assert timeline.hops[1].after_ms == 0.0


@pytest.mark.parametrize(
    ("came_out", "told"),
    [
        ({}, "just as its paper twin"),
        ({"live_lamports": -SOL // 1_000}, "100 bps worse than its paper twin"),
        ({"paper_lamports": None}, "not to be compared with its paper twin: one of the two has no fill"),
    ],
)
def test_a_live_order_shows_when_the_guard_took_it_and_its_gap(came_out: dict[str, Any], told: str) -> None:
    found = whole()
    pair = a_pair(intent_id=found.id, time_ns=found.intents[0].time_ns + 30 * MS, **came_out)

    timeline = timeline_of(msgspec.structs.replace(found, pairs=(pair,), fills=(a_fill(found.intents[0], mode=Mode.LIVE),)))

    assert timeline is not None
    assert ([hop.hop for hop in timeline.hops][3], timeline.mode) == ("taken", "live")
    assert timeline.hops[3].detail == f"live; in the end filled, {told}"


def test_an_exit_is_position_managers_wish_with_its_cause() -> None:
    timeline = timeline_of(Found(id="exit", intents=(an_exit(),)))

    assert timeline is not None
    assert (timeline.side, timeline.outcome, timeline.hops[1].stage) == ("sell", "open", "position_manager")
    assert "stop_loss" in timeline.hops[1].detail


def test_of_nothing_there_is_no_timeline() -> None:
    assert timeline_of(Found(id="nothing")) is None


def taken_live(**stamps: int) -> Found:
    """Return a live order of yesterday: the streams have nothing, its fill carries its way."""
    intent = an_intent(wished_ns=START_NS + 402 * MS)
    approved = an_approved(intent, mode=Mode.LIVE, time_ns=START_NS + 405 * MS)
    fill = a_fill(intent, mode=Mode.LIVE, time_ns=START_NS + 900 * MS, way=way_of(intent, approved, **stamps))
    return Found(id=intent.id, fills=(fill,))


def test_a_live_order_of_yesterday_shows_every_hop_from_its_fill_alone() -> None:
    stamps = {"taken_ns": 407, "quoted_ns": 540, "signed_ns": 552, "sent_ns": 553}

    timeline = timeline_of(taken_live(**{name: START_NS + ms * MS for name, ms in stamps.items()}))

    assert timeline is not None
    assert [(hop.hop, hop.stage, hop.after_ms) for hop in timeline.hops] == [
        ("event", "data_consumers", None),
        ("wish", "executor", 2.0),
        ("approved", "risk_guardian", 3.0),
        ("taken", "wallet_guard", 2.0),
        ("quoted", "wallet_guard", 133.0),
        ("signed", "signer", 12.0),
        ("sent", "wallet_guard", 1.0),
        ("filled", "wallet_guard", 347.0),
    ]
    assert (timeline.gone, timeline.total_ms) == ((), 500.0)
    assert all(hop.detail for hop in timeline.hops)
    assert timeline.hops[1].detail == "buy for 100,000,000 lamports: test, at most 300 bps of slippage"


def test_steps_that_were_taken_before_a_restart_are_said_to_be_gone() -> None:
    timeline = timeline_of(taken_live(quoted_ns=START_NS + 540 * MS))

    assert timeline is not None
    assert [hop.hop for hop in timeline.hops] == ["event", "wish", "approved", "quoted", "filled"]
    assert timeline.gone == ("taken", "signed", "sent")


def test_a_refusal_by_risk_that_carries_its_way_needs_no_stream() -> None:
    intent = an_exit(wished_ns=START_NS + 401 * MS)
    no = a_rejection(intent, ReasonCode.NO_POSITION, time_ns=START_NS + 403 * MS, way=way_of(intent))

    timeline = timeline_of(Found(id=intent.id, rejections=(no,)))

    assert timeline is not None
    assert [(hop.hop, hop.stage, hop.after_ms) for hop in timeline.hops] == [
        ("event", "data_consumers", None),
        ("wish", "position_manager", 1.0),
        ("refused", "risk_guardian", 2.0),
    ]
    assert timeline.gone == ()


def test_what_ended_an_order_knows_more_of_its_way_than_the_streams() -> None:
    found = taken_live(taken_ns=START_NS + 407 * MS)
    intent = an_intent(id=found.id, wished_ns=START_NS + 402 * MS)

    timeline = timeline_of(msgspec.structs.replace(found, intents=(intent,), approvals=(an_approved(intent, mode=Mode.LIVE),)))

    assert timeline is not None
    assert [hop.hop for hop in timeline.hops] == ["event", "wish", "approved", "taken", "filled"]


@pytest.mark.parametrize("mode", list(Mode))
def test_a_refusal_by_wallet_guard_says_whether_it_was_live_long_after_the_streams_forgot_its_approval(mode: Mode) -> None:
    intent = an_intent(wished_ns=START_NS + 401 * MS)
    approved = an_approved(intent, mode=mode, time_ns=START_NS + 403 * MS)
    no = a_rejection(intent, ReasonCode.TOKEN_FEE, stage="wallet_guard", way=way_of(intent, approved, taken_ns=START_NS + 404 * MS))

    timeline = timeline_of(Found(id=intent.id, rejections=(no,)))

    assert timeline is not None
    assert timeline.mode == mode.value
    assert next(hop.detail for hop in timeline.hops if hop.hop == "approved").startswith(f"{mode.value}, policy")


def test_a_refusal_by_risk_says_in_which_mode_it_was_judged() -> None:
    intent = an_intent()
    no = a_rejection(intent, way=msgspec.structs.replace(way_of(intent), mode=Mode.LIVE))

    timeline = timeline_of(Found(id=intent.id, rejections=(no,)))

    assert timeline is not None
    assert timeline.mode == "live"
