"""Breakers on closed trades and on looping orders: freqtrade's four protections, a losing streak, a rate that is broken again and again."""

from typing import Any

import pytest
from prometheus_client import REGISTRY

from memesnipe.bus.api import Batch, Entry, Output
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import HaltCommand
from memesnipe.messages.orders import ApprovedOrder, ExitCause, FillStatus, Rejection
from memesnipe.risk import book as books
from memesnipe.risk import metrics
from memesnipe.risk.book import Book
from memesnipe.risk.breakers.state import CLOSED_MAX
from memesnipe.risk.decide import decide, take_halt
from memesnipe.risk.rules import Rules
from memesnipe.testing.builders import MINT, OTHER_MINT, SOL, a_config, a_halt, a_strategy, an_exit
from memesnipe.testing.risk_cases import NOW_NS, a_decision, loose, moved, roomy, rules_of, wish
from memesnipe.testing.risk_said import UNITS, seal


class Desk:
    """One guardian's book on a clock that the test moves."""

    def __init__(self, rules: Rules) -> None:
        self.book, self.rules, self.now_ns, self.number = Book(), rules, NOW_NS, 0

    def say(self, message: Any, strategy: str = "momentum") -> tuple[Output, ...]:
        self.book, outputs = decide(self.book, self.rules, Entry("stream", "1-0", message, strategy), self.now_ns, seal)
        return outputs

    def trade(self, profit_lamports: int, *, cause: ExitCause | None = None, mint: str = MINT, strategy: str = "momentum") -> None:
        """Buy for one SOL and close with that result, by an exit of that cause or by the strategy's own sale."""
        self.number += 1
        buy = moved(f"buy-{self.number}", lamports=-SOL, units=UNITS, mint=mint, strategy=strategy)
        self.say(buy, strategy)
        key = f"sell-{self.number}"
        if cause is not None:
            self.say(an_exit(id=key, size_units=UNITS, mint=mint, strategy=strategy, cause=cause), strategy)
        self.say(moved(key, lamports=SOL + profit_lamports, units=-UNITS, mint=mint, strategy=strategy), strategy)

    def refused(self, mint: str = MINT, strategy: str = "momentum") -> ReasonCode | None:
        found = self.answer(mint, strategy)
        return found.reason if isinstance(found, Rejection) else None

    def answer(self, mint: str = MINT, strategy: str = "momentum") -> Any:
        """Return what a buy gets now; the book stays as it was."""
        before = self.book
        outputs = self.say(wish(sol=0.1, mint=mint, strategy=strategy, event_id=f"ask-{self.now_ns}", time_ns=self.now_ns), strategy)
        self.book = before
        return outputs[0].message

    def wait(self, seconds: float) -> None:
        self.now_ns += round(seconds * NS_PER_S)


def desk(*strategies: str, **changes: int) -> Desk:
    if not strategies:
        return Desk(rules_of(breakers=loose(**changes)))
    config = a_config(*(a_strategy(name) for name in strategies), limits=roomy(breakers=loose(**changes)), capital_lamports=100 * SOL)
    return Desk(Rules().with_config(config).with_allocation(a_decision(*strategies)))


def test_one_loss_too_many_in_a_row_pauses_the_strategy_for_its_time() -> None:
    one = desk(losses_in_a_row_max=2, losses_pause_s=60)
    for _ in range(2):
        one.trade(-1)
    assert one.refused() is None

    one.trade(-1)

    found = one.answer()
    assert found.reason is ReasonCode.LOSS_STREAK
    assert found.detail.startswith("3 trades in a row closed at a loss, limit 2; ends ")
    one.wait(59.9)
    assert one.refused() is ReasonCode.LOSS_STREAK
    one.wait(0.1)
    assert one.refused() is None


def test_a_gain_ends_a_streak() -> None:
    one = desk(losses_in_a_row_max=2)

    for profit in (-1, -1, 1, -1, -1):
        one.trade(profit)

    assert one.refused() is None


def test_after_its_pause_a_streak_is_counted_anew() -> None:
    one = desk(losses_in_a_row_max=1, losses_pause_s=60)
    for _ in range(2):
        one.trade(-1)
    one.wait(60)

    one.trade(-1)

    assert one.refused() is None


def test_stops_within_the_window_pause_the_strategy_from_the_last_of_them() -> None:
    one = desk(strategy_stops_max=1, stops_window_s=100, stops_pause_s=50)
    one.trade(-1, cause=ExitCause.STOP_LOSS)
    one.wait(99)
    one.trade(-1, cause=ExitCause.STOP_LOSS)

    assert one.refused() is ReasonCode.STOP_LOSSES
    one.wait(50)
    assert one.refused() is None


def test_a_stop_that_left_the_window_is_not_counted() -> None:
    one = desk(strategy_stops_max=1, stops_window_s=100)
    one.trade(-1, cause=ExitCause.STOP_LOSS)
    one.wait(100)

    one.trade(-1, cause=ExitCause.STOP_LOSS)

    assert one.refused() is None


@pytest.mark.parametrize(
    ("cause", "profit", "counts"),
    [
        (ExitCause.STOP_LOSS, -1, True),
        (ExitCause.TRAILING_STOP, -1, True),
        (ExitCause.TOKEN, -1, True),
        (ExitCause.TRAILING_STOP, 1, False),
        (ExitCause.TAKE_PROFIT, -1, False),
        (ExitCause.TIME_STOP, -1, False),
        (ExitCause.PERSON, -1, False),
        (None, -1, False),
    ],
)
def test_only_a_stop_that_lost_is_counted(cause: ExitCause | None, profit: int, counts: bool) -> None:
    one = desk(strategy_stops_max=0)

    one.trade(profit, cause=cause)

    assert one.refused() is (ReasonCode.STOP_LOSSES if counts else None)


def test_stops_of_all_strategies_together_stop_everyone() -> None:
    both = desk("momentum", "sniper", portfolio_stops_max=1, stops_pause_s=50)
    both.trade(-1, cause=ExitCause.STOP_LOSS)
    both.trade(-1, cause=ExitCause.STOP_LOSS, strategy="sniper")

    assert both.refused() is both.refused(strategy="sniper") is ReasonCode.PORTFOLIO_STOP_LOSSES
    both.wait(50)
    assert both.refused() is None


def test_a_third_stop_during_the_pause_makes_it_longer_and_never_shorter() -> None:
    one = desk(strategy_stops_max=1, stops_pause_s=50)
    for _ in range(2):
        one.trade(-1, cause=ExitCause.STOP_LOSS)
    one.wait(40)
    one.trade(-1, cause=ExitCause.STOP_LOSS)
    one.wait(49)

    assert one.answer().detail.startswith("stops closed 2 of its trades at a loss, limit 1; ends ")


def test_closed_trades_that_fell_too_far_from_their_highest_pause_the_strategy() -> None:
    one = desk(closed_drawdown_bps_max=100, closed_trades_min=3, closed_pause_s=50)
    for profit in (SOL // 10, -SOL // 10):
        one.trade(profit)
    assert one.refused() is None

    one.trade(-SOL // 10 - 2_000)  # 0.2 SOL and a little below the highest, of 20 SOL

    assert one.answer().detail.startswith("its closed trades fell 101 bps from their highest, limit 100; ends ")
    one.wait(50)
    assert one.refused() is None


def test_a_gain_trips_nothing_though_the_fall_before_it_is_still_deep() -> None:
    one = desk(closed_drawdown_bps_max=100, closed_trades_min=2, closed_pause_s=50)
    for _ in range(2):
        one.trade(-SOL // 2)
    one.wait(50)

    one.trade(1)

    assert one.refused() is None


def test_a_token_cools_down_after_a_trade_and_another_is_free() -> None:
    one = desk(token_cooldown_s=30)
    one.trade(SOL)

    assert one.refused() is ReasonCode.TOKEN_COOLDOWN
    assert one.refused(OTHER_MINT) is None
    one.wait(30)
    assert one.refused() is None


def test_a_token_that_lost_too_much_is_left_alone_for_its_time() -> None:
    one = desk(token_loss_bps_max=1_000, token_trades_min=2, token_pause_s=50)
    one.trade(-SOL // 5)
    assert one.refused() is None

    one.trade(-1_000)

    assert one.answer().detail.startswith("its trades in this token lost 1001 bps of what they cost, limit 1000; ends ")
    assert one.refused(OTHER_MINT) is None
    one.wait(50)
    assert one.refused() is None


def test_losses_in_a_token_that_are_older_than_its_window_are_forgotten() -> None:
    one = desk(token_loss_bps_max=1_000, token_trades_min=2, token_window_s=40)
    one.trade(-SOL // 5)
    one.wait(40)

    one.trade(-SOL // 5)

    assert one.refused() is None


def test_a_failed_attempt_counts_to_the_trade_it_belongs_to() -> None:
    one = desk(losses_in_a_row_max=0)
    one.say(moved("buy", lamports=-SOL, units=UNITS))
    one.say(moved("sell", lamports=-5_000, units=0, status=FillStatus.FAILED))

    one.say(moved("sell", lamports=SOL + 4_999, units=-UNITS, attempt=2))

    assert one.refused() is ReasonCode.LOSS_STREAK


def test_a_sale_of_a_part_closes_no_trade() -> None:
    one = desk(losses_in_a_row_max=0)
    one.say(moved("buy", lamports=-SOL, units=UNITS))

    one.say(moved("sell", lamports=1, units=-UNITS // 2))

    assert one.refused() is None
    one.say(moved("rest", lamports=SOL, units=-UNITS // 2))
    assert one.book.paper.account("momentum").breakers.closed[-1].net_lamports == 1


def test_a_fill_that_is_said_twice_closes_one_trade() -> None:
    one = desk(losses_in_a_row_max=1)
    one.say(moved("buy", lamports=-SOL, units=UNITS))

    for _ in range(2):
        one.say(moved("sell", lamports=1, units=-UNITS))

    assert len(one.book.paper.account("momentum").breakers.closed) == 1


def looping(one: Desk, orders: int) -> list[Output]:
    return [output for number in range(orders) for output in one.say(wish(sol=0.001, event_id=f"loop-{number}", time_ns=one.now_ns))]


def test_a_strategy_that_breaks_its_rate_again_and_again_is_halted_until_a_person_resumes() -> None:
    one = Desk(rules_of(breakers=loose(rate_breaches_max=2), orders_per_minute_max=1))

    outputs = looping(one, 6)

    (command,) = [output.message for output in outputs if isinstance(output.message, HaltCommand)]
    assert (command.scope, command.state) == ("momentum", HaltState.HALTED)
    assert command.reason.startswith("breaker order_loop: 3 orders were refused for their rate, limit 2; ends when a person resumes")
    one.wait(61)
    assert one.refused(OTHER_MINT) is ReasonCode.ORDER_LOOP
    resume = a_halt(HaltState.ACTIVE, scope="momentum")
    one.rules = one.rules.with_halt(Entry("kill_switch_channel", "1-0", resume))
    one.book = take_halt(one.book, one.rules, resume)
    assert one.refused(OTHER_MINT) is None


def test_a_breakers_halt_is_not_counted_as_one_for_drawdown() -> None:
    one = Desk(rules_of(breakers=loose(rate_breaches_max=0), orders_per_minute_max=0))
    entry = Entry("stream", "1-0", wish(sol=0.001, time_ns=one.now_ns), "momentum")
    outputs = one.say(entry.message)
    name, labels = "memesnipe_risk_drawdown_trips_total", {"scope": "momentum"}
    before = REGISTRY.get_sample_value(name, labels)

    metrics.count_all(Batch("risk_guardian", (entry,)), (outputs,))

    assert [output.message.state for output in outputs if isinstance(output.message, HaltCommand)] == [HaltState.HALTED]
    assert REGISTRY.get_sample_value(name, labels) == before


def test_breaches_that_are_far_apart_halt_nobody() -> None:
    one = Desk(rules_of(breakers=loose(rate_breaches_max=1, rate_window_s=60), orders_per_minute_max=0))
    for number in range(5):
        outputs = one.say(wish(event_id=f"slow-{number}", time_ns=one.now_ns))
        assert not [output for output in outputs if isinstance(output.message, HaltCommand)]
        one.wait(61)


def test_exits_pass_while_every_breaker_stands() -> None:
    one = desk(losses_in_a_row_max=0, strategy_stops_max=0, portfolio_stops_max=0, closed_drawdown_bps_max=0, token_cooldown_s=99)
    one.say(moved("held", lamports=-SOL, units=UNITS, mint=OTHER_MINT))
    one.trade(-SOL, cause=ExitCause.STOP_LOSS)

    (output,) = one.say(an_exit(size_units=UNITS, mint=OTHER_MINT, id="last"))

    assert isinstance(output.message, ApprovedOrder)
    assert one.refused() is ReasonCode.PORTFOLIO_STOP_LOSSES


def test_what_is_remembered_is_bounded_and_survives_a_restart() -> None:
    one = desk(losses_in_a_row_max=0)
    for _ in range(CLOSED_MAX + 5):
        one.trade(-1)

    again = books.decode(books.encode(one.book))

    state = again.paper.account("momentum").breakers
    assert again == one.book
    assert (len(state.closed), state.open) == (CLOSED_MAX, {})
    assert one.refused() is ReasonCode.LOSS_STREAK
