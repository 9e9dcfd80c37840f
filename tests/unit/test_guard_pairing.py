"""A live order against its paper twin, on pools small enough to check by hand."""

from typing import Any

import msgspec
import pytest

from memesnipe.guard import pairing, paper
from memesnipe.guard.book import Book
from memesnipe.guard.pairing import Twin
from memesnipe.guard.paper import Terms
from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import ApprovedOrder, Fill, FillStatus
from memesnipe.messages.pairs import Pair, PairEnd
from memesnipe.testing.builders import SOL, START_NS, a_fill, a_sale, a_tick, an_approved, an_intent

FEE, TIP, RENT = 25_000, 10_000, 2_039_280
SIGNATURE = "5" * 88
TERMS = Terms(seed=7, slots_max=2, failure_bps=200, timeout_ns=10 * 10**9, fee_lamports=FEE, tip_lamports=TIP)
LATER_NS = START_NS + TERMS.timeout_ns
BAND_BPS = 25


def pool(slot: int, quote_sol: float = 30.0, **changes: Any) -> PriceTick:
    return a_tick(venue="raydium", fee_bps=25, slot=slot, quote_lamports=int(quote_sol * SOL), **changes)


def an_order(size_sol: float = 0.1, **changes: Any) -> ApprovedOrder:
    return an_approved(an_intent(size_sol=size_sol, slot=1_000, **changes))


def a_twin(order: ApprovedOrder, *later: PriceTick, terms: Terms = TERMS) -> Twin:
    """Return the twin of an order that was taken at slot 1000, with what came after it."""
    book = Book()
    book.see(pool(1_000))
    twin = pairing.begun(order, book, terms, START_NS)
    assert twin is not None
    twin.states.extend(later)
    return twin


def landed(order: ApprovedOrder, tick: PriceTick, *, slot: int, fee: int = FEE, **changes: Any) -> Fill:
    """Return the live fill that this pool gives."""
    swap, buying = paper.swapped(order.intent, tick), paper.side_of(order.intent) is Side.BUY
    sol = -swap.sol_lamports - fee - TIP - RENT if buying else swap.sol_lamports - fee - TIP
    values: dict[str, Any] = {
        "signature": SIGNATURE,
        "slot": slot,
        "fee_lamports": fee,
        "tip_lamports": TIP,
        "rent_lamports": RENT if buying else 0,
    }
    values |= {"sol_delta_lamports": sol, "token_delta_units": swap.units if buying else -swap.units, "side": paper.side_of(order.intent)}
    return a_fill(mode=Mode.LIVE, intent_id=order.intent.id, **values | changes)


def paired(twin: Twin, fill: Fill | None, terms: Terms = TERMS) -> Pair:
    twin.fill, twin.end, twin.ended_ns = fill, pairing.end_of(fill), START_NS
    return pairing.paired(twin, terms, BAND_BPS)


@pytest.mark.parametrize("order", [an_order(), an_approved(a_sale(slot=1_000))])
def test_a_live_order_that_met_the_same_pool_has_no_gap(order: ApprovedOrder) -> None:
    pair = paired(a_twin(order, pool(1_003)), landed(order, pool(1_000), slot=1_001))

    assert (pair.gap_bps, pair.there_bps, pair.in_band, pair.live_slots) == (0, 0, True, 1)


def test_a_dearer_place_in_the_block_is_in_the_gap() -> None:
    order = an_order()

    pair = paired(a_twin(order, pool(1_003)), landed(order, pool(1_000), slot=1_001, fee=FEE + SOL // 1_000))

    assert (pair.gap_bps, pair.in_band) == (-100, False)


def test_rent_is_no_part_of_the_gap() -> None:
    order = an_order()
    fill = landed(order, pool(1_000), slot=1_001)
    returned = msgspec.structs.replace(fill, rent_lamports=0, sol_delta_lamports=fill.sol_delta_lamports + RENT)

    assert paired(a_twin(order, pool(1_003)), returned).gap_bps == 0


def test_a_price_that_paper_thinks_possible_is_in_band_and_a_worse_one_is_not() -> None:
    order = an_order()
    risen, higher = pool(1_002, 30.6), pool(1_004, 31.5)

    within = paired(a_twin(order, risen, higher), landed(order, risen, slot=1_002))
    beyond = paired(a_twin(order, risen, higher), landed(order, higher, slot=1_004))

    assert within.in_band
    assert not beyond.in_band
    assert beyond.there_bps == 0  # late, and otherwise what the model says


def test_our_own_transaction_is_not_in_what_paper_meets() -> None:
    order = an_order(size_sol=2.0)
    before = pool(1_001, 30.3)
    swap = paper.swapped(order.intent, before)
    spent = swap.sol_lamports - swap.venue_fee_lamports
    trade = {"trade_side": Side.BUY, "trade_lamports": spent, "trade_units": swap.units}
    after = {"quote_lamports": before.quote_lamports + spent, "base_units": before.base_units - swap.units}
    own = msgspec.structs.replace(before, event_id=derive("trade", SIGNATURE, 0), slot=1_002, **trade, **after)
    next_one = msgspec.structs.replace(own, event_id="next", slot=1_003)

    pair = paired(a_twin(order, before, own, next_one), landed(order, before, slot=1_002))

    assert pair.there_bps == 0
    assert pair.low_lamports == pair.live_lamports - pair.size_lamports * BAND_BPS // 10_000


def test_events_that_the_bus_gives_again_after_a_lost_connection_count_once() -> None:
    order = an_order(size_sol=2.0)
    swap = paper.swapped(order.intent, pool(1_000))
    trade = {"trade_side": Side.BUY, "trade_lamports": swap.sol_lamports, "trade_units": swap.units}
    own, after = pool(1_002, 32.0, event_id=derive("trade", SIGNATURE, 0), **trade), pool(1_003, 32.0)
    fill = landed(order, pool(1_000), slot=1_002)

    assert paired(a_twin(order, own, own, after), fill) == paired(a_twin(order, own, after), fill)


def test_a_failure_is_possible_by_the_odds_and_an_order_that_never_lands_is_not() -> None:
    order = an_order()
    fill = landed(order, pool(1_000), slot=1_001, status=FillStatus.FAILED, sol_delta_lamports=-FEE, token_delta_units=0)

    failed, missed = paired(a_twin(order), fill), paired(a_twin(order), None)

    assert (failed.end, failed.in_band, failed.failure_bps, failed.gap_bps) == (PairEnd.FAILED, True, 200, None)
    assert (missed.end, missed.in_band) == (PairEnd.MISSED, False)


def test_a_price_that_runs_away_in_two_of_three_slots_is_in_the_odds_of_failing() -> None:
    order = an_order(slippage_bps_max=100)

    pair = paired(a_twin(order, pool(1_001, 33.0)), None)

    assert pair.failure_bps == 200 + 9_800 * 2 // 3


def test_the_longest_delay_that_paper_thinks_possible_grows_with_the_unrest() -> None:
    book = Book()
    book.see(pool(1_000))
    book.see(pool(1_001, 33.0))

    twin = pairing.begun(an_approved(), book, msgspec.structs.replace(TERMS, slots_stir=20, failure_stir_bps=5_000), START_NS)

    assert twin is not None
    assert (twin.slots_max, twin.failure_bps) == (4, 700)  # a tenth of 20 slots, and of 5,000 bps


def test_a_pair_waits_for_paper_s_last_slot_and_for_our_own_event() -> None:
    order = an_order()
    twin = a_twin(order)
    unended = pairing.is_over(twin, TERMS, START_NS)
    paired(twin, landed(order, pool(1_000), slot=1_002))

    early = pairing.is_over(twin, TERMS, START_NS)
    twin.states.append(pool(1_002))
    unheard = pairing.is_over(twin, TERMS, START_NS)
    twin.states.append(pool(1_002, event_id=derive("trade", SIGNATURE, 0)))

    assert (unended, early, unheard) == (False, False, False)
    assert pairing.is_over(twin, TERMS, START_NS)


def test_a_token_that_nobody_trades_ends_its_pairs_when_paper_would_have_filled() -> None:
    order = an_order()
    twin = a_twin(order)
    paired(twin, landed(order, pool(1_000), slot=1_002))

    assert not pairing.is_over(twin, TERMS, LATER_NS - 1)
    assert pairing.is_over(twin, TERMS, LATER_NS)


def test_an_order_for_a_token_without_a_price_has_no_twin() -> None:
    assert pairing.begun(an_approved(), Book(), TERMS, START_NS) is None
