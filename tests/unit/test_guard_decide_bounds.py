"""wallet_guard's decision on its bounds: whose time is up, which slot is due, and what each refusal says."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from memesnipe.bus.folds import Halts
from memesnipe.guard import decide
from memesnipe.guard.book import PENDING_MAX, Book, Waiting
from memesnipe.guard.paper import Terms
from memesnipe.guard.standing import Standing, standing_of
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode as R
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.orders import ApprovedOrder, Fill, Outcome, Rejection
from memesnipe.testing.builders import MINT, SOL, START_NS, a_config, a_sale, a_tick, an_approved, an_exit, an_intent

NOW_NS = START_NS + 400_000_000
TERMS = Terms(seed=7, slots_max=0, failure_bps=0, timeout_ns=10, fee_lamports=25_000, tip_lamports=10_000)


def standing(**changes: Any) -> Standing:
    return msgspec.structs.replace(standing_of(a_config(), Halts(epoch=2), SOL), **changes)


def take(order: ApprovedOrder, *, seen: bool = True, book: Book | None = None, at: Standing | None = None, **terms: Any) -> list[Outcome]:
    book = book or Book()
    if seen:
        book.see(a_tick(venue="raydium"))
    return decide.take(book, order, at or standing(), msgspec.structs.replace(TERMS, **terms), NOW_NS)


def buy(**changes: Any) -> ApprovedOrder:
    return an_approved(an_intent(), halt_epoch=2, **changes)


def refused(outcomes: list[Outcome]) -> Rejection:
    (said,) = outcomes
    assert isinstance(said, Rejection)
    return said


def waiting(deadline_ns: int, due_slot: int = 5_000) -> Waiting:
    return Waiting(an_approved(an_intent()), due_slot, deadline_ns, 1, False)


@pytest.mark.parametrize(
    ("decided", "reason", "detail"),
    [
        (lambda: take(an_approved(an_intent(), halt_epoch=1)), R.HALT_EPOCH, "approved at 1, now 2"),
        (lambda: take(buy(), at=standing(trade_size_lamports_max=SOL // 10 - 1)), R.GUARD_TRADE_SIZE, "100000000 lamports, limit 99999999"),
        (lambda: take(an_approved(an_intent(size_sol=0), halt_epoch=2)), R.GUARD_TRADE_SIZE, "0 lamports, limit 500000000"),
        (lambda: take(an_approved(a_sale(size_units=0))), R.BAD_INPUT, "size_units: a sell of 0 units"),
        (lambda: take(buy(mode=Mode.LIVE)), R.MODE_MISMATCH, "momentum is on paper"),
        (lambda: take(an_approved(an_exit(), mode=Mode.LIVE)), R.SIGNER_REFUSED, "no signer is configured"),
        (lambda: take(buy(), book=Book(waits=PENDING_MAX)), R.QUOTE_MISSING, "too many orders wait for prices"),
        (lambda: take(an_approved(an_intent(size_lamports=1), halt_epoch=2)), R.NO_ROUTE, "the pool gives nothing for this size"),
        (lambda: take(an_approved(an_intent(base_units=10**15), halt_epoch=2)), R.TX_MIN_OUT, "quoted is far from the intent's price"),
    ],
)
def test_a_refusal_names_its_reason_what_is_wrong_and_when(decided: Callable[[], list[Outcome]], reason: R, detail: str) -> None:
    said = refused(decided())

    assert (said.reason, said.stage, said.time_ns, said.mint) == (reason, "wallet_guard", NOW_NS, MINT)
    assert said.detail.endswith(detail)


@pytest.mark.parametrize("intent", [a_sale(), an_exit()])
def test_a_refused_sell_is_told_as_one(intent: Any) -> None:
    said = refused(take(an_approved(intent), book=Book(waits=PENDING_MAX)))

    assert (said.side, said.intent_id, said.strategy) == (Side.SELL, intent.id, "momentum")


def test_the_largest_size_is_taken_and_so_is_the_last_place_to_wait() -> None:
    (fill,) = take(buy(), at=standing(trade_size_lamports_max=SOL // 10), book=Book(waits=PENDING_MAX - 1))

    assert isinstance(fill, Fill)


def test_a_sell_of_one_unit_sells_something() -> None:
    said = refused(take(an_approved(a_sale(size_units=1))))

    assert said.reason is not R.BAD_INPUT


def test_a_detail_is_cut_to_what_a_message_may_carry() -> None:
    said = decide.rejection(an_intent(), Refused(R.NO_ROUTE, "x" * 600), NOW_NS, None)

    assert len(said.detail) == 512


@pytest.mark.parametrize(("now_ns", "ends"), [(99, 0), (100, 1), (101, 1)])
def test_an_order_ends_when_its_time_is_up_and_no_earlier(now_ns: int, ends: int) -> None:
    book = Book()
    book.queue(waiting(100))
    book.queue(waiting(200))

    outcomes = decide.expire(book, now_ns, TERMS)

    assert (len(outcomes), book.waits, len(book.waiting[MINT])) == (ends, 2 - ends, 2 - ends)
    assert [refused([one]).time_ns for one in outcomes] == [100] * ends


def test_nothing_waits_once_all_have_ended() -> None:
    book = Book()
    book.queue(waiting(100))

    (said,) = decide.expire(book, 100, TERMS)

    assert (refused([said]).reason, book.waits, book.waiting) == (R.QUOTE_MISSING, 0, {})
    assert decide.expire(book, 1_000, TERMS) == []


@pytest.mark.parametrize(("slot", "ends"), [(1_004, 0), (1_005, 1), (1_006, 1)])
def test_an_order_is_filled_at_its_slot_and_no_earlier(slot: int, ends: int) -> None:
    book = Book()
    book.queue(waiting(2 * NOW_NS, due_slot=1_005))
    book.queue(waiting(2 * NOW_NS, due_slot=2_000))

    outcomes = decide.watch(book, [a_tick(venue="raydium", slot=slot, time_ns=NOW_NS)], TERMS)

    assert (len(outcomes), book.waits, len(book.waiting[MINT])) == (ends, 2 - ends, 2 - ends)


def test_a_rehearsal_s_no_is_the_order_s_end_and_a_duplicate_has_none() -> None:
    book, order = Book(), buy()
    no = Refused(R.SIMULATION_FAILED, "it would fail")

    first = decide.take(book, order, standing(), TERMS, NOW_NS, no)

    assert (refused(first).reason, refused(first).detail) == (R.SIMULATION_FAILED, "it would fail")
    assert decide.take(book, order, standing(), TERMS, NOW_NS) == []
