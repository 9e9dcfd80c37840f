"""When position_manager sells, decided without a clock or any I/O."""

from functools import reduce

import msgspec
import pytest

from memesnipe.kernel.reasons import ReasonCode
from memesnipe.ledger.accounting import apply, position_of
from memesnipe.ledger.attribution import sharpe
from memesnipe.ledger.write import Booked
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import CloseRequest, RiskLimits
from memesnipe.messages.orders import ExitCause, ExitIntent, Fill, FillStatus
from memesnipe.positions import decide
from memesnipe.positions.book import Book, restore, save
from memesnipe.positions.causes import Rules
from memesnipe.positions.exits import FLOOR_PATIENCE, OUTCOME_S_MAX
from memesnipe.positions.performance import snapshots
from memesnipe.positions.report import unprotected
from memesnipe.testing.builders import (
    MINT,
    OTHER_MINT,
    SOL,
    START_NS,
    STRATEGY,
    a_fill,
    a_rejection,
    a_sale,
    a_tick,
    an_exit,
    an_intent,
    limits,
)

ENTRY = 30 * SOL
"""Quote side of the price that the builders' fills were bought at."""


def rules(*, state: HaltState = HaltState.ACTIVE, now_s: int = 1, terms: RiskLimits | None = None) -> Rules:
    return Rules(terms or limits(), lambda _: state, START_NS + now_s * SOL)


def bought(*fills: Fill) -> Book:
    book = Book()
    for fill in fills or (a_fill(),):
        book, _ = decide.on_booked(book, booked(book, fill), rules())
    return book


def booked(book: Book, fill: Fill) -> Booked:
    empty = position_of(fill)
    held = book.open.get(empty.key)
    before = held.position if held else empty
    after, trade = apply(before, fill)
    return Booked(fill, after, after.realized_lamports - before.realized_lamports, trade)


def exits(effects: object) -> list[ExitIntent]:
    return [effect for effect in effects if isinstance(effect, ExitIntent)]  # type: ignore[attr-defined] # any sequence of effects


def test_what_is_bought_again_in_the_moment_of_its_sale_gets_an_exit_of_its_own() -> None:
    first, again = (a_fill(an_intent(event_id=name)) for name in ("first", "again"))
    _, effects = decide.on_price(bought(first), a_tick(quote_lamports=1), rules())
    (exit_of_first,) = exits(effects)
    sold = a_fill(exit_of_first)
    folded = reduce(lambda position, fill: apply(position, fill)[0], (first, again, sold), position_of(first))

    _, effects = decide.on_price(Book().with_position(folded), a_tick(quote_lamports=1), rules())

    (exit_of_again,) = exits(effects)
    assert folded.opened_intent_id == first.intent_id
    assert exit_of_again.id != exit_of_first.id


@pytest.mark.parametrize(
    ("percent", "cause"),
    [(81, None), (80, ExitCause.STOP_LOSS), (100, None), (149, None), (150, ExitCause.TAKE_PROFIT)],
)
def test_a_position_is_sold_at_its_stop_and_at_its_goal_and_not_between(percent: int, cause: ExitCause | None) -> None:
    buy = msgspec.structs.replace(a_fill(), sol_delta_lamports=-3_000_000, token_delta_units=100_000_000, fee_lamports=0)

    _, effects = decide.on_price(bought(buy), a_tick(quote_lamports=ENTRY * percent // 100), rules())

    assert [intent.cause for intent in exits(effects)] == ([cause] if cause else [])


def test_a_price_of_another_token_moves_nothing() -> None:
    book = bought()

    after, effects = decide.on_price(book, a_tick(mint=OTHER_MINT, quote_lamports=1), rules())

    assert (after, list(effects)) == (book, [])


def test_a_stop_of_zero_means_no_stop_and_is_counted_as_unprotected() -> None:
    without = rules(terms=limits(stop_loss_bps=0, take_profit_bps=0, time_stop_s=0))

    _, effects = decide.on_price(bought(), a_tick(quote_lamports=1), without)

    assert exits(effects) == []
    assert unprotected(bought(), without) == [MINT]
    assert unprotected(bought(), rules()) == []


def test_the_same_exit_has_the_same_id_wherever_it_is_decided() -> None:
    fill = a_fill()

    ids = [exits(decide.on_price(bought(fill), a_tick(quote_lamports=1), rules(now_s=now))[1])[0].id for now in (1, 9)]

    assert ids[0] == ids[1]


def test_an_exit_once_begun_goes_on_after_a_refusal_even_if_the_price_recovers() -> None:
    book, effects = decide.on_price(bought(), a_tick(quote_lamports=1), rules())
    book, _ = decide.on_rejection(book, a_rejection(an_exit(id=exits(effects)[0].id)), rules())

    early, waiting = decide.on_price(book, a_tick(quote_lamports=ENTRY), rules(now_s=1))
    _, again = decide.on_price(early, a_tick(quote_lamports=ENTRY), rules(now_s=2))

    assert exits(waiting) == []
    assert [intent.cause for intent in exits(again)] == [ExitCause.STOP_LOSS]


def test_a_failed_attempt_does_not_end_the_exit() -> None:
    book, effects = decide.on_price(bought(), a_tick(quote_lamports=1), rules())
    (intent,) = exits(effects)
    failed = a_fill(intent, status=FillStatus.FAILED, sol_delta_lamports=-5_000, token_delta_units=0, time_ns=START_NS + SOL)

    book, _ = decide.on_booked(book, booked(book, failed), rules())
    _, more = decide.on_price(book, a_tick(quote_lamports=1), rules(now_s=100))

    assert exits(more) == []


def test_an_exit_whose_outcome_never_comes_is_asked_for_again_under_another_id() -> None:
    book, effects = decide.on_price(bought(), a_tick(quote_lamports=1), rules())
    (first,) = exits(effects)

    book, early = decide.on_time(book, rules(now_s=1 + OUTCOME_S_MAX - 1))
    _, late = decide.on_time(book, rules(now_s=1 + OUTCOME_S_MAX))

    assert exits(early) == []
    assert [intent.cause for intent in exits(late)] == [first.cause]
    assert exits(late)[0].id != first.id


@pytest.mark.parametrize(
    ("reason", "refusals", "named"),
    [
        (ReasonCode.TX_MIN_OUT, FLOOR_PATIENCE, ENTRY),
        (ReasonCode.TX_MIN_OUT, FLOOR_PATIENCE + 2, ENTRY // 4),
        (ReasonCode.TX_MIN_OUT, 100, 1),
        (ReasonCode.LEASE_MISSING, 100, ENTRY),
    ],
)
def test_an_exit_that_the_market_cannot_pay_for_names_a_lower_price_in_time(reason: ReasonCode, refusals: int, named: int) -> None:
    request = CloseRequest("close-1", STRATEGY, MINT, "me", START_NS)
    book, _ = decide.on_price(bought(), a_tick(quote_lamports=ENTRY), rules())
    book, effects = decide.on_close_request(book, request, rules())

    for number in range(1, refusals + 1):
        book, _ = decide.on_rejection(book, a_rejection(an_exit(id=exits(effects)[0].id), reason), rules(now_s=100 * number))
        book, effects = decide.on_time(book, rules(now_s=100 * number + 50))

    assert exits(effects)[0].quote_lamports == named


def test_what_was_bought_while_the_exit_was_in_flight_is_sold_after_it() -> None:
    book, effects = decide.on_price(bought(), a_tick(quote_lamports=1), rules())
    (first,) = exits(effects)
    book, _ = decide.on_booked(book, booked(book, a_fill(an_intent(size_sol=0.2))), rules())

    book, second = decide.on_booked(book, booked(book, a_fill(first)), rules())

    (rest,) = exits(second)
    assert rest.size_units == book.open[STRATEGY, Mode.PAPER, MINT].position.units
    assert rest.id != first.id


def test_a_close_request_outlasts_a_freeze() -> None:
    book, frozen = decide.on_close_request(bought(), CloseRequest("close-1", STRATEGY, MINT, "me", START_NS), rules(state=HaltState.FROZEN))

    _, lifted = decide.on_time(book, rules(state=HaltState.HALTED))

    assert exits(frozen) == []
    assert [(intent.cause, intent.event_id) for intent in exits(lifted)] == [(ExitCause.PERSON, "close-1")]


def test_a_live_position_is_closed_as_live() -> None:
    _, effects = decide.on_price(bought(a_fill(mode=Mode.LIVE)), a_tick(quote_lamports=1), rules())

    assert [intent.mode for intent in exits(effects)] == [Mode.LIVE]


def test_a_closed_position_is_forgotten_and_its_update_says_zero() -> None:
    buy = a_fill()
    book = bought(buy)

    book, effects = decide.on_booked(book, booked(book, a_fill(a_sale(size_units=buy.token_delta_units))), rules())

    (update,) = effects
    assert book.open == {}
    assert (update.units, update.cost_lamports, update.mark_lamports) == (0, 0, 0)  # type: ignore[union-attr] # the one effect is an update


def test_the_ledgers_positions_win_over_stored_watches() -> None:
    book, _ = decide.on_price(bought(), a_tick(quote_lamports=1), rules())
    (one,) = book.open.values()
    reopened = msgspec.structs.replace(one.position, opened_intent_id="another")

    same, other = (restore(save(book), [position], {}, {}) for position in (one.position, reopened))

    assert same.open[one.position.key].watch.exit is not None
    assert other.open[one.position.key].watch.exit is None


def test_sharpe_is_absent_with_too_few_trades_or_no_spread() -> None:
    buy = a_fill()
    book = bought(buy)
    sale = a_fill(a_sale(size_units=buy.token_delta_units))
    book, _ = decide.on_booked(book, booked(book, sale), rules())
    trade = book.trades[STRATEGY, Mode.PAPER][0]

    assert sharpe([]) is None
    assert sharpe([trade]) is None
    assert sharpe([trade, trade]) is None
    assert sharpe([trade, msgspec.structs.replace(trade, net_lamports=trade.net_lamports + 1_000_000)]) is not None


def test_the_portfolios_equity_is_capital_and_what_was_made_and_lost() -> None:
    buy = a_fill()
    book, _ = decide.on_price(bought(buy), a_tick(quote_lamports=ENTRY // 2), rules(state=HaltState.FROZEN))

    own, portfolio = snapshots(book, 10 * SOL, START_NS)

    marked = buy.token_delta_units * (ENTRY // 2) // (1_000_000 * 10**6)
    assert own.equity_lamports == own.unrealized_lamports == marked + buy.sol_delta_lamports
    assert (portfolio.scope, portfolio.equity_lamports) == ("*", 10 * SOL + own.equity_lamports)
