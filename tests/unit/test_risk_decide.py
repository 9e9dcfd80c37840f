"""The risk guardian's decision: what it refuses, what it approves, and how room is taken and given back."""

import msgspec
import pytest

from memesnipe.bus.api import Entry
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import HaltState, Mode, Side
from memesnipe.messages.orders import FillStatus, Intent, way_of
from memesnipe.risk import book as books
from memesnipe.risk.book import Book
from memesnipe.risk.checks import room_of
from memesnipe.risk.decide import decide
from memesnipe.risk.rules import Rules
from memesnipe.testing.builders import (
    OTHER_MINT,
    SOL,
    a_config,
    a_rejection,
    a_strategy,
    an_exit,
)
from memesnipe.testing.risk_cases import NOW_NS, moved, roomy, rules_of, wish
from memesnipe.testing.risk_said import UNITS, approved, holding, pulled, refusal, say


def test_a_buy_within_every_limit_is_approved_and_reserves_its_size_and_costs() -> None:
    intent = wish(sol=1)

    book, outputs = say(Book(), rules_of(), intent)

    assert approved(outputs).intent == intent
    assert book.paper.account("momentum").reserved_lamports == room_of(intent, roomy()) > SOL


def test_the_room_of_a_buy_covers_fee_tip_and_the_rent_of_two_accounts() -> None:
    limits = roomy(priority_fee_lamports_max=7, tip_lamports_max=11)

    assert room_of(wish(sol=1), limits) == SOL + 5_000 + 7 + 11 + 2 * 2_039_280


def test_a_paper_approval_carries_no_signature() -> None:
    _, outputs = say(Book(), rules_of(), wish())

    assert (approved(outputs).mode, approved(outputs).approval) == (Mode.PAPER, b"")


def test_a_live_approval_is_sealed() -> None:
    rules = rules_of().with_config(a_config(a_strategy(mode=Mode.LIVE), limits=roomy()))

    _, outputs = say(Book(), rules, wish())

    assert (approved(outputs).mode, approved(outputs).approval) == (Mode.LIVE, b"sealed")


def test_a_live_order_is_refused_when_it_cannot_be_sealed() -> None:
    def broken(intent: Intent, mode: Mode, rules: Rules, now_ns: int) -> bytes:
        raise Refused(ReasonCode.APPROVAL_INVALID, "no risk key")

    rules = rules_of().with_config(a_config(a_strategy(mode=Mode.LIVE), limits=roomy()))

    book, outputs = decide(Book(), rules, Entry("s", "1-0", wish(), "momentum"), NOW_NS, broken)

    assert refusal(outputs) is ReasonCode.APPROVAL_INVALID
    assert book.live.account("momentum").reservations == {}


REFUSED = [
    (ReasonCode.UNKNOWN_STRATEGY, wish(strategy="stranger"), {}),
    (ReasonCode.SPEC_MISMATCH, wish(spec_hash="0ld"), {}),
    (ReasonCode.STALE_EVENT, wish(time_ns=NOW_NS - 10_001 * 10**6), {}),
    (ReasonCode.CLOCK_SKEW, wish(time_ns=NOW_NS + 2_001 * 10**6), {}),
    (ReasonCode.ORDER_RATE, wish(), {"orders_per_minute_max": 0}),
    (ReasonCode.SLIPPAGE_LIMIT, wish(slippage_bps_max=1_001), {}),
    (ReasonCode.TRADE_SIZE, wish(sol=5.000000001), {}),
    (ReasonCode.STRATEGY_EXPOSURE, wish(sol=2), {"strategy_exposure_lamports_max": 2 * SOL}),
    (ReasonCode.TOKEN_EXPOSURE, wish(sol=2), {"token_exposure_lamports_max": 2 * SOL}),
    (ReasonCode.PORTFOLIO_EXPOSURE, wish(sol=2), {"portfolio_exposure_lamports_max": 2 * SOL}),
    (ReasonCode.OPEN_POSITIONS, wish(), {"open_positions_max": 0}),
    (ReasonCode.NO_POSITION, wish(units=1), {}),
    (ReasonCode.BAD_INPUT, wish(size_units=5), {}),
    (ReasonCode.BAD_INPUT, wish(sol=0), {}),
    (ReasonCode.BAD_INPUT, wish(sol=0, side=Side.SELL), {}),
    (ReasonCode.BAD_INPUT, wish(id="not-derived"), {}),
]


@pytest.mark.parametrize(("reason", "intent", "limits"), REFUSED, ids=[f"{reason.value}-{n}" for n, (reason, _, _) in enumerate(REFUSED)])
def test_an_intent_past_a_limit_is_refused_with_its_reason(reason: ReasonCode, intent: Intent, limits: dict[str, int]) -> None:
    book, outputs = say(Book(), rules_of(**limits), intent, strategy=intent.strategy)

    assert refusal(outputs) is reason
    assert book.paper.committed_lamports == 0


def test_nothing_is_approved_before_the_first_config() -> None:
    _, outputs = say(Book(), Rules(), wish())

    assert refusal(outputs) is ReasonCode.NO_POLICY


def test_a_strategy_without_capital_buys_nothing() -> None:
    _, outputs = say(Book(), Rules().with_config(a_config()), wish(sol=0.1))

    assert refusal(outputs) is ReasonCode.NO_ALLOCATION


def test_a_strategy_buys_no_more_than_its_capital() -> None:
    _, outputs = say(Book(), rules_of(sol_each=1), wish(sol=1))

    assert refusal(outputs) is ReasonCode.STRATEGY_EXPOSURE


def test_a_paused_strategy_is_refused() -> None:
    _, outputs = say(Book(), rules_of().with_config(a_config(a_strategy(paused=True))), wish())

    assert refusal(outputs) is ReasonCode.PAUSED


def test_an_intent_that_claims_another_strategy_is_bad_input_and_never_repeats_the_claimed_id() -> None:
    stolen = wish(strategy="launch-sniper")

    _, outputs = say(Book(), rules_of(), stolen, strategy="momentum")

    assert refusal(outputs) is ReasonCode.BAD_INPUT
    assert all(output.message.strategy == "momentum" and output.message.intent_id != stolen.id for output in outputs)


def test_the_same_intent_again_is_dropped_without_a_second_outcome() -> None:
    intent = wish()
    book, _ = say(Book(), rules_of(), intent)

    again, outputs = say(book, rules_of(), intent)

    assert (again, outputs) == (book, ())


def test_a_refused_intent_stays_refused_when_it_comes_again() -> None:
    intent = wish()
    book, _ = say(Book(), rules_of(orders_per_minute_max=0), intent)

    _, outputs = say(book, rules_of(), intent)

    assert outputs == ()


def test_two_intents_in_flight_cannot_share_the_same_room() -> None:
    rules = rules_of(portfolio_exposure_lamports_max=3 * SOL)
    book, _ = say(Book(), rules, wish(sol=2))

    _, outputs = say(book, rules, wish(sol=2, mint=OTHER_MINT, event_id="event-2"))

    assert refusal(outputs) is ReasonCode.PORTFOLIO_EXPOSURE


def test_two_orders_for_the_same_token_are_not_in_flight_together() -> None:
    book, _ = say(Book(), rules_of(), wish())

    _, outputs = say(book, rules_of(), wish(event_id="event-2"))

    assert refusal(outputs) is ReasonCode.IN_FLIGHT


def test_an_order_in_flight_counts_as_an_open_position() -> None:
    book, _ = say(Book(), rules_of(open_positions_max=1), wish())

    _, outputs = say(book, rules_of(open_positions_max=1), wish(mint=OTHER_MINT, event_id="event-2"))

    assert refusal(outputs) is ReasonCode.OPEN_POSITIONS


def test_a_rejection_gives_the_room_back() -> None:
    intent = wish()
    book, _ = say(Book(), rules_of(), intent)

    book, _ = say(book, rules_of(), a_rejection(intent, ReasonCode.NO_ROUTE))

    assert book.paper.committed_lamports == 0


def test_a_failed_attempt_costs_its_fee_and_keeps_the_room() -> None:
    intent = wish()
    book, _ = say(Book(), rules_of(), intent)

    book, _ = say(book, rules_of(), moved(intent.id, lamports=-5_000, units=0, status=FillStatus.FAILED))

    account = book.paper.account("momentum")
    assert (account.realized_lamports, len(account.reservations)) == (-5_000, 1)


def test_a_fill_turns_room_into_exposure_at_what_it_really_cost() -> None:
    intent = wish()
    book, _ = say(Book(), rules_of(), intent)

    book, _ = say(book, rules_of(), moved(intent.id, lamports=-1_002_044_280, units=UNITS))

    account = book.paper.account("momentum")
    assert (account.reserved_lamports, account.cost_lamports) == (0, 1_002_044_280)


def test_the_same_fill_twice_counts_once() -> None:
    fill = moved("intent-1", lamports=-SOL, units=UNITS)
    book, _ = say(Book(), rules_of(), fill)

    again, _ = say(book, rules_of(), fill)

    assert again == book


def test_a_fill_that_nobody_reserved_counts_because_the_money_moved() -> None:
    book, _ = say(Book(), rules_of(), moved("intent-1", lamports=-SOL, units=UNITS))

    assert book.paper.account("momentum").cost_lamports == SOL


def test_a_partial_sale_realizes_its_share_of_the_cost() -> None:
    book, _ = say(holding(cost=SOL), rules_of(), moved("sold", lamports=SOL, units=-UNITS // 2))

    account = book.paper.account("momentum")
    assert (account.realized_lamports, account.cost_lamports) == (SOL // 2, SOL // 2)


def test_a_sale_of_everything_closes_the_position() -> None:
    book, _ = say(holding(), rules_of(), moved("sold", lamports=3 * SOL, units=-UNITS))

    account = book.paper.account("momentum")
    assert (account.positions, account.cost_lamports, account.value_lamports, account.realized_lamports) == ({}, 0, 0, 2 * SOL)


def test_units_being_sold_cannot_be_sold_a_second_time() -> None:
    book, _ = say(holding(), rules_of(), an_exit(size_units=UNITS))

    _, outputs = say(book, rules_of(), an_exit(size_units=1, event_id="event-10"))

    assert refusal(outputs) is ReasonCode.NO_POSITION


def test_an_exit_of_more_than_is_held_is_refused() -> None:
    _, outputs = say(holding(), rules_of(), an_exit(size_units=UNITS + 1))

    assert refusal(outputs) is ReasonCode.NO_POSITION


def test_an_exit_of_a_strategy_that_is_no_longer_applied_passes() -> None:
    _, outputs = say(holding(), rules_of().with_config(a_config(a_strategy("another"))), an_exit(size_units=UNITS))

    assert approved(outputs)


def test_an_exit_sells_from_the_book_that_holds_the_tokens() -> None:
    _, outputs = say(holding(mode=Mode.LIVE), rules_of(), an_exit(size_units=UNITS))

    assert approved(outputs).mode is Mode.LIVE


def test_an_exit_that_names_its_book_sells_from_no_other() -> None:
    _, outputs = say(holding(mode=Mode.LIVE), rules_of(), an_exit(size_units=UNITS, mode=Mode.PAPER))

    assert refusal(outputs) is ReasonCode.NO_POSITION


BUY, SELL, EXIT = wish(), wish(units=UNITS), an_exit(size_units=UNITS)
HALTS = [
    (HaltState.ACTIVE, BUY, None),
    (HaltState.ACTIVE, SELL, None),
    (HaltState.ACTIVE, EXIT, None),
    (HaltState.REDUCE_ONLY, BUY, ReasonCode.REDUCE_ONLY),
    (HaltState.REDUCE_ONLY, SELL, None),
    (HaltState.REDUCE_ONLY, EXIT, None),
    (HaltState.HALTED, BUY, ReasonCode.HALTED),
    (HaltState.HALTED, SELL, ReasonCode.HALTED),
    (HaltState.HALTED, EXIT, None),
    (HaltState.FROZEN, BUY, ReasonCode.FROZEN),
    (HaltState.FROZEN, SELL, ReasonCode.FROZEN),
    (HaltState.FROZEN, EXIT, ReasonCode.FROZEN),
]


@pytest.mark.parametrize("scope", ["*", "momentum"])
@pytest.mark.parametrize(("state", "intent", "reason"), HALTS)
def test_each_halt_state_allows_what_its_table_says(scope: str, state: HaltState, intent: Intent, reason: ReasonCode | None) -> None:
    rules = rules_of().with_halt(pulled(state, scope))

    _, outputs = say(holding(), rules, intent)

    assert refusal(outputs) is reason if reason else approved(outputs)


def test_the_more_severe_of_two_halts_counts() -> None:
    rules = rules_of().with_halt(pulled(HaltState.HALTED)).with_halt(pulled(HaltState.ACTIVE, "momentum"))

    _, outputs = say(Book(), rules, wish())

    assert refusal(outputs) is ReasonCode.HALTED


def test_the_order_rate_counts_a_sliding_minute() -> None:
    rules = rules_of(orders_per_minute_max=1)
    book, _ = say(Book(), rules, wish())
    later = NOW_NS + 62 * 10**9

    _, outputs = say(book, rules, wish(mint=OTHER_MINT, event_id="event-2", time_ns=later), now_ns=later)

    assert approved(outputs)


def test_a_book_survives_being_stored() -> None:
    book, _ = say(holding(), rules_of(), wish(mint=OTHER_MINT))

    assert books.decode(books.encode(book)) == book


def test_a_refusal_carries_the_way_of_the_order_so_far() -> None:
    intent = wish(wished_ns=NOW_NS - 3)

    _, outputs = say(Book(), rules_of().with_halt(pulled(HaltState.HALTED)), intent)

    assert {output.message.way for output in outputs} == {msgspec.structs.replace(way_of(intent), mode=Mode.PAPER)}


def test_a_forged_wish_has_no_way_for_what_it_says_of_itself_is_the_forger_s() -> None:
    intent = wish(strategy="another")

    _, outputs = say(Book(), rules_of(), intent)

    assert {output.message.way for output in outputs} == {None}
    assert all(output.message.intent_id != intent.id for output in outputs)
