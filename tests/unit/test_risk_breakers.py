"""Breakers on falls of equity: what trips them, what they refuse, and what ends them."""

import msgspec
import pytest

from memesnipe.bus.api import Entry, Output
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import HaltCommand
from memesnipe.messages.orders import ApprovedOrder, Rejection
from memesnipe.risk import book as books
from memesnipe.risk.book import Account, Book
from memesnipe.risk.breakers.falls import DAY_NS, day_ends_ns, day_of, fall_bps, moved, week_ends_ns, week_of
from memesnipe.risk.breakers.state import Mark
from memesnipe.risk.decide import take_halt
from memesnipe.risk.rules import Rules
from memesnipe.testing.builders import OTHER_MINT, SOL, a_config, a_frame, a_halt, a_strategy, a_tick, an_exit
from memesnipe.testing.risk_cases import NOW_NS, a_decision, loose, roomy, rules_of, wish
from memesnipe.testing.risk_cases import moved as filled
from memesnipe.testing.risk_said import UNITS, say

BEFORE = Account.__struct_fields__.index("breakers")
TOMORROW_NS = day_ends_ns(NOW_NS)
MONDAY_NS = week_ends_ns(NOW_NS)


def held(rules: Rules, *, cost_sol: int = 1, strategy: str = "momentum", now_ns: int = NOW_NS) -> Book:
    """Return a book in which a strategy holds a token at what it cost."""
    bought = filled(f"bought-{strategy}", lamports=-cost_sol * SOL, units=UNITS, strategy=strategy)
    return say(Book(), rules, bought, strategy=strategy, now_ns=now_ns)[0]


def worth(book: Book, rules: Rules, sol: float, now_ns: int = NOW_NS) -> tuple[Book, tuple[Output, ...]]:
    """Let the token held be worth so much."""
    return say(book, rules, a_frame(a_tick(quote_lamports=round(sol * SOL), base_units=UNITS, time_ns=now_ns)), now_ns=now_ns)


def asked(book: Book, rules: Rules, now_ns: int, strategy: str = "momentum") -> Rejection | None:
    """Return the refusal of a buy of another token; None when it is approved."""
    intent = wish(sol=0.1, mint=OTHER_MINT, time_ns=now_ns, strategy=strategy, event_id=f"at-{now_ns}")
    outputs = [output.message for output in say(book, rules, intent, strategy=strategy, now_ns=now_ns)[1]]
    if isinstance(outputs[0], ApprovedOrder):
        return None
    assert isinstance(outputs[0], Rejection)
    return outputs[0]


def refused(book: Book, rules: Rules, now_ns: int = NOW_NS, strategy: str = "momentum") -> ReasonCode | None:
    found = asked(book, rules, now_ns, strategy)
    return found.reason if found else None


def resumed(book: Book, rules: Rules, command: HaltCommand) -> tuple[Book, Rules]:
    rules = rules.with_halt(Entry("kill_switch_channel", f"{rules.halt_epoch + 1}-0", command))
    return take_halt(book, rules, command), rules


FALLS = [
    ("portfolio_day_drawdown_bps_max", ReasonCode.DAY_DRAWDOWN, 100, TOMORROW_NS),
    ("portfolio_week_drawdown_bps_max", ReasonCode.WEEK_DRAWDOWN, 100, MONDAY_NS),
    ("strategy_day_drawdown_bps_max", ReasonCode.STRATEGY_DAY_DRAWDOWN, 20, TOMORROW_NS),
    ("strategy_week_drawdown_bps_max", ReasonCode.STRATEGY_WEEK_DRAWDOWN, 20, MONDAY_NS),
]
"""Of a position of one SOL that becomes nothing: its capital in SOL (of all, or the strategy's), and when buys go on."""


@pytest.mark.parametrize(("field", "reason", "capital_sol", "ends_ns"), FALLS)
def test_a_fall_beyond_its_limit_stops_buys_until_its_period_ends(field: str, reason: ReasonCode, capital_sol: int, ends_ns: int) -> None:
    rules = rules_of(breakers=loose(**{field: 10_000 // capital_sol - 1}), event_age_ms_max=10**9)

    book, outputs = worth(held(rules), rules, 0)

    assert outputs == ()
    assert refused(book, rules) is reason
    assert refused(book, rules, ends_ns - 1) is reason
    assert refused(book, rules, ends_ns) is None


@pytest.mark.parametrize(("field", "reason", "capital_sol", "ends_ns"), FALLS)
def test_a_fall_at_its_limit_stops_nothing(field: str, reason: ReasonCode, capital_sol: int, ends_ns: int) -> None:
    rules = rules_of(breakers=loose(**{field: 10_000 // capital_sol}))

    book, _ = worth(held(rules), rules, 0.000000001)

    assert refused(book, rules) is None


def test_a_refusal_says_which_breaker_the_value_the_limit_and_when_it_ends() -> None:
    rules = rules_of(breakers=loose(portfolio_day_drawdown_bps_max=50))
    book, _ = worth(held(rules), rules, 0)

    found = asked(book, rules, NOW_NS)

    assert found is not None
    assert "the portfolio fell 100 bps from the day's highest, limit 50; ends " in found.detail
    assert found.detail.endswith("00:00:00 UTC")


def test_a_breaker_stays_tripped_when_the_price_comes_back() -> None:
    rules = rules_of(breakers=loose(strategy_day_drawdown_bps_max=100))
    book, _ = worth(held(rules), rules, 0)

    book, _ = worth(book, rules, 5)

    assert refused(book, rules) is ReasonCode.STRATEGY_DAY_DRAWDOWN


def test_a_fall_is_measured_from_the_highest_of_its_day() -> None:
    rules = rules_of(breakers=loose(strategy_day_drawdown_bps_max=900))
    book, _ = worth(held(rules), rules, 3)

    book, _ = worth(book, rules, 1)

    assert refused(book, rules) is ReasonCode.STRATEGY_DAY_DRAWDOWN


def test_the_highest_of_yesterday_is_no_fall_of_today() -> None:
    rules = rules_of(breakers=loose(strategy_day_drawdown_bps_max=900))
    book, _ = worth(held(rules), rules, 3)
    book, _ = worth(book, rules, 2.5)

    book, _ = worth(book, rules, 1.5, TOMORROW_NS)

    assert refused(book, rules, TOMORROW_NS) is None


def test_a_fall_over_midnight_counts_to_the_new_day() -> None:
    rules = rules_of(breakers=loose(strategy_day_drawdown_bps_max=900))
    book, _ = worth(held(rules), rules, 3)

    book, _ = worth(book, rules, 1, TOMORROW_NS)

    assert refused(book, rules, TOMORROW_NS) is ReasonCode.STRATEGY_DAY_DRAWDOWN


def test_one_strategys_fall_stops_no_other() -> None:
    config = a_config(
        a_strategy("momentum"),
        a_strategy("sniper"),
        limits=roomy(breakers=loose(strategy_day_drawdown_bps_max=1)),
        capital_lamports=100 * SOL,
    )
    rules = Rules().with_config(config).with_allocation(a_decision("momentum", "sniper"))

    book, _ = worth(held(rules), rules, 0)

    assert refused(book, rules) is ReasonCode.STRATEGY_DAY_DRAWDOWN
    assert refused(book, rules, strategy="sniper") is None


def test_a_strategys_fall_from_its_top_halts_it_once_and_for_good() -> None:
    rules = rules_of(breakers=loose(strategy_drawdown_bps_max=499))
    book, outputs = worth(held(rules), rules, 0)

    _, again = worth(book, rules, 0)

    (command,) = [output.message for output in outputs]
    assert (command.scope, command.state, command.by) == ("momentum", HaltState.HALTED, "risk_guardian")
    assert command.reason == "breaker strategy_drawdown: it fell 500 bps from its highest, limit 499; ends when a person resumes"
    assert again == ()
    assert refused(book, rules, NOW_NS) is ReasonCode.STRATEGY_DRAWDOWN


def test_a_top_drawdown_on_paper_halts_no_strategy_that_is_live_by_now() -> None:
    limits = roomy(breakers=loose(strategy_drawdown_bps_max=1))
    rules = (
        Rules().with_config(a_config(a_strategy(mode=Mode.LIVE), limits=limits, capital_lamports=100 * SOL)).with_allocation(a_decision())
    )

    book, outputs = worth(held(rules), rules, 0)

    assert outputs == ()
    assert refused(book, rules) is None


@pytest.mark.parametrize("scope", ["*", "momentum"])
def test_a_persons_resume_ends_a_strategys_breakers_and_the_same_loss_trips_none_again(scope: str) -> None:
    rules = rules_of(breakers=loose(strategy_drawdown_bps_max=1, strategy_day_drawdown_bps_max=1))
    book, outputs = worth(held(rules), rules, 0)
    for command in (
        *(output.message for output in outputs),
        a_halt(HaltState.ACTIVE, scope="momentum"),
        a_halt(HaltState.ACTIVE, scope=scope),
    ):
        book, rules = resumed(book, rules, command)

    book, outputs = worth(book, rules, 0)

    assert outputs == ()
    assert refused(book, rules) is None


def test_resuming_one_strategy_does_not_end_what_stops_all() -> None:
    rules = rules_of(breakers=loose(portfolio_day_drawdown_bps_max=1))
    book, _ = worth(held(rules), rules, 0)

    book, rules = resumed(book, rules, a_halt(HaltState.ACTIVE, scope="momentum"))

    assert refused(book, rules) is ReasonCode.DAY_DRAWDOWN
    assert refused(*resumed(book, rules, a_halt(HaltState.ACTIVE))) is None


def test_a_resume_after_something_else_forgives_no_fall() -> None:
    rules = rules_of(breakers=loose(strategy_day_drawdown_bps_max=400))
    book, _ = worth(held(rules), rules, 0.3)

    book, rules = resumed(book, rules, a_halt(HaltState.ACTIVE))
    book, _ = worth(book, rules, 0.1)

    assert refused(book, rules) is ReasonCode.STRATEGY_DAY_DRAWDOWN


def test_a_machines_word_ends_no_breaker() -> None:
    rules = rules_of(breakers=loose(strategy_day_drawdown_bps_max=1))
    book, _ = worth(held(rules), rules, 0)

    book, rules = resumed(book, rules, a_halt(HaltState.ACTIVE, scope="momentum", by="control"))

    assert refused(book, rules) is ReasonCode.STRATEGY_DAY_DRAWDOWN


EVERYTHING = loose(
    portfolio_day_drawdown_bps_max=0, portfolio_week_drawdown_bps_max=0, strategy_drawdown_bps_max=0, strategy_day_drawdown_bps_max=0,
    strategy_week_drawdown_bps_max=0,
)  # fmt: skip


def test_no_fall_stops_an_exit_or_a_sale() -> None:
    rules = rules_of(breakers=EVERYTHING, drawdown_bps_max=0)
    book, _ = worth(held(rules), rules, 0)

    for intent in (an_exit(size_units=UNITS), wish(units=UNITS)):
        (output,) = say(book, rules, intent)[1]
        assert isinstance(output.message, ApprovedOrder)


def test_a_tripped_breaker_is_still_tripped_after_a_restart() -> None:
    rules = rules_of(breakers=EVERYTHING)
    book, _ = worth(held(rules), rules, 0)

    again = books.decode(books.encode(book))

    assert again == book
    assert refused(again, rules) is ReasonCode.DAY_DRAWDOWN


def test_a_config_of_an_older_control_holds_no_breakers() -> None:
    rules = rules_of()
    book, _ = worth(held(rules), rules, 0)

    assert rules.config is not None
    assert rules.config.limits.breakers is None
    assert refused(book, rules) is None


def test_capital_that_is_taken_away_is_no_fall() -> None:
    rules = rules_of(breakers=loose(strategy_drawdown_bps_max=500))
    book, _ = worth(held(rules), rules, 0.1)

    book, outputs = worth(book, rules.with_allocation(a_decision(sol_each=1)), 0.1)

    assert outputs == ()


def test_a_book_from_before_the_breakers_is_read() -> None:
    rules = rules_of(breakers=EVERYTHING)
    book = held(rules_of())
    raw = msgspec.msgpack.decode(books.encode(book))
    for account in raw[0][0].values():
        del account[BEFORE:]
    raw[0] = raw[0][:4]

    older = books.decode(msgspec.msgpack.encode(raw))

    assert older.paper.account("momentum").positions == book.paper.account("momentum").positions
    assert refused(worth(older, rules, 0)[0], rules) is ReasonCode.DAY_DRAWDOWN


def test_a_week_begins_on_monday_and_a_day_at_midnight_utc() -> None:
    monday_ns = 4 * DAY_NS  # 5 January 1970

    assert week_of(monday_ns) == week_of(monday_ns - 1) + 1 == week_of(monday_ns + 7 * DAY_NS - 1)
    assert week_ends_ns(monday_ns) == monday_ns + 7 * DAY_NS
    assert week_ends_ns(monday_ns - 1) == monday_ns
    assert (day_of(monday_ns - 1), day_ends_ns(monday_ns - 1)) == (3, monday_ns)


@pytest.mark.parametrize(
    ("high", "capital", "profit", "bps"),
    [
        (0, 100, 0, 0),
        (0, 100, 5, 0),
        (0, 100, -1, 100),
        (0, 10_001, -1, 1),
        (50, 50, 0, 5_000),
        (-100, 100, -101, 10_000),
        (0, 10, -20, 20_000),
    ],
)
def test_a_fall_is_rounded_up_and_is_the_whole_where_nothing_is_left(high: int, capital: int, profit: int, bps: int) -> None:
    assert fall_bps(Mark(high, capital), profit) == bps


def test_a_new_high_forgets_the_capital_of_before() -> None:
    mark = moved(moved(Mark(), 0, 0, 100, 0), 0, -5, 50, 0)

    assert mark.capital_lamports == 100
    assert moved(mark, -5, 1, 50, 0) == Mark(1, 50, 0)
