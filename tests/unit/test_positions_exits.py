"""Each way a position is sold beyond stop, goal and time stop: when, how much of it, why, and how hard."""

from typing import Any

import msgspec
import pytest

from memesnipe.kernel.reasons import ReasonCode
from memesnipe.ledger.accounting import apply, position_of
from memesnipe.ledger.write import Booked
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import CloseRequest, ExitLimits, ExitRung, RiskLimits
from memesnipe.messages.orders import ExitCause, ExitIntent, Fill, way_of
from memesnipe.positions import decide
from memesnipe.positions.book import Book, Open, restore, save
from memesnipe.positions.causes import Rules
from memesnipe.positions.exits import due_ns
from memesnipe.positions.stops import stop_ratio
from memesnipe.testing.builders import MINT, SOL, START_NS, STRATEGY, a_fill, a_rejection, a_sale, a_tick, an_exit, limits

ENTRY = 30 * SOL
"""Quote side of the price that `a_buy` was filled at; with fee and rent it cost a tenth more."""
UNITS = 100_000_000
KEY = (STRATEGY, Mode.PAPER, MINT)


def a_buy(**changes: Any) -> Fill:
    fields: dict[str, Any] = {
        "sol_delta_lamports": -3_300_000,
        "token_delta_units": UNITS,
        "fee_lamports": 100_000,
        "rent_lamports": 200_000,
    }
    return a_fill(**fields | changes)


def terms(**exits: Any) -> RiskLimits:
    """Return limits whose only exits are these."""
    return limits(stop_loss_bps=0, take_profit_bps=0, time_stop_s=0, exits=ExitLimits(**exits))


def rules(in_force: RiskLimits, now_s: float = 1, state: HaltState = HaltState.ACTIVE) -> Rules:
    return Rules(in_force, lambda _: state, START_NS + int(now_s * SOL))


def booked(book: Book, fill: Fill) -> Booked:
    held = book.open.get(position_of(fill).key)
    before = held.position if held else position_of(fill)
    after, trade = apply(before, fill)
    return Booked(fill, after, after.realized_lamports - before.realized_lamports, trade)


class Desk:
    """A position under rules: told prices (percent of the price paid), it keeps the exits that are asked for."""

    def __init__(self, in_force: RiskLimits, fill: Fill | None = None) -> None:
        self.in_force, self.book, self.exits, self.now_s = in_force, Book(), list[ExitIntent](), 1.0
        self.fills(fill or a_buy())

    @property
    def one(self) -> Open:
        return self.book.open[KEY]

    def took(self, decision: decide.Decision) -> "Desk":
        self.book, effects = decision
        self.exits += [effect for effect in effects if isinstance(effect, ExitIntent)]
        return self

    def price(self, percent: float, **changes: Any) -> "Desk":
        time_ns = START_NS + int(self.now_s * SOL)
        tick = a_tick(**{"quote_lamports": int(ENTRY * percent / 100), "time_ns": time_ns} | changes)
        return self.took(decide.on_price(self.book, tick, rules(self.in_force, self.now_s)))

    def fills(self, fill: Fill) -> "Desk":
        return self.took(decide.on_booked(self.book, booked(self.book, fill), rules(self.in_force, self.now_s)))

    def refuses(self, reason: ReasonCode = ReasonCode.CHAIN_FAILED) -> "Desk":
        no = a_rejection(an_exit(id=self.exits[-1].id), reason)
        return self.took(decide.on_rejection(self.book, no, rules(self.in_force, self.now_s)))

    def waits(self, seconds: float, state: HaltState = HaltState.ACTIVE) -> "Desk":
        self.now_s += seconds
        return self.took(decide.on_time(self.book, rules(self.in_force, self.now_s, state)))

    @property
    def causes(self) -> list[ExitCause]:
        return [intent.cause for intent in self.exits]


LADDER = (ExitRung(2_000, 2_500), ExitRung(5_000, 2_500), ExitRung(10_000, 5_000))


def test_each_rung_sells_its_share_of_what_was_bought_and_the_last_one_the_rest() -> None:
    desk = Desk(terms(ladder=LADDER))

    for percent in (119, 120, 130, 150, 200):
        asked = len(desk.exits)
        desk.price(percent)
        for intent in desk.exits[asked:]:
            desk.fills(a_fill(intent, slot=2_000 + asked))

    assert [intent.size_units for intent in desk.exits] == [UNITS // 4, UNITS // 4, UNITS // 2]
    assert desk.causes == [ExitCause.LADDER] * 3
    assert desk.book.open == {}


def test_a_price_that_jumps_over_rungs_sells_them_together() -> None:
    desk = Desk(terms(ladder=LADDER)).price(160)

    assert [intent.size_units for intent in desk.exits] == [UNITS // 2]


def test_a_rung_that_filled_in_part_asks_for_the_rest_of_it_alone() -> None:
    desk = Desk(terms(ladder=LADDER)).price(125)
    (first,) = desk.exits

    desk.fills(a_fill(first, token_delta_units=-UNITS // 10, slot=2_000))

    (rest,) = desk.exits[1:]
    assert rest.size_units == pytest.approx(UNITS * 15 // 100, abs=100)
    assert rest.id != first.id


def test_what_the_strategy_sold_counts_for_the_rungs() -> None:
    desk = Desk(terms(ladder=LADDER)).fills(a_fill(a_sale(size_units=UNITS // 4), slot=2_000))

    desk.price(130)

    assert desk.exits == []


def test_a_rung_that_was_refused_goes_on_though_the_price_fell() -> None:
    desk = Desk(terms(ladder=LADDER)).price(125).refuses().price(110).waits(1)

    assert [intent.size_units for intent in desk.exits] == [UNITS // 4, UNITS // 4]


def test_a_stop_does_not_wait_for_a_rungs_next_turn() -> None:
    desk = Desk(msgspec.structs.replace(terms(ladder=LADDER), stop_loss_bps=1_000)).price(125).refuses()

    desk.price(90)

    assert [(intent.cause, intent.size_units) for intent in desk.exits[1:]] == [(ExitCause.STOP_LOSS, UNITS)]


def test_a_rung_that_would_leave_less_than_a_sale_costs_sells_all() -> None:
    desk = Desk(terms(ladder=(ExitRung(2_000, 9_900),), dust_lamports=100_000)).price(125)

    assert [intent.size_units for intent in desk.exits] == [UNITS]


@pytest.mark.parametrize(
    ("percents", "sold"), [((100, 150, 136), False), ((100, 150, 135), True), ((105, 96), False), ((105, 150, 135), True)]
)
def test_a_trailing_stop_follows_the_highest_price_once_it_is_armed(percents: tuple[int, ...], sold: bool) -> None:
    desk = Desk(terms(trailing_bps=1_000, trailing_from_bps=2_000))

    for percent in percents:
        desk.price(percent)

    assert desk.causes == [ExitCause.TRAILING_STOP] * sold


def test_a_trailing_stop_is_told_as_the_stop_and_survives_a_restart() -> None:
    desk = Desk(terms(trailing_bps=1_000)).price(150)

    again = restore(save(desk.book), [desk.one.position], {}, {})

    quote, units = stop_ratio(again.open[KEY], desk.in_force)
    assert quote / units == pytest.approx(1.35 * ENTRY / (1_000_000 * 10**6), rel=1e-6)


def test_the_highest_stop_is_the_one_in_force() -> None:
    desk = Desk(msgspec.structs.replace(terms(trailing_bps=5_000), stop_loss_bps=2_000)).price(110).price(80)

    assert desk.causes == [ExitCause.STOP_LOSS]


@pytest.mark.parametrize(("percents", "sold"), [((115, 109), False), ((121, 111), False), ((121, 110), True)])
def test_after_a_gain_the_stop_is_at_what_the_position_cost_with_all_fees(percents: tuple[int, ...], sold: bool) -> None:
    desk = Desk(terms(break_even_from_bps=1_000))

    for percent in percents:
        desk.price(percent)

    assert desk.causes == [ExitCause.BREAK_EVEN] * sold


def test_the_average_true_range_stops_a_position_when_enough_minutes_were_seen() -> None:
    desk = Desk(terms(atr_multiple_bps=20_000, atr_bars=3))
    for percent in (100, 104, 100, 100, 104, 100):  # three minutes that each range over 4 %
        desk.price(percent).now_s += 20
    early = list(desk.exits)
    for percent in (100, 104, 100, 104):
        desk.price(percent).now_s += 20

    desk.price(96.5).price(95.9)

    assert early == []
    assert desk.causes == [ExitCause.TRAILING_ATR]
    assert desk.exits[0].quote_lamports == int(ENTRY * 95.9 / 100)


def test_a_range_that_grows_lowers_no_stop() -> None:
    desk = Desk(terms(atr_multiple_bps=30_000, atr_bars=2))
    for percent in (100, 101, 100, 101, 100, 101, 100):
        desk.price(percent).now_s += 30
    before = stop_ratio(desk.one, desk.in_force)
    for percent in (99, 101, 99, 101):
        desk.price(percent).now_s += 30

    assert before[1]
    assert stop_ratio(desk.one, desk.in_force) >= before


def reserves(share: float, price: float = 1.0) -> dict[str, int]:
    """Return a pool with so much of its liquidity left, at this price."""
    return {"quote_lamports": int(ENTRY * share * price**0.5), "base_units": int(10**12 * share / price**0.5)}


def test_a_withdrawal_sells_at_once_and_as_hard_as_it_may() -> None:
    desk = Desk(terms(drain_bps=5_000)).price(100, **reserves(1)).price(100, **reserves(0.51))
    quiet = list(desk.exits)

    desk.price(100, **reserves(0.49))

    assert quiet == []
    assert [(intent.cause, intent.slippage_bps_max) for intent in desk.exits] == [(ExitCause.LIQUIDITY, 1_000)]


@pytest.mark.parametrize("price", [0.01, 0.5, 3.0, 100.0])
def test_trades_however_large_are_no_withdrawal(price: float) -> None:
    desk = Desk(terms(drain_bps=100)).price(100, **reserves(1)).price(100, **reserves(1, price))

    assert desk.exits == []


def test_another_venue_is_another_pool() -> None:
    desk = Desk(terms(drain_bps=5_000)).price(100, **reserves(1)).price(100, venue="pumpswap", **reserves(0.1))
    desk.price(100, venue="candles", **reserves(0.01)).price(100, venue="candles", **reserves(0.001))

    assert desk.exits == []


def test_liquidity_that_is_somebodys_word_must_be_gone_twice() -> None:
    desk = Desk(terms(drain_bps=5_000))
    for share in (1, 0.1, 1, 0.1):
        desk.price(100, venue="jupiter", **reserves(share))
    once = list(desk.exits)

    desk.price(100, venue="jupiter", **reserves(0.1))

    assert once == []
    assert desk.causes == [ExitCause.LIQUIDITY]


def test_silence_sells_only_where_the_policy_says_so() -> None:
    silent, told = Desk(terms()).price(100), Desk(terms(stale_exit_s=60)).price(100)

    silent.waits(10_000)
    early = told.waits(59).causes
    told.waits(1, HaltState.HALTED)

    assert (silent.causes, early, told.causes) == ([], [], [ExitCause.STALE_PRICE])


def test_a_position_that_never_saw_a_price_goes_silent_from_when_it_was_opened() -> None:
    desk = Desk(terms(stale_exit_s=60))

    assert due_ns(desk.one, desk.in_force) == desk.one.position.opened_ns + 60 * SOL


@pytest.mark.parametrize("state", HaltState)
def test_only_a_freeze_stops_a_protective_exit(state: HaltState) -> None:
    desk = Desk(terms(drain_bps=5_000)).price(100, **reserves(1))
    tick = a_tick(**reserves(0.1))

    desk.took(decide.on_price(desk.book, tick, rules(desk.in_force, state=state)))

    assert bool(desk.exits) == (state is not HaltState.FROZEN)


def test_each_try_is_more_urgent_and_another_exit_begins_anew() -> None:
    desk = Desk(terms(ladder=LADDER)).price(125)
    for _ in range(3):
        desk.refuses().waits(60)
    desk.fills(a_fill(desk.exits[-1], slot=2_000)).price(150)

    assert [intent.urgency for intent in desk.exits] == [0, 1, 2, 3, 0]
    assert [intent.slippage_bps_max for intent in desk.exits] == [250, 500, 1_000, 1_000, 250]
    assert len({intent.id for intent in desk.exits}) == 5


def test_what_filled_in_part_is_watched_on_and_a_persons_wish_is_done_to_the_end() -> None:
    desk = Desk(terms(trailing_bps=1_000)).price(100).price(85)
    desk.fills(a_fill(desk.exits[0], token_delta_units=-UNITS // 2, slot=2_000))
    stopped = desk.causes
    desk.took(decide.on_close_request(desk.book, CloseRequest("c", STRATEGY, MINT, "me", START_NS), rules(desk.in_force)))

    desk.fills(a_fill(desk.exits[-1], token_delta_units=-UNITS // 4, slot=2_001))

    assert stopped == [ExitCause.TRAILING_STOP] * 2
    assert (desk.exits[-1].cause, desk.exits[-1].size_units) == (ExitCause.PERSON, UNITS // 4)


def test_what_is_left_and_not_worth_a_sale_is_tried_no_more_but_a_person_may_close_it() -> None:
    desk = Desk(msgspec.structs.replace(terms(dust_lamports=100_000), stop_loss_bps=1_000, time_stop_s=5)).price(80)
    desk.fills(a_fill(desk.exits[0], token_delta_units=-(UNITS - UNITS // 100), slot=2_000))

    desk.price(80).waits(600).price(50)
    asked = list(desk.exits)
    desk.took(decide.on_close_request(desk.book, CloseRequest("c", STRATEGY, MINT, "me", START_NS), rules(desk.in_force)))

    assert len(asked) == 1
    assert (desk.exits[-1].cause, desk.exits[-1].size_units) == (ExitCause.PERSON, UNITS // 100)
    assert due_ns(desk.one, desk.in_force) > 0


def test_a_whole_position_is_never_dust() -> None:
    desk = Desk(msgspec.structs.replace(terms(dust_lamports=10 * SOL), stop_loss_bps=1_000)).price(1)

    assert desk.causes == [ExitCause.STOP_LOSS]


def test_an_exit_by_price_says_when_that_price_was_and_one_asked_for_again_does_not() -> None:
    desk = Desk(msgspec.structs.replace(terms(), stop_loss_bps=2_000))
    desk.price(10, time_ns=START_NS - SOL)

    desk.refuses().waits(60)

    first, second = desk.exits
    assert (first.event_ns, first.wished_ns) == (START_NS - SOL, first.time_ns)
    assert (second.event_ns, way_of(second).event_ns) == (0, second.time_ns)


def test_an_exit_by_time_has_no_price_that_caused_it() -> None:
    desk = Desk(msgspec.structs.replace(terms(), time_stop_s=600)).waits(100_000)

    assert [(one.cause, one.event_ns) for one in desk.exits] == [(ExitCause.TIME_STOP, 0)]
