"""The rails of the risk guardian, held over any course of events that a generator can think of."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from memesnipe.bus.api import Entry, Output
from memesnipe.kernel.errors import Bug
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import AMOUNT_MAX, HaltState, Mode
from memesnipe.messages.control import HaltCommand
from memesnipe.messages.market import MarketFrame
from memesnipe.messages.orders import ApprovedOrder, ExitIntent, FillStatus, Intent, Rejection
from memesnipe.risk import book as books
from memesnipe.risk.book import Book
from memesnipe.risk.decide import decide, take_halt
from memesnipe.risk.rules import Rules
from memesnipe.testing.builders import MINT, OTHER_MINT, SOL, a_config, a_frame, a_halt, a_rejection, a_strategy, a_tick, an_exit
from memesnipe.testing.risk_cases import NOW_NS, a_decision, moved, roomy, wish

STRATEGIES = ("momentum", "sniper", "third")
MINTS = (MINT, OTHER_MINT, "So11111111111111111111111111111111111111112")
LIMITS = roomy(
    trade_size_lamports_max=3 * SOL,
    strategy_exposure_lamports_max=6 * SOL,
    token_exposure_lamports_max=5 * SOL,
    portfolio_exposure_lamports_max=9 * SOL,
    open_positions_max=4,
    orders_per_minute_max=20,
)
CAPITAL_EACH_SOL = 5


def seal(intent: Intent, mode: Mode, rules: Rules, now_ns: int) -> bytes:
    """Stand in for the risk key."""
    return b"sealed"


class Trading(RuleBasedStateMachine):
    """Three strategies ask, outcomes come in any order and sometimes twice, prices jump, people halt and resume."""

    def __init__(self) -> None:
        super().__init__()
        config = a_config(*(a_strategy(name) for name in STRATEGIES), limits=LIMITS, capital_lamports=100 * SOL)
        self.in_force = Rules().with_config(config).with_allocation(a_decision(*STRATEGIES, sol_each=CAPITAL_EACH_SOL))
        self.book, self.now_ns, self.number = Book(), NOW_NS, 0
        self.flying: dict[str, tuple[str, Intent]] = {}
        self.heard: list[tuple[str, Any]] = []
        self.ended: dict[str, int] = {}

    def hear(self, strategy: str, message: Any) -> tuple[Output, ...]:
        self.book, outputs = decide(self.book, self.in_force, Entry("stream", "1-0", message, strategy), self.now_ns, seal)
        self.heard.append((strategy, message))
        for output in outputs:
            if isinstance(output.message, ApprovedOrder):
                self.flying[output.message.intent.id] = (strategy, output.message.intent)
            elif isinstance(output.message, HaltCommand):
                self.pull(output.message)
        return outputs

    def pull(self, command: HaltCommand) -> None:
        self.in_force = self.in_force.with_halt(Entry("kill_switch_channel", f"{self.in_force.halt_epoch + 1}-0", command))
        self.book = take_halt(self.book, self.in_force, command)

    def next_id(self) -> str:
        self.number += 1
        return f"event-{self.number}"

    @rule(strategy=st.sampled_from(STRATEGIES), mint=st.sampled_from(MINTS), lamports=st.integers(0, 4 * SOL))
    def ask_to_buy(self, strategy: str, mint: str, lamports: int) -> None:
        self.hear(strategy, wish(strategy=strategy, mint=mint, size_lamports=lamports, event_id=self.next_id(), time_ns=self.now_ns))

    @rule(strategy=st.sampled_from(STRATEGIES), mint=st.sampled_from(MINTS), units=st.integers(1, 10**9))
    def ask_to_sell(self, strategy: str, mint: str, units: int) -> None:
        self.hear(strategy, wish(units=units, strategy=strategy, mint=mint, event_id=self.next_id(), time_ns=self.now_ns))

    @rule(strategy=st.sampled_from(STRATEGIES), mint=st.sampled_from(MINTS))
    def ask_to_exit_everything_free(self, strategy: str, mint: str) -> None:
        free = self.book.paper.account(strategy).sellable_units(mint)
        if free <= 0:
            return
        outputs = self.hear(
            strategy, an_exit(size_units=free, strategy=strategy, mint=mint, id=f"exit-{self.next_id()}", time_ns=self.now_ns)
        )

        refused = [output.message.reason for output in outputs if isinstance(output.message, Rejection)]
        frozen = self.in_force.halt(strategy) is HaltState.FROZEN
        assert set(refused) == ({ReasonCode.FROZEN} if frozen else set())

    @rule(data=st.data(), share=st.floats(0.2, 1.0))
    def fill(self, data: st.DataObject, share: float) -> None:
        if not self.flying:
            return
        intent_id = data.draw(st.sampled_from(sorted(self.flying)))
        strategy, intent = self.flying.pop(intent_id)
        sells = isinstance(intent, ExitIntent) or intent.size_units > 0
        lamports = round(SOL * share) if sells else -self.reserved(strategy, intent_id)
        units = -intent.size_units if sells else round(10**9 * share)
        self.hear(strategy, moved(intent_id, lamports=lamports, units=units, strategy=strategy, mint=intent.mint))

    @rule(data=st.data())
    def reject(self, data: st.DataObject) -> None:
        if not self.flying:
            return
        intent_id = data.draw(st.sampled_from(sorted(self.flying)))
        strategy, intent = self.flying.pop(intent_id)
        self.hear(strategy, a_rejection(intent, ReasonCode.EXPIRED))

    @rule(data=st.data())
    def fail_once(self, data: st.DataObject) -> None:
        if not self.flying:
            return
        intent_id = data.draw(st.sampled_from(sorted(self.flying)))
        strategy, intent = self.flying[intent_id]
        fee = moved(intent_id, lamports=-5_000, units=0, strategy=strategy, mint=intent.mint, status=FillStatus.FAILED)
        self.hear(strategy, fee)

    @rule(data=st.data())
    def hear_something_again(self, data: st.DataObject) -> None:
        if not self.heard:
            return
        strategy, message = data.draw(st.sampled_from(self.heard[-20:]))
        if not isinstance(message, MarketFrame):
            self.same_book_after(strategy, message)

    def same_book_after(self, strategy: str, message: Any) -> None:
        after, outputs = decide(self.book, self.in_force, Entry("stream", "1-0", message, strategy), self.now_ns, seal)
        assert (after.paper.accounts, outputs) == (self.book.paper.accounts, ())

    @rule(mint=st.sampled_from(MINTS), quote=st.integers(1, AMOUNT_MAX), base=st.integers(1, AMOUNT_MAX))
    def price_jumps(self, mint: str, quote: int, base: int) -> None:
        self.hear("", a_frame(a_tick(mint=mint, quote_lamports=quote, base_units=base, time_ns=self.now_ns)))

    @rule(state=st.sampled_from(HaltState), scope=st.sampled_from(("*", *STRATEGIES)))
    def person_pulls_the_switch(self, state: HaltState, scope: str) -> None:
        self.pull(a_halt(state, scope=scope))

    @rule(seconds=st.integers(1, 90))
    def time_passes(self, seconds: int) -> None:
        self.now_ns += seconds * 10**9

    @rule()
    def killed_and_started_again(self) -> None:
        self.book = books.decode(books.encode(self.book))

    def reserved(self, strategy: str, intent_id: str) -> int:
        return self.book.paper.account(strategy).reservations[intent_id].lamports

    @invariant()
    def exposure_and_reservations_are_within_every_limit(self) -> None:
        portfolio = self.book.paper
        assert portfolio.committed_lamports <= LIMITS.portfolio_exposure_lamports_max
        assert portfolio.open_positions() <= LIMITS.open_positions_max
        for mint in MINTS:
            assert portfolio.committed_to(mint) <= LIMITS.token_exposure_lamports_max
        for strategy in STRATEGIES:
            assert portfolio.account(strategy).committed_lamports <= CAPITAL_EACH_SOL * SOL

    @invariant()
    def what_is_being_sold_is_held(self) -> None:
        for strategy in STRATEGIES:
            for mint in MINTS:
                assert self.book.paper.account(strategy).sellable_units(mint) >= 0

    @invariant()
    def every_order_in_flight_has_its_room_and_nothing_else_has(self) -> None:
        reserved = {key for account in self.book.paper.accounts.values() for key in account.reservations}
        assert reserved == set(self.flying)

    @invariant()
    def totals_are_the_sum_of_their_parts(self) -> None:
        for account in self.book.paper.accounts.values():
            assert account.cost_lamports == sum(p.cost_lamports for p in account.positions.values())
            assert account.value_lamports == sum(p.value_lamports for p in account.positions.values())
            assert account.reserved_lamports == sum(r.lamports for r in account.reservations.values())


TestTrading = Trading.TestCase
TestTrading.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)


@given(raw=st.binary(max_size=200))
def test_bytes_that_are_no_book_never_become_one_silently(raw: bytes) -> None:
    try:
        assert raw == b"" or isinstance(books.decode(raw), Book)
    except Bug:
        return


@given(number=st.sampled_from([float("nan"), float("inf"), -float("inf")]))
def test_a_number_that_is_none_cannot_reach_a_check(number: float) -> None:
    raw = list(msgspec.msgpack.decode(msgspec.msgpack.encode(wish())))
    raw[wish().__struct_fields__.index("size_lamports") + 1] = number

    try:
        msgspec.msgpack.decode(msgspec.msgpack.encode(raw), type=type(wish()))
    except msgspec.ValidationError:
        return
    raise AssertionError(f"{number} was taken for lamports")
