"""The paper model to the lamport, on pools small enough to check by hand."""

from typing import Any

import msgspec
import pytest

from memesnipe.bus.api import Entry
from memesnipe.bus.folds import Halts
from memesnipe.guard import decide, desk, paper
from memesnipe.guard.book import POOLS_MAX, Book, changed_parts, from_bytes, stored, to_bytes
from memesnipe.guard.paper import Cost, Terms
from memesnipe.guard.standing import Standing, standing_of
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import HaltState, Mode, Side
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import ApprovedOrder, Fill, FillStatus, Outcome, Rejection, way_of
from memesnipe.testing.builders import MINT, OTHER_MINT, SOL, START_NS, a_config, a_sale, a_tick, an_approved, an_exit, an_intent

NOW_NS = START_NS + 400_000_000
FEE, TIP, RENT = 25_000, 10_000, 2_039_280


def terms(**changes: Any) -> Terms:
    values = Terms(seed=7, slots_max=0, failure_bps=0, timeout_ns=10_000_000_000, fee_lamports=FEE, tip_lamports=TIP)
    return msgspec.structs.replace(values, **changes)


def pool(**changes: Any) -> PriceTick:
    """A constant product of 30 SOL and a million tokens at 25 bps."""
    return a_tick(venue="raydium", fee_bps=25, **changes)


def standing(halts: Halts | None = None, own_max: int = 5 * SOL) -> Standing:
    return standing_of(a_config(), halts or Halts(), own_max)


def take(order: ApprovedOrder, *ticks: PriceTick, book: Book | None = None, **changes: Any) -> tuple[Book, list[Outcome]]:
    """Let the book see `ticks`, then decide on `order`."""
    after = (book or Book()).copy()
    decide.watch(after, ticks, terms(**changes))
    return after, decide.take(after, order, standing(), terms(**changes), NOW_NS)


def only_fill(outcomes: list[Outcome]) -> Fill:
    (fill,) = outcomes
    assert isinstance(fill, Fill)
    return fill


def only_reason(outcomes: list[Outcome]) -> ReasonCode:
    (rejection,) = outcomes
    assert isinstance(rejection, Rejection)
    return rejection.reason


def test_a_buy_costs_the_swap_the_fee_the_tip_and_the_rent_and_no_lamport_more() -> None:
    order = an_approved(an_intent(size_sol=0.1))

    fill = only_fill(take(order, pool())[1])

    spent = -fill.sol_delta_lamports - FEE - TIP - RENT
    assert (fill.fee_lamports, fill.tip_lamports, fill.rent_lamports) == (FEE, TIP, RENT)
    assert spent == 100_000_000
    # 0.1 SOL less 25 bps, rounded down so that the fee fits: 99_750_623 lamports into x*y=k, out rounded down.
    assert fill.token_delta_units == 99_750_623 * 10**12 // (30 * SOL + 99_750_623)
    assert fill.venue_fee_lamports == 249_377


def test_a_sale_brings_the_pool_s_price_less_fee_and_tip() -> None:
    units = 3_000 * 10**6

    fill = only_fill(take(an_approved(a_sale(size_units=units)), pool())[1])

    gross = units * 30 * SOL // (10**12 + units)
    venue_fee = -(-gross * 25 // 10_000)
    assert fill.sol_delta_lamports == gross - venue_fee - FEE - TIP
    assert (fill.token_delta_units, fill.rent_lamports) == (-units, 0)


def test_rent_is_paid_once_for_a_token_account() -> None:
    book, _ = take(an_approved(), pool())

    fill = only_fill(take(an_approved(), book=book)[1])

    assert fill.rent_lamports == 0


def test_two_strategies_each_pay_the_rent_of_their_own_paper_account() -> None:
    book, _ = take(an_approved(), pool())

    fill = only_fill(take(an_approved(an_intent(strategy="launch-sniper")), book=book)[1])

    assert fill.rent_lamports == RENT


def test_an_order_waits_until_its_slot_and_fills_at_the_reserves_of_that_slot() -> None:
    order = an_approved(an_intent(id=_id_with_delay(2, slots_max=2)))
    book, outcomes = take(order, pool(slot=1_001), slots_max=2)

    early = decide.watch(book, [pool(slot=1_002)], terms(slots_max=2))
    later = pool(slot=1_003, quote_lamports=30 * SOL + 10_000_000)
    due = decide.watch(book, [later], terms(slots_max=2))

    assert (outcomes, early) == ([], [])
    assert only_fill(due).slot == 1_003
    assert only_fill(due).token_delta_units == paper.swapped(order.intent, later).units
    assert book.waits == 0


def test_a_price_that_ran_away_fails_the_swap_and_costs_the_fee_alone() -> None:
    order = an_approved(an_intent(id=_id_with_delay(1, slots_max=1), slippage_bps_max=100))
    book, _ = take(order, pool(slot=1_001), slots_max=1)

    outcomes = decide.watch(book, [pool(slot=1_002, quote_lamports=33 * SOL)], terms(slots_max=1))

    fill, rejection = outcomes
    assert isinstance(fill, Fill)
    assert isinstance(rejection, Rejection)
    assert (fill.status, fill.sol_delta_lamports, fill.token_delta_units) == (FillStatus.FAILED, -FEE, 0)
    assert rejection.reason is ReasonCode.CHAIN_FAILED


def test_an_order_drawn_to_fail_pays_its_fee_and_is_rejected() -> None:
    fill, rejection = take(an_approved(), pool(), failure_bps=10_000)[1]

    assert isinstance(fill, Fill)
    assert isinstance(rejection, Rejection)
    assert (fill.status, fill.sol_delta_lamports) == (FillStatus.FAILED, -FEE)
    assert rejection.reason is ReasonCode.PAPER_FAILED


def test_a_token_that_nobody_trades_fills_at_its_last_reserves_after_the_time_out() -> None:
    order = an_approved(an_intent(id=_id_with_delay(2, slots_max=2)))
    book, _ = take(order, pool(), slots_max=2)

    early = decide.expire(book, NOW_NS + 9_999_999_999, terms(slots_max=2))
    outcomes = decide.expire(book, NOW_NS + 10_000_000_000, terms(slots_max=2))

    assert early == []
    assert only_fill(outcomes).time_ns == NOW_NS + 10_000_000_000


def test_whatever_ends_a_paper_order_says_since_when_it_was_in_hand() -> None:
    order, taken_ns = an_approved(an_intent(id=_id_with_delay(2, slots_max=2))), NOW_NS - 5
    entry = Entry("orders:approved", "1-0", order, "momentum")
    filled, unpriced = Book(), Book()
    decide.watch(filled, [pool()], terms())

    for book, at in ((filled, terms()), (filled, terms(failure_bps=10_000)), (filled, terms(slots_max=2)), (unpriced, terms())):
        folded = desk.fold(book, [entry], standing(), at, NOW_NS, taken_ns=taken_ns)
        waits = from_bytes(to_bytes(folded.book), changed_parts(folded.book))
        outcomes = folded.outcomes[0] + decide.expire(waits, NOW_NS + at.timeout_ns, at)

        assert outcomes
        assert {one.way for one in outcomes} == {way_of(order.intent, order, taken_ns=taken_ns)}


def test_an_order_that_a_release_without_ways_let_wait_is_still_filled() -> None:
    order = an_approved(an_intent(id=_id_with_delay(2, slots_max=2)))
    book, _ = take(order, pool(), slots_max=2)
    (waiting,) = book.waiting[MINT]
    older = msgspec.to_builtins(waiting, builtin_types=(bytes,))[:-1]

    assert msgspec.convert(older, type(waiting)) == msgspec.structs.replace(waiting, taken_ns=0)


def test_an_order_for_a_token_never_seen_is_refused_once_its_time_is_up() -> None:
    book, _ = take(an_approved(an_intent(mint=OTHER_MINT)), pool())

    outcomes = decide.expire(book, NOW_NS + 10_000_000_000, terms())

    assert only_reason(outcomes) is ReasonCode.QUOTE_MISSING


def test_an_overdue_order_ends_in_the_step_that_takes_the_next_one() -> None:
    late = an_approved(an_intent(id="late", mint=MINT))
    book, _ = take(late, pool(mint=MINT), slots_max=2)
    entry = Entry("orders:approved", "1-0", an_approved(an_intent(id="next", mint=OTHER_MINT)), "momentum")

    folded = desk.fold(book, [entry], standing(), terms(slots_max=2), NOW_NS + 10_000_000_000)

    assert [outcome.intent_id for outcome in folded.outcomes[0]] == ["late"]


def test_another_token_s_price_never_fills_an_order() -> None:
    book, _ = take(an_approved(an_intent(mint=OTHER_MINT)), pool())

    outcomes = decide.watch(book, [pool(slot=9_999)], terms())

    assert outcomes == []
    assert book.waits == 1


def test_the_same_order_on_the_same_prices_ends_the_same_way_with_the_same_seed() -> None:
    order, tick = an_approved(), pool()

    first, second = (take(order, tick, slots_max=4, failure_bps=5_000) for _ in range(2))

    assert first == second


def test_another_seed_draws_another_luck() -> None:
    ids = [an_intent().id for _ in range(64)]

    assert [paper.draw(one, terms(seed=1, slots_max=9)) for one in ids] != [paper.draw(one, terms(seed=2, slots_max=9)) for one in ids]


def test_the_unrest_is_the_last_move_of_the_price_and_fades_with_the_slots_since() -> None:
    before, last = pool(slot=1_000), pool(slot=1_001, quote_lamports=33 * SOL)

    assert paper.stir_bps(before, last, 1_001) == 1_000  # 10% of a price
    assert paper.stir_bps(before, last, 1_004) == 250
    assert paper.stir_bps(None, last, 1_001) == 0


def test_in_a_storm_orders_come_later_and_fail_more_often_together() -> None:
    stormy, ids = terms(slots_max=2, slots_stir=20, failure_bps=200, failure_stir_bps=5_000), [f"intent-{n}" for n in range(2_000)]

    still, storm = ([paper.draw(one, stormy, stir) for one in ids] for stir in (0, 10_000))

    assert {luck.slots for luck in still} == {0, 1, 2}
    assert {luck.slots for luck in storm} == set(range(23))
    assert [sum(luck.fails for luck in lucks) / len(ids) for lucks in (still, storm)] == pytest.approx([0.02, 0.52], abs=0.04)


def test_an_order_is_drawn_by_the_unrest_that_the_book_has_seen() -> None:
    storm: dict[str, Any] = {"slots_stir": 0, "failure_stir_bps": 10_000}
    quiet, doubled = pool(slot=1_000), pool(slot=1_001, quote_lamports=60 * SOL)
    fair = an_intent(quote_lamports=60 * SOL)

    assert only_fill(take(an_approved(fair), quiet, msgspec.structs.replace(doubled, quote_lamports=30 * SOL), **storm)[1])
    fill, rejection = take(an_approved(fair), quiet, doubled, **storm)[1]
    assert isinstance(fill, Fill)
    assert isinstance(rejection, Rejection)
    assert rejection.reason is ReasonCode.PAPER_FAILED


def test_the_unrest_survives_a_restart() -> None:
    before = pool(slot=1_000)
    book, _ = take(an_approved(), before, pool(slot=1_001, quote_lamports=33 * SOL))

    restored = from_bytes(to_bytes(book), changed_parts(book))

    assert restored.before == {MINT: before}


def test_a_second_order_of_the_same_intent_has_no_second_outcome() -> None:
    order = an_approved()
    book, _ = take(order, pool())

    again = decide.take(book, order, standing(), terms(), NOW_NS)

    assert again == []


def test_a_quote_far_below_the_intent_s_own_price_is_refused() -> None:
    crashed = pool(quote_lamports=90 * SOL)

    assert only_reason(take(an_approved(), crashed)[1]) is ReasonCode.TX_MIN_OUT


def test_a_pool_that_gives_nothing_is_no_route() -> None:
    assert only_reason(take(an_approved(), a_tick(venue="pumpfun", base_units=1_000))[1]) is ReasonCode.NO_ROUTE


def test_the_book_survives_a_restart_byte_for_byte() -> None:
    book, _ = take(an_approved(an_intent(id=_id_with_delay(2, slots_max=2))), pool(), slots_max=2)

    restored = from_bytes(to_bytes(book), changed_parts(book))

    assert restored == stored(book)


def test_a_book_stored_step_by_step_comes_back_in_the_order_of_its_trades() -> None:
    book, parts = Book(), dict[str, bytes]()

    for number in (1, 2, 3, 1):
        book.see(a_tick(mint=f"{number}" * 40))
        book.open_account(f"momentum/{number}")
        data, parts = to_bytes(book), parts | changed_parts(book)
        book = stored(book)

    restored = from_bytes(data, parts)
    assert restored == book
    assert [*restored.pools] == [f"{number}" * 40 for number in (2, 3, 1)]


def test_a_token_that_is_forgotten_is_forgotten_where_it_is_stored() -> None:
    book = Book()
    book.see(a_tick(mint="9" * 40))
    before = {name for name, part in changed_parts(book).items() if part}
    book = stored(book)

    for number in range(POOLS_MAX):
        book.see(a_tick(mint="".join(chr(65 + int(digit)) for digit in f"{number:040}")))

    assert before == {"pool:" + "9" * 40}
    assert changed_parts(book)["pool:" + "9" * 40] == b""


@pytest.mark.parametrize(
    ("state", "order", "reason"),
    [
        (HaltState.REDUCE_ONLY, an_approved(), ReasonCode.REDUCE_ONLY),
        (HaltState.HALTED, an_approved(), ReasonCode.HALTED),
        (HaltState.HALTED, an_approved(a_sale()), ReasonCode.HALTED),
        (HaltState.FROZEN, an_approved(), ReasonCode.FROZEN),
        (HaltState.FROZEN, an_approved(an_exit()), ReasonCode.FROZEN),
    ],
)
def test_a_halt_refuses_what_it_forbids(state: HaltState, order: ApprovedOrder, reason: ReasonCode) -> None:
    halted = standing(Halts(states={"*": state}))

    assert only_reason(decide.take(Book(), order, halted, terms(), NOW_NS)) is reason


@pytest.mark.parametrize(
    ("state", "order"),
    [
        (HaltState.REDUCE_ONLY, an_approved(a_sale())),
        (HaltState.REDUCE_ONLY, an_approved(an_exit())),
        (HaltState.HALTED, an_approved(an_exit())),
    ],
)
def test_a_halt_lets_a_position_be_closed(state: HaltState, order: ApprovedOrder) -> None:
    book = Book()
    book.see(pool())

    (outcome,) = decide.take(book, order, standing(Halts(states={"momentum": state})), terms(), NOW_NS)

    assert isinstance(outcome, Fill)
    assert outcome.side is Side.SELL


def test_new_risk_approved_before_a_halt_command_is_stale_even_after_a_resume() -> None:
    resumed = standing(Halts(epoch=2))

    assert only_reason(decide.take(Book(), an_approved(halt_epoch=1), resumed, terms(), NOW_NS)) is ReasonCode.HALT_EPOCH


def test_an_exit_approved_before_a_halt_command_still_goes() -> None:
    book = Book()
    book.see(pool())

    (outcome,) = decide.take(book, an_approved(an_exit(), halt_epoch=0), standing(Halts(epoch=2)), terms(), NOW_NS)

    assert isinstance(outcome, Fill)


@pytest.mark.parametrize(("own_max", "policy_max"), [(10_000_000, 5 * SOL), (5 * SOL, 10_000_000)])
def test_the_smaller_of_the_two_size_limits_wins(own_max: int, policy_max: int) -> None:
    config = a_config()
    limits = msgspec.structs.replace(config.limits, guard_trade_size_lamports_max=policy_max)
    strict = standing_of(msgspec.structs.replace(config, limits=limits), Halts(), own_max)

    outcomes = decide.take(Book(), an_approved(an_intent(size_lamports=10_000_001)), strict, terms(), NOW_NS)

    assert only_reason(outcomes) is ReasonCode.GUARD_TRADE_SIZE


def test_a_live_order_of_a_strategy_that_is_on_paper_is_refused() -> None:
    refused = decide.refusal_of(an_approved(mode=Mode.LIVE), Book(), standing())

    assert refused is not None
    assert refused.code is ReasonCode.MODE_MISMATCH


def _id_with_delay(slots: int, *, slots_max: int) -> str:
    """Return an intent id that chance delays by `slots`."""
    return next(one for one in (f"intent-{n}" for n in range(1_000)) if paper.draw(one, terms(slots_max=slots_max)).slots == slots)


def test_a_rehearsed_order_pays_what_its_rehearsal_cost() -> None:
    book, order = Book(), an_approved(an_intent(size_sol=0.1))
    decide.watch(book, [pool()], terms())

    fill = only_fill(decide.take(book, order, standing(), terms(), NOW_NS, Cost(7_000, 300)))

    assert (fill.fee_lamports, fill.tip_lamports) == (7_000, 300)
    assert fill.sol_delta_lamports == -(SOL // 10 + 7_000 + 300 + RENT)


def test_what_a_rehearsal_cost_is_not_lost_in_a_restart() -> None:
    book, order = Book(), an_approved(an_intent(size_sol=0.1))
    decide.take(book, order, standing(), terms(), NOW_NS, Cost(7_000, 300))

    again = from_bytes(to_bytes(book))
    fill = only_fill(decide.watch(again, [pool(slot=10**6)], terms()))

    assert (fill.fee_lamports, fill.tip_lamports) == (7_000, 300)


def test_a_rehearsed_order_that_fails_on_chain_costs_the_rehearsed_fee() -> None:
    book, order = Book(), an_approved(an_intent(size_sol=0.1))
    decide.watch(book, [pool()], terms(failure_bps=10_000))

    fill, _ = decide.take(book, order, standing(), terms(failure_bps=10_000), NOW_NS, Cost(7_000, 300))

    assert isinstance(fill, Fill)
    assert (fill.sol_delta_lamports, fill.tip_lamports) == (-7_000, 0)
