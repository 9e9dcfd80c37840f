"""pump.fun's events are read from what a transaction really did, and from nobody else's words."""

import base64
import json
import struct
from typing import Any

import pytest
from solders.pubkey import Pubkey

from memesnipe.kernel.errors import BadInput
from memesnipe.market.base58 import ALPHABET, b58decode
from memesnipe.market.pumpfun_events import COMPLETE, CREATE, SELF_CPI, TRADE, CompleteSeen, CreateSeen, TradeSeen, decode
from memesnipe.market.pumpfun_ticks import event_of
from memesnipe.market.transactions import PUMP_PROGRAM, events_in, events_in_logs
from memesnipe.messages.bounds import Side
from memesnipe.messages.market import Launch, PriceTick
from memesnipe.testing.recorded import recorded

MINT = Pubkey.from_string("8gQkv453h8zzwBNDvJdtVo74DYX5kqAAog1tdHNypump")
USER = Pubkey.from_string("8n1vwEpQuNAUjqcUBe1F7uSbvRqPnAXhtQPG6VBcomWP")
USDC = Pubkey.from_string("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v")
NOW_S = 1_757_812_456


def a_trade(
    *, sol: int = 10**9, units: int = 10**12, is_buy: bool = True, quote: int = 31 * 10**9, mint_of_quote: bytes = bytes(32)
) -> bytes:
    """Return a TradeEvent in today's layout."""
    body = bytes(MINT) + struct.pack("<QQ?", sol, units, is_buy) + bytes(USER) + struct.pack("<q", NOW_S)
    body += (
        struct.pack("<4Q", quote, 10**15, 10**9, 7 * 10**14)
        + bytes(USER)
        + struct.pack("<2Q", 95, 1)
        + bytes(USER)
        + struct.pack("<2Q", 0, 0)
    )
    body += struct.pack("<?3Qq", False, 0, 0, 0, 0) + struct.pack("<I", 3) + b"buy" + struct.pack("<?4Q", False, 30, 1, 0, 0)
    return TRADE + body + struct.pack("<I", 0) + mint_of_quote + struct.pack("<3Q", sol, quote, 10**9)


def a_create(name: str = "Token", symbol: str = "TKN") -> bytes:
    body = b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in (name, symbol, "https://x"))
    body += bytes(MINT) + bytes(USER) * 3 + struct.pack("<q", NOW_S) + struct.pack("<4Q", 1_073 * 10**12, 30 * 10**9, 7 * 10**14, 10**15)
    return CREATE + body + bytes(USER) + b"\0\0" + bytes(32)


def b58encode(raw: bytes) -> str:
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return ALPHABET[0] * (len(raw) - len(raw.lstrip(b"\0"))) + text


def inner(raw: bytes, program: str = PUMP_PROGRAM) -> dict[str, Any]:
    return {"index": 0, "instructions": [{"programId": program, "accounts": [], "data": b58encode(SELF_CPI + raw)}]}


def logs(raw: bytes, program: str = PUMP_PROGRAM) -> list[str]:
    return [f"Program {program} invoke [1]", f"Program data: {base64.b64encode(raw).decode()}", f"Program {program} success"]


def test_a_trade_says_what_it_left_in_the_pool() -> None:
    seen = decode(a_trade())

    assert isinstance(seen, TradeSeen)
    assert (seen.mint, seen.quote_lamports, seen.base_units, seen.is_buy) == (str(MINT), 31 * 10**9, 10**15, True)
    assert seen.fee_bps == 125


def test_fields_that_the_program_appends_one_day_are_ignored() -> None:
    assert decode(a_trade() + b"new field") == decode(a_trade())


def test_an_event_of_an_older_layout_is_still_read() -> None:
    short = a_trade()[: 8 + 32 + 17 + 32 + 8 + 32 + 32 + 16 + 32 + 16]

    seen = decode(short)

    assert isinstance(seen, TradeSeen)
    assert seen.fee_bps == 95


@pytest.mark.parametrize("length", [8, 40, 60, 100, 170])
def test_an_event_cut_off_in_a_field_is_refused_by_the_fields_name(length: int) -> None:
    with pytest.raises(BadInput, match="bytes left"):
        decode(a_trade()[:length])


def test_a_trade_quoted_in_another_token_is_never_taken_for_lamports() -> None:
    with pytest.raises(BadInput, match="quote_mint"):
        decode(a_trade(mint_of_quote=bytes(USDC)))


def test_an_amount_that_cannot_be_is_refused() -> None:
    with pytest.raises(BadInput, match="sol_amount"):
        decode(a_trade(sol=2**64 - 1))


def test_another_kind_of_event_is_nothing_to_us() -> None:
    assert decode(b"\1\2\3\4\5\6\7\x08 whatever") is None
    assert decode(b"") is None


def test_inner_instructions_come_before_logs() -> None:
    meta = {"err": None, "innerInstructions": [inner(a_trade(units=1))], "logMessages": logs(a_trade(units=2))}

    (seen,) = events_in({"message": {"accountKeys": []}}, meta).seen

    assert isinstance(seen, TradeSeen)
    assert seen.units == 1


def test_logs_are_read_where_there_is_no_inner_event() -> None:
    assert len(events_in(None, {"err": None, "logMessages": logs(a_trade())}).seen) == 1


def test_another_program_cannot_forge_an_event() -> None:
    forger = "MAyhSmzXzV1pTf7LsNkrNwkWKTo4ougAJ1PPg47MD4e"
    meta = {"err": None, "innerInstructions": [inner(a_trade(), forger)], "logMessages": logs(a_trade(), forger)}

    assert events_in({"message": {"accountKeys": []}}, meta).seen == ()


def test_an_event_logged_after_pump_returned_is_not_pumps() -> None:
    lines = [f"Program {USER} invoke [1]", *logs(a_trade(units=1)), f"Program data: {base64.b64encode(a_trade(units=2)).decode()}"]

    assert [seen.units for seen in events_in_logs(lines).seen if isinstance(seen, TradeSeen)] == [1]


def test_a_failed_transaction_moved_no_price() -> None:
    assert events_in(None, {"err": {"InstructionError": [0, "x"]}, "logMessages": logs(a_trade())}).seen == ()


def test_cut_logs_are_told() -> None:
    assert events_in_logs([f"Program {PUMP_PROGRAM} invoke [1]", "Log truncated"]).truncated


def test_one_bad_event_does_not_hide_the_good_one_beside_it() -> None:
    extracted = events_in(None, {"err": None, "logMessages": [*logs(a_trade()[:50]), *logs(a_trade())]})

    assert (len(extracted.seen), len(extracted.bad)) == (1, 1)


def test_a_sold_out_curve_is_noticed() -> None:
    seen = decode(COMPLETE + bytes(USER) + bytes(MINT) + bytes(USER) + struct.pack("<q", NOW_S))

    assert seen == CompleteSeen(str(MINT), NOW_S)


def test_ids_are_the_same_however_often_a_transaction_is_told() -> None:
    seen = decode(a_trade())
    assert seen is not None

    assert event_of(seen, "sig", 0, 5) == event_of(seen, "sig", 0, 5)
    assert event_of(seen, "sig", 0, 5) != event_of(seen, "sig", 1, 5)


def test_a_trade_becomes_a_tick_with_side_size_and_fee() -> None:
    seen = decode(a_trade(is_buy=False))
    assert seen is not None

    tick = event_of(seen, "sig", 0, 5)

    assert isinstance(tick, PriceTick)
    assert (tick.trade_side, tick.trade_lamports, tick.fee_bps, tick.time_ns) == (Side.SELL, 10**9, 125, NOW_S * 10**9)


def test_a_launch_carries_only_names_that_are_safe_to_show() -> None:
    seen = decode(a_create(name="B\u041eNK\u202e", symbol="BO\u200bNK"))
    assert isinstance(seen, CreateSeen)

    launch = event_of(seen, "sig", 0, 5)

    assert isinstance(launch, Launch)
    assert (launch.name, launch.symbol) == ("B?NK", "BONK")


@pytest.mark.parametrize("raw", [b"", b"\0", b"\0\0\1", b"hello world", bytes(range(256))])
def test_base58_gives_back_the_bytes(raw: bytes) -> None:
    assert b58decode(b58encode(raw)) == raw


@pytest.mark.parametrize("text", ["0", "O", "l", "\u0430bc", "1" * 5_000])
def test_text_that_is_not_base58_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="base58"):
        b58decode(text)


def capture(name: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(recorded(f"fixtures/{name}").read_text())["result"]
    return result


def test_a_real_create_with_its_first_buy_is_read_the_same_from_both_places() -> None:
    found = capture("raw_create_tx_from_gettransaction.json")

    extracted = events_in(found["transaction"], found["meta"])

    create, trade = extracted.seen
    assert isinstance(create, CreateSeen)
    assert (create.symbol, create.quote_lamports, create.base_units) == ("TAS", 30 * 10**9, 1_073 * 10**12)
    assert isinstance(trade, TradeSeen)
    assert (trade.sol_lamports, trade.units, trade.fee_bps) == (2_962_962_962, 96_449_438_144_093, 125)
    assert events_in_logs(found["meta"]["logMessages"]).seen == extracted.seen


def test_a_real_buy_paid_in_usdc_is_refused() -> None:
    found = capture("raw_buy_tx_from_gettransaction.json")

    extracted = events_in(found["transaction"], found["meta"])

    assert extracted.seen == ()
    assert [error.field for error in extracted.bad] == ["quote_mint"]
