"""Every message comes back as it was sent, and an old reader and a new one understand each other."""

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memesnipe.kernel.errors import BadInput
from memesnipe.messages.bounds import AMOUNT_MAX, TIME_NS_MAX, TIME_NS_MIN, Id, Mode, Pubkey, Schema, Side, StrategyId, TimeNs
from memesnipe.messages.codec import decode, encode
from memesnipe.messages.market import MarketFrame
from memesnipe.messages.orders import ApprovedOrder, ExitCause, ExitIntent, Fill, FillStatus, OrderIntent, Outcome, way_of
from memesnipe.testing.builders import a_fill, a_frame, a_rejection, a_tick, an_approved, an_exit, an_intent

amounts = st.integers(0, AMOUNT_MAX)
positive = st.integers(1, AMOUNT_MAX)
deltas = st.integers(-AMOUNT_MAX, AMOUNT_MAX)
times = st.integers(TIME_NS_MIN, TIME_NS_MAX)
slots = st.integers(0, 2**53)
bps = st.integers(0, 10_000)
ids = st.text("ABCXYZabcxyz0189:._-", min_size=1, max_size=128)
strategies = st.from_regex(r"\A[a-z0-9]([a-z0-9\-]{0,61}[a-z0-9])?\Z")
mints = st.text("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", min_size=32, max_size=44)
hashes = st.text("0123456789abcdef", max_size=64)

ticks = st.builds(
    a_tick, event_id=ids, time_ns=times, slot=slots, mint=mints, quote_lamports=positive, base_units=positive, trade_units=amounts
)
order_intents = st.builds(
    an_intent, id=ids, strategy=strategies, spec_hash=hashes, event_id=ids, time_ns=times, mint=mints,
    side=st.sampled_from(Side), size_lamports=amounts, size_units=amounts, slippage_bps_max=bps, quote_lamports=positive,
)  # fmt: skip
exit_intents = st.builds(an_exit, id=ids, strategy=strategies, size_units=positive, cause=st.sampled_from(ExitCause), time_ns=times)
intents = order_intents | exit_intents
fills = st.builds(
    a_fill, quoted_out=amounts, venue_fee_lamports=amounts,
    status=st.sampled_from(FillStatus), sol_delta_lamports=deltas, token_delta_units=deltas, fee_lamports=amounts,
    rent_lamports=deltas, exit_cause=st.none() | st.sampled_from(ExitCause), mode=st.sampled_from(Mode), time_ns=times,
    way=st.none() | st.builds(
        way_of, intents, st.none() | st.builds(an_approved, time_ns=times), taken_ns=times, quoted_ns=times, signed_ns=times, sent_ns=times
    ),
)  # fmt: skip
approvals = st.builds(an_approved, intents, mode=st.sampled_from(Mode), approval=st.binary(max_size=4_096), time_ns=times)


@given(st.lists(ticks, min_size=1, max_size=8))
def test_a_frame_comes_back_as_it_was_sent(events: list[Any]) -> None:
    frame = a_frame(*events)

    assert decode(MarketFrame, encode(frame)) == frame


@given(order_intents)
def test_an_order_intent_comes_back_as_it_was_sent(intent: OrderIntent) -> None:
    assert decode(OrderIntent, encode(intent)) == intent


@given(exit_intents)
def test_an_exit_intent_comes_back_as_it_was_sent(intent: ExitIntent) -> None:
    assert decode(ExitIntent, encode(intent)) == intent


@given(approvals)
def test_an_approved_order_comes_back_as_it_was_sent(order: ApprovedOrder) -> None:
    assert decode(ApprovedOrder, encode(order)) == order


@given(fills)
def test_an_outcome_comes_back_as_it_was_sent(fill: Fill) -> None:
    assert decode(Outcome, encode(fill)) == fill  # type: ignore[arg-type] # a union is no class, yet a message type


@given(st.binary(max_size=512))
@settings(max_examples=500)
def test_bytes_from_anywhere_are_a_message_or_bad_input(raw: bytes) -> None:
    with contextlib.suppress(BadInput):
        decode(MarketFrame, raw)


@given(order_intents, st.data())
def test_a_flipped_byte_is_a_message_or_bad_input(intent: OrderIntent, data: st.DataObject) -> None:
    raw = bytearray(encode(intent))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))

    with contextlib.suppress(BadInput):
        decode(OrderIntent, bytes(raw))


class NewerIntent(msgspec.Struct, frozen=True, array_like=True, tag="order_intent"):
    """The OrderIntent of a later release: fields appended, each with a default."""

    id: Id
    strategy: StrategyId
    spec_hash: str
    event_id: Id
    sequence: int
    time_ns: TimeNs
    slot: int
    mint: Pubkey
    side: Side
    size_lamports: int
    size_units: int
    slippage_bps_max: int
    quote_lamports: int
    base_units: int
    reason: str = ""
    schema: Schema = 2
    wished_ns: int = 0
    code_hash: str = ""
    urgency: int = 0
    notes: tuple[str, ...] = ()


@given(order_intents)
def test_an_old_reader_takes_a_newer_message(intent: OrderIntent) -> None:
    values = {name: getattr(intent, name) for name in intent.__struct_fields__ if name != "schema"}
    newer = NewerIntent(**values, schema=2, urgency=3, notes=("later",))

    read = decode(OrderIntent, encode(newer))

    assert msgspec.structs.replace(read, schema=intent.schema) == intent


@given(order_intents)
def test_a_newer_reader_takes_an_old_message(intent: OrderIntent) -> None:
    newer = decode(NewerIntent, encode(intent))

    assert (newer.id, newer.size_lamports, newer.urgency, newer.notes) == (intent.id, intent.size_lamports, 0, ())


@pytest.mark.parametrize(
    "said", [an_intent(code_hash="c0"), an_exit(event_ns=1), a_fill(way=way_of(an_intent())), a_rejection(way=way_of(an_exit()))]
)
def test_a_message_of_a_release_that_lacked_the_last_field_is_read_as_one_that_does_not_know(said: Any) -> None:
    older = msgspec.msgpack.encode([said.__struct_config__.tag, *(getattr(said, name) for name in said.__struct_fields__[:-1])])

    read = decode(type(said), older)

    assert read == msgspec.structs.replace(said, **{said.__struct_fields__[-1]: said.__struct_defaults__[-1]})


BAD: dict[str, dict[str, object]] = {
    "a negative size": {"size_lamports": -1},
    "a size past 2**63": {"size_lamports": 2**63},
    "true for a number": {"size_lamports": True},
    "a fraction of a lamport": {"size_lamports": 1.5},
    "infinity": {"size_lamports": float("inf")},
    "NaN": {"size_lamports": float("nan")},
    "a size as text": {"size_lamports": "1"},
    "a price of nothing": {"quote_lamports": 0},
    "milliseconds for nanoseconds": {"time_ns": 1_760_000_000_000},
    "microseconds for nanoseconds": {"time_ns": 1_760_000_000_000_000},
    "time zero": {"time_ns": 0},
    "the year 2101": {"time_ns": TIME_NS_MAX + 1},
    "slippage above all": {"slippage_bps_max": 10_001},
    "a side that is none": {"side": "long"},
    "a side in capitals": {"side": "BUY"},
    "a Cyrillic letter in the mint": {"mint": "D\u0435zXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"},
    "a zero-width space in the mint": {"mint": "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB26\u200b"},
    "a letter that base58 lacks": {"mint": "0ezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263"},
    "a mint too short": {"mint": "abc"},
    "a line feed after the mint": {"mint": "DezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB26\n"},
    "a bidi mark in the id": {"id": "abc\u202edef"},
    "an empty id": {"id": ""},
    "an id without end": {"id": "a" * 129},
    "a line feed after the id": {"id": "abc\n"},
    "capitals in the strategy": {"strategy": "Momentum"},
    "a strategy that names two streams": {"strategy": "momentum:other"},
    "a wildcard as strategy": {"strategy": "*"},
    "schema zero": {"schema": 0},
    "nothing for a number": {"slot": None},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD.keys())
def test_an_intent_is_refused_for(changes: dict[str, object]) -> None:
    intent = an_intent()
    values = [changes.get(name, getattr(intent, name)) for name in intent.__struct_fields__]

    with pytest.raises(BadInput) as refused:
        decode(OrderIntent, msgspec.msgpack.encode(["order_intent", *values]))

    assert refused.value.field
    assert refused.value.reason


def test_a_frame_without_events_is_refused() -> None:
    with pytest.raises(BadInput):
        decode(MarketFrame, msgspec.msgpack.encode(["frame", [], 1]))


def test_an_entry_past_a_megabyte_is_refused_unread() -> None:
    with pytest.raises(BadInput, match="more than"):
        decode(MarketFrame, b"\x00" * ((1 << 20) + 1))
