"""When notifier speaks, and what it says: pure decisions over messages, with sums where a kind comes too often."""

from typing import Any

import msgspec
import pytest

from memesnipe.chain.programs import MAINNET_GENESIS
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import AllocationDecision
from memesnipe.messages.orders import ExitCause, FillStatus
from memesnipe.messages.promotion import PromotionStage, PromotionStep
from memesnipe.messages.way import Way
from memesnipe.notify.alerts import of_alertmanager
from memesnipe.notify.book import Book, Terms, for_destination, hear, hear_alerts, known, news, tell, tell_sums, took
from memesnipe.notify.delivery import together
from memesnipe.notify.limit import SUM_AFTER_NS
from memesnipe.notify.notes import Kind, Level, Note, note
from memesnipe.notify.settings import NotifySettings
from memesnipe.notify.summary import due_day
from memesnipe.notify.wording import Stakes, stakes_of
from memesnipe.testing.builders import (
    GENESIS,
    MINT,
    OTHER_MINT,
    SOL,
    START_NS,
    a_config,
    a_fill,
    a_halt,
    a_position,
    a_rejection,
    a_strategy,
    an_allocation,
    an_exit,
    an_intent,
)

TERMS = NotifySettings(notify_per_minute=3).terms()
STARTED = Book(began_ms=1, stakes=stakes_of(a_config()))
MINUTE_NS = 60 * SOL


def heard(*messages: Any, book: Book = STARTED, terms: Terms = TERMS) -> tuple[Book, list[Note]]:
    """Return the book after these, and what it would say."""
    after, _ = hear(book, messages, terms, START_NS)
    return after, [one.note for one in after.waiting]


def a_step(before: PromotionStage, after: PromotionStage, **changes: Any) -> PromotionStep:
    step = PromotionStep("step-1", "momentum", 1, before, after, 0, 3, 500, "enough trades in band", "", "", START_NS)
    return msgspec.structs.replace(step, **changes)


def a_decision(version: int, *weights: tuple[str, int]) -> AllocationDecision:
    shares = tuple(an_allocation(name, weight_bps=bps) for name, bps in weights)
    return AllocationDecision(version, START_NS, "1", "adaptive", "results changed", shares)


def test_a_fill_names_strategy_token_size_price_reason_and_that_it_is_paper() -> None:
    sold = a_fill(an_exit(), exit_cause=ExitCause.STOP_LOSS)

    _, (one,) = heard(sold)

    assert one.title == f"[PAPER] momentum sold {MINT[:4]}…{MINT[-4:]}"
    assert all(word in one.body for word in (MINT, "3,000 of", "for 0.0900 SOL, 0.00003 SOL each", "stop loss", sold.intent_id))


def test_a_buy_says_why_the_strategy_wished_it() -> None:
    way = Way("event-1", 1, START_NS, START_NS, "breakout", SOL, 100)

    _, (one,) = heard(a_fill(way=way))

    assert "reason: breakout\n" in one.body


@pytest.mark.parametrize(
    ("mode", "genesis", "marker"),
    [(Mode.LIVE, MAINNET_GENESIS, "[LIVE]"), (Mode.LIVE, "1ocaLnet", "[LOCALNET]"), (Mode.PAPER, MAINNET_GENESIS, "[PAPER]")],
)
def test_only_real_money_is_marked_live(mode: Mode, genesis: str, marker: str) -> None:
    _, (one,) = heard(a_fill(mode=mode), book=Book(began_ms=1, stakes=Stakes(genesis, live=False)))

    assert one.title.startswith(marker)


def test_refusals_failed_attempts_and_unwanted_fills_are_not_said() -> None:
    live_only = NotifySettings(notify_fills="live").terms()

    _, notes = heard(a_rejection(), a_fill(status=FillStatus.FAILED), a_fill(), terms=live_only)

    assert notes == []


def test_a_halt_says_scope_reason_by_whom_what_it_allows_and_how_to_reopen() -> None:
    _, (one,) = heard(a_halt(HaltState.HALTED, reason="drawdown of 21 %", by="risk_guardian"))

    assert (one.title, one.level) == ("[PAPER] the whole portfolio: HALTED", Level.FAILURE)
    assert all(word in one.body for word in ("drawdown of 21 %", "risk_guardian", "Strategies are silent", "memesnipe resume"))


def test_a_strategys_halt_says_how_to_reopen_that_strategy_and_not_the_portfolio() -> None:
    _, (one,) = heard(a_halt(HaltState.HALTED, scope="momentum"))

    assert "`memesnipe resume --strategy momentum`" in one.body


def test_live_on_a_network_that_nobody_named_is_not_called_test_money() -> None:
    _, (one,) = heard(a_fill(mode=Mode.LIVE), book=Book(began_ms=1))

    assert one.title.startswith("[LIVE")


def test_a_halt_that_is_said_again_and_a_machine_that_may_not_loosen_are_no_news() -> None:
    after, notes = heard(a_halt(HaltState.HALTED), a_halt(HaltState.HALTED, by="control"), a_halt(HaltState.ACTIVE, by="risk_guardian"))

    assert ([one.title for one in notes], after.halts) == (["[PAPER] the whole portfolio: HALTED"], {"*": HaltState.HALTED})


def test_going_live_and_back_is_said_once_each() -> None:
    live = a_config(a_strategy(mode=Mode.LIVE), genesis=GENESIS)

    _, notes = heard(live, live, a_config(version=2))

    assert [one.title for one in notes] == ["[LIVE] momentum is LIVE now", "[PAPER] momentum is on paper now"]


def test_a_new_strategy_on_paper_is_no_news() -> None:
    assert heard(a_config(a_strategy(), a_strategy("fresh")))[1] == []


def test_a_promotion_and_a_demotion_say_from_where_to_where_and_why() -> None:
    up = a_step(PromotionStage.PROPOSED, PromotionStage.CANARY, step=1)
    down = a_step(PromotionStage.FULL, PromotionStage.DEMOTED, reason="edge decayed")

    _, notes = heard(up, down)

    assert [one.title.partition("] ")[2] for one in notes] == [
        "momentum: proposed → canary (step 1 of 3, 5 % of its share)",
        "momentum: full → demoted",
    ]
    assert ([one.level for one in notes], "edge decayed" in notes[1].body) == ([Level.SUCCESS, Level.WARNING], True)


def test_capital_that_hardly_moves_is_no_news_and_that_moves_is() -> None:
    first, little, much = (a_decision(number, ("momentum", bps)) for number, bps in enumerate((5_000, 5_100, 3_000)))

    _, (one,) = heard(first, little, much)

    assert "momentum 51 % → 30 %" in one.body


def test_a_position_without_a_stop_is_said_once_until_it_has_one() -> None:
    bare, held = a_position(stop_base_units=0), a_position()

    _, notes = heard(bare, bare, held, bare)

    assert [one.kind for one in notes] == [Kind.POSITION] * 2


def test_a_flood_of_fills_is_said_as_a_sum_with_what_it_moved() -> None:
    fills = [a_fill(an_intent(mint=OTHER_MINT if number % 2 else MINT)) for number in range(40)]

    flooded, notes = heard(*fills)
    later = tell_sums(flooded, TERMS, START_NS + MINUTE_NS)

    assert len(notes) == 3
    (total,) = [one.note for one in later.waiting[3:]]
    assert total.title == "[PAPER] 37 more fills"
    assert f"{sum(fill.sol_delta_lamports for fill in fills[3:]) / SOL:+.4f} SOL together" in total.body


def test_a_flood_of_fills_leaves_room_for_a_halt() -> None:
    _, notes = heard(*(a_fill() for _ in range(40)), a_halt())

    assert notes[-1].kind is Kind.HALT


def test_a_sum_is_not_said_before_the_burst_is_over() -> None:
    flooded, _ = heard(*(a_fill() for _ in range(40)))

    assert tell_sums(flooded, TERMS, START_NS + SUM_AFTER_NS - 1).waiting == flooded.waiting


def test_after_a_quiet_minute_fills_are_said_one_by_one_again() -> None:
    flooded, _ = heard(*(a_fill() for _ in range(40)))
    later = tell_sums(flooded, TERMS, START_NS + 2 * MINUTE_NS)

    again, _ = hear(later, [a_fill()], TERMS, START_NS + 3 * MINUTE_NS)

    assert again.waiting[-1].note.title.startswith("[PAPER] momentum bought")


def test_what_one_destination_took_waits_for_the_other_alone() -> None:
    book, _ = heard(a_fill(), book=known(STARTED, ["1-a", "2-b"]))

    book = took(book, "1-a", book.numbered)

    assert ([len(for_destination(book, name)) for name in ("1-a", "2-b")], len(book.waiting)) == ([0, 1], 1)
    assert took(book, "2-b", book.numbered).waiting == ()


def test_a_destination_that_comes_new_hears_nothing_of_the_past_and_one_that_went_holds_nothing_up() -> None:
    book, _ = heard(a_fill(), book=known(STARTED, ["1-a"]))

    book = known(book, ["2-b"])

    assert (for_destination(book, "2-b"), book.waiting, list(book.taken)) == ((), (), ["2-b"])


def test_what_waited_long_comes_as_one_list_that_says_what_is_lost() -> None:
    book, _ = heard(a_fill(), a_halt(), a_fill(), book=known(STARTED, ["1-a"]))

    one, number = together(for_destination(book, "1-a"), lost=4)

    assert (one.title, one.level, number) == ("3 messages that waited; 4 older ones are lost", Level.FAILURE, 3)
    assert one.body.count("\n- ") == 2


def test_the_words_of_strangers_cannot_command_a_terminal_nor_fill_a_chat() -> None:
    made = note(Kind.ALERT, Level.INFO, "a\x1b[2J\nb", "x" * 10_000, START_NS)

    assert (made.title, len(made.body)) == ("a?[2J b", 1_500)


def test_alertmanagers_words_become_a_note_for_each_alert() -> None:
    body = (
        b'{"version":"4","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"MemeSnipeLag","severity":"critical",'
        b'"job":"executor"},"annotations":{"summary":"executor is behind"},"startsAt":"2026-01-01T00:00:00Z"},'
        b'{"status":"resolved","labels":{"alertname":"MemeSnipeLag"}}]}'
    )

    book, _ = hear_alerts(STARTED, of_alertmanager(body, START_NS), TERMS, START_NS)
    firing, resolved = (one.note for one in book.waiting)

    assert (firing.title, firing.level) == ("[PAPER] critical: MemeSnipeLag", Level.FAILURE)
    assert "executor is behind\njob=executor" in firing.body
    assert (resolved.title, resolved.level) == ("[PAPER] resolved: MemeSnipeLag", Level.SUCCESS)


def test_the_summary_of_a_day_is_due_from_its_hour_on() -> None:
    day = START_NS // (86_400 * SOL)
    midnight = day * 86_400 * SOL

    assert [due_day(midnight + hour * 3_600 * SOL, 7) for hour in (0, 6, 7, 23)] == [day - 1, day - 1, day, day]


def test_a_stored_book_comes_back_as_it_was() -> None:
    book, _ = heard(*(a_fill() for _ in range(9)), a_halt(), a_decision(1, ("momentum", 5_000)), book=known(STARTED, ["1-a"]))

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(book), type=Book) == book


def test_a_note_that_is_not_said_is_not_numbered() -> None:
    book, said = STARTED, True
    while said:
        book, said = tell(book, note(Kind.SELF, Level.INFO, "again", "", START_NS), TERMS, START_NS)

    assert book.numbered == len(book.waiting) == TERMS.per_minute[Kind.SELF]


def test_reading_on_without_a_word_need_not_be_kept_and_a_suppressed_fill_must() -> None:
    flooded, _ = heard(*(a_fill() for _ in range(3)))

    read_on = msgspec.structs.replace(flooded, after={"stream": "2-0"}, seen_ns=START_NS)
    one_more, _ = hear(flooded, [a_fill()], TERMS, START_NS)

    assert (news(flooded, read_on), news(flooded, one_more)) == (False, True)
