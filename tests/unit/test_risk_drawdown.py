"""How far equity may fall before everybody stops: what counts as a fall, what it allows still, and how trading goes on."""

from memesnipe.bus.api import Entry, Output
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import AMOUNT_MAX, HaltState, Mode
from memesnipe.risk import book as books
from memesnipe.risk.book import Book
from memesnipe.risk.decide import take_halt
from memesnipe.risk.rules import Rules
from memesnipe.testing.builders import (
    OTHER_MINT,
    SOL,
    a_config,
    a_frame,
    a_halt,
    a_strategy,
    a_tick,
    an_exit,
)
from memesnipe.testing.risk_cases import NOW_NS, moved, roomy, rules_of, wish
from memesnipe.testing.risk_said import UNITS, approved, halts, holding, pulled, refusal, say


def crash(book: Book, rules: Rules) -> tuple[Book, tuple[Output, ...]]:
    """Let the token held go to nothing."""
    return say(book, rules, a_frame(a_tick(quote_lamports=1)))


def test_a_drawdown_past_its_limit_halts_the_portfolio_once() -> None:
    rules = rules_of(drawdown_bps_max=99)
    book, outputs = crash(holding(), rules)

    _, again = crash(book, rules)

    assert [(command.scope, command.state) for command in halts(outputs)] == [("*", HaltState.HALTED)]
    assert halts(again) == []


def test_a_drawdown_at_its_limit_does_not_halt() -> None:
    _, outputs = crash(holding(), rules_of(drawdown_bps_max=100))

    assert halts(outputs) == []


def test_a_realized_loss_counts_towards_the_drawdown() -> None:
    _, outputs = say(holding(), rules_of(drawdown_bps_max=49), moved("sold", lamports=SOL // 2, units=-UNITS))

    assert len(halts(outputs)) == 1


def test_drawdown_is_measured_from_the_highest_equity() -> None:
    rules = rules_of(drawdown_bps_max=800)
    book, _ = say(holding(), rules, a_frame(a_tick(quote_lamports=11 * SOL, base_units=UNITS)))

    _, outputs = crash(book, rules)

    assert len(halts(outputs)) == 1


def test_after_a_drawdown_buys_are_refused_even_before_the_halt_comes_back() -> None:
    rules = rules_of(drawdown_bps_max=10)
    book, _ = crash(holding(), rules)

    _, outputs = say(book, rules, wish(mint=OTHER_MINT))

    assert refusal(outputs) is ReasonCode.DRAWDOWN


def test_after_a_drawdown_an_exit_passes() -> None:
    rules = rules_of(drawdown_bps_max=10).with_halt(pulled(HaltState.HALTED))
    book, _ = crash(holding(), rules)

    _, outputs = say(book, rules, an_exit(size_units=UNITS))

    assert approved(outputs)


def test_after_a_person_resumes_the_same_loss_does_not_halt_again() -> None:
    rules = rules_of(drawdown_bps_max=10)
    book, outputs = crash(holding(), rules)
    for command in (halts(outputs)[0], a_halt(HaltState.ACTIVE)):
        rules = rules.with_halt(Entry("kill_switch_channel", "1-0", command))
        book = take_halt(book, rules, command)

    _, again = say(book, rules, wish(mint=OTHER_MINT))

    assert approved(again)


def test_a_resume_folded_again_after_a_restart_does_not_move_the_peak() -> None:
    resume = a_halt(HaltState.ACTIVE)
    rules = rules_of(drawdown_bps_max=10).with_halt(Entry("kill_switch_channel", "1-0", resume))
    book = take_halt(holding(), rules, resume)
    book, _ = crash(book, rules)

    assert take_halt(book, rules, resume) == book
    assert book.paper.tripped


def test_a_loss_on_paper_does_not_stop_live_strategies() -> None:
    config = a_config(
        a_strategy("momentum"), a_strategy("sniper", mode=Mode.LIVE), limits=roomy(drawdown_bps_max=10), capital_lamports=100 * SOL
    )

    _, outputs = crash(holding(), Rules().with_config(config))

    assert [command.scope for command in halts(outputs)] == ["momentum"]


def test_an_absurd_price_leaves_a_book_that_can_be_stored() -> None:
    book, _ = say(holding(units=AMOUNT_MAX), rules_of(), a_frame(a_tick(quote_lamports=AMOUNT_MAX, base_units=1)))

    assert books.decode(books.encode(book)) == book


def test_an_older_price_than_the_last_is_ignored() -> None:
    book, _ = say(holding(), rules_of(), a_frame(a_tick()))

    after, _ = say(book, rules_of(), a_frame(a_tick(quote_lamports=1, time_ns=NOW_NS - 1)))

    assert after == book


def test_a_price_from_the_future_hides_no_fall_that_comes_before_it() -> None:
    rules = rules_of(drawdown_bps_max=99)
    book, _ = say(holding(), rules, a_frame(a_tick(time_ns=NOW_NS + 3_600 * 10**9)))

    _, outputs = crash(book, rules)

    assert len(halts(outputs)) == 1


def test_prices_of_tokens_that_are_not_held_change_nothing() -> None:
    book = holding()

    after, outputs = say(book, rules_of(), a_frame(a_tick(mint=OTHER_MINT)))

    assert after is book
    assert outputs == ()


def test_capital_put_in_is_not_a_peak() -> None:
    book = holding()

    more = rules_of().with_config(a_config(capital_lamports=1_000 * SOL, limits=roomy(drawdown_bps_max=0)))

    assert halts(say(book, more, a_frame(a_tick(quote_lamports=SOL, base_units=UNITS)))[1]) == []
