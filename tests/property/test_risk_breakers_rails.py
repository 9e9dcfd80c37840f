"""Breakers over any course of trades, prices, days and resumes: what a plain model of all that happened says must stand, nothing else may.

The model keeps every profit and every closed trade and works each fall and count out anew; the guardian keeps a few marks.
"""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from memesnipe.bus.api import Entry, Output
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import HaltCommand
from memesnipe.messages.orders import ApprovedOrder, ExitCause, Intent, Rejection
from memesnipe.risk import book as books
from memesnipe.risk.book import Book
from memesnipe.risk.breakers.refusal import WORDS
from memesnipe.risk.decide import decide, take_halt
from memesnipe.risk.rules import Rules
from memesnipe.testing.builders import MINT, OTHER_MINT, SOL, a_config, a_frame, a_halt, a_strategy, a_tick, an_exit
from memesnipe.testing.risk_cases import NOW_NS, a_decision, loose, moved, roomy, wish

STRATEGIES = {"momentum": MINT, "sniper": OTHER_MINT}
"""Each with the one token that it trades."""
UNITS = 1_000_000
DAY_NS, CAPITAL, CAPITAL_EACH = 86_400 * NS_PER_S, 40 * SOL, 20 * SOL
TRADES = {"losses_in_a_row_max": 2, "strategy_stops_max": 1, "portfolio_stops_max": 2}
FALLS = {
    ("all", "day"): "portfolio_day_drawdown_bps_max", ("all", "week"): "portfolio_week_drawdown_bps_max",
    ("own", "top"): "strategy_drawdown_bps_max", ("own", "day"): "strategy_day_drawdown_bps_max",
    ("own", "week"): "strategy_week_drawdown_bps_max",
}  # fmt: skip
OFF = 1_000_000
EVER = 2**62


def seal(intent: Intent, mode: Mode, rules: Rules, now_ns: int) -> bytes:
    """Stand in for the risk key."""
    return b"sealed"


def week_of(time_ns: int) -> int:
    return (time_ns // DAY_NS + 3) // 7


class Scope:
    """All that ever happened to one strategy, or to all, since a person's resume."""

    def __init__(self, capital: int, limits: dict[str, int]) -> None:
        self.capital, self.limits = capital, limits
        self.points: list[tuple[int, int]] = [(0, 0)]
        self.until: dict[str, int] = {}

    def profit(self, now_ns: int, lamports: int) -> None:
        """Take a profit, and note what it trips."""
        self.points.append((now_ns, lamports))
        day_end = (now_ns // DAY_NS + 1) * DAY_NS
        week_end = ((week_of(now_ns) + 1) * 7 - 3) * DAY_NS
        for name, same, ends in (
            ("top", lambda _: True, EVER),
            ("day", lambda at: at // DAY_NS == now_ns // DAY_NS, day_end),
            ("week", lambda at: week_of(at) == week_of(now_ns), week_end),
        ):
            inside = [value for at, value in self.points if same(at)]
            before = [value for at, value in self.points if not same(at)][-1:]
            high = max(inside + before)
            if name in self.limits and (high - lamports) * 10_000 > self.limits[name] * (self.capital + high):
                self.trip(name, now_ns, ends)

    def trip(self, name: str, now_ns: int, until_ns: int) -> None:
        self.until[name] = max(until_ns, self.until.get(name, 0)) if self.until.get(name, 0) > now_ns else until_ns

    def resume(self, now_ns: int) -> None:
        if self.until:
            self.points = [(now_ns, self.points[-1][1])]
        self.until = {}

    def stands(self, now_ns: int) -> bool:
        return any(now_ns < until for until in self.until.values())


class Days(RuleBasedStateMachine):
    """Two strategies trade a token each for days; a person resumes now and then; the guardian is killed now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.rules_now, self.book, self.now_ns, self.number = Rules(), Book(), NOW_NS, 0
        self.all, self.own, self.trades = Scope(0, {}), dict[str, Scope](), dict.fromkeys(TRADES, OFF)
        self.losses = dict.fromkeys(STRATEGIES, 0)
        self.stops: list[tuple[int, str]] = []

    @initialize(tight=st.sets(st.sampled_from([*FALLS, "trades"]), min_size=1, max_size=2), bps=st.sampled_from([50, 200, 600]))
    def limits_apply(self, tight: set[Any], bps: int) -> None:
        """One or two breakers at a time: with all of them the tightest would be all that is ever seen."""
        falls = {scope: {name: bps for where, name in FALLS if where == scope and (where, name) in tight} for scope in ("all", "own")}
        self.trades = TRADES if "trades" in tight else self.trades
        limits = loose(
            **self.trades, **{FALLS[one]: bps for one in FALLS if one in tight}, losses_pause_s=600, stops_window_s=1_800, stops_pause_s=900
        )
        applied = roomy(breakers=limits, drawdown_bps_max=10_000)
        config = a_config(*(a_strategy(name) for name in STRATEGIES), limits=applied, capital_lamports=CAPITAL)
        self.rules_now = Rules().with_config(config).with_allocation(a_decision(*STRATEGIES, sol_each=CAPITAL_EACH // SOL))
        self.all, self.own = Scope(CAPITAL, falls["all"]), {name: Scope(CAPITAL_EACH, falls["own"]) for name in STRATEGIES}

    def hear(self, strategy: str, message: Any) -> tuple[Output, ...]:
        before = self.book
        self.book, outputs = decide(self.book, self.rules_now, Entry("stream", "1-0", message, strategy), self.now_ns, seal)
        if self.book.paper.accounts != before.paper.accounts and not isinstance(message, Intent):
            for name in STRATEGIES:
                if self.book.paper.account(name).pnl_lamports != before.paper.account(name).pnl_lamports:
                    self.own[name].profit(self.now_ns, self.book.paper.account(name).pnl_lamports)
            if self.book.paper.pnl_lamports != before.paper.pnl_lamports:
                self.all.profit(self.now_ns, self.book.paper.pnl_lamports)
        for output in outputs:
            if isinstance(output.message, HaltCommand):
                self.pull(output.message)
        return outputs

    def pull(self, command: HaltCommand) -> None:
        self.rules_now = self.rules_now.with_halt(Entry("kill_switch_channel", f"{self.rules_now.halt_epoch + 1}-0", command))
        self.book = take_halt(self.book, self.rules_now, command)

    def next_id(self, what: str) -> str:
        self.number += 1
        return f"{what}-{self.number}"

    def holds(self, strategy: str) -> bool:
        return STRATEGIES[strategy] in self.book.paper.account(strategy).positions

    @rule(strategy=st.sampled_from(sorted(STRATEGIES)))
    def ask_to_buy(self, strategy: str) -> None:
        intent = wish(sol=0.5, strategy=strategy, mint=STRATEGIES[strategy], event_id=self.next_id("event"), time_ns=self.now_ns)
        halted = self.rules_now.halt(strategy) is not HaltState.ACTIVE
        stands = self.all.stands(self.now_ns) or self.own[strategy].stands(self.now_ns)
        (first, *_) = [output.message for output in self.hear(strategy, intent)]

        if isinstance(first, ApprovedOrder):
            assert not stands
            assert not halted
            self.hear(strategy, moved(intent.id, lamports=-SOL // 2, units=UNITS, strategy=strategy, mint=STRATEGIES[strategy]))
        elif first.reason in WORDS:
            assert stands

    @precondition(lambda self: any(map(self.holds, STRATEGIES)))
    @rule(data=st.data(), percent=st.integers(0, 300), cause=st.sampled_from([None, ExitCause.STOP_LOSS, ExitCause.TIME_STOP]))
    def close(self, data: st.DataObject, percent: int, cause: ExitCause | None) -> None:
        """By an exit, which passes whatever stands; or by a sale that the ledger alone knows of."""
        strategy = data.draw(st.sampled_from([name for name in sorted(STRATEGIES) if self.holds(name)]))
        position, key = self.book.paper.account(strategy).positions[STRATEGIES[strategy]], self.next_id("exit")
        if cause is not None:
            exits = an_exit(
                id=key, size_units=position.units, strategy=strategy, mint=STRATEGIES[strategy], cause=cause, time_ns=self.now_ns
            )
            (output,) = self.hear(strategy, exits)
            assert isinstance(output.message, ApprovedOrder)
        brought = position.cost_lamports * percent // 100
        self.hear(strategy, moved(key, lamports=brought, units=-position.units, strategy=strategy, mint=STRATEGIES[strategy]))
        self.closed(strategy, brought < position.cost_lamports, cause is ExitCause.STOP_LOSS)

    def closed(self, strategy: str, lost: bool, stopped: bool) -> None:
        self.losses[strategy] = self.losses[strategy] + 1 if lost else 0
        if self.losses[strategy] > self.trades["losses_in_a_row_max"]:
            self.own[strategy].trip("losses", self.now_ns, self.now_ns + 600 * NS_PER_S)
            self.losses[strategy] = 0
        if not (lost and stopped):
            return
        self.stops.append((self.now_ns, strategy))
        within = [name for at, name in self.stops if at > self.now_ns - 1_800 * NS_PER_S]
        if within.count(strategy) > self.trades["strategy_stops_max"]:
            self.own[strategy].trip("stops", self.now_ns, self.now_ns + 900 * NS_PER_S)
        if len(within) > self.trades["portfolio_stops_max"]:
            self.all.trip("stops", self.now_ns, self.now_ns + 900 * NS_PER_S)

    @rule(mint=st.sampled_from(sorted(STRATEGIES.values())), milli_sol=st.integers(0, 2_000))
    def price_moves(self, mint: str, milli_sol: int) -> None:
        self.hear("", a_frame(a_tick(mint=mint, quote_lamports=max(1, milli_sol * SOL // 1_000), base_units=UNITS, time_ns=self.now_ns)))

    @rule(seconds=st.sampled_from([300, 900, 3_600, 30_000, 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.now_ns += seconds * NS_PER_S

    @rule(scope=st.sampled_from(["*", *STRATEGIES]))
    def person_resumes(self, scope: str) -> None:
        self.pull(a_halt(HaltState.ACTIVE, scope=scope, time_ns=self.now_ns))
        names = sorted(STRATEGIES) if scope == "*" else [scope]
        for name in names:
            self.own[name].resume(self.now_ns)
            self.losses[name] = 0
            self.stops = [(at, owner) for at, owner in self.stops if owner != name]
        if scope == "*":
            self.all.resume(self.now_ns)

    @rule()
    def killed_and_started_again(self) -> None:
        self.book = books.decode(books.encode(self.book))

    @invariant()
    def what_is_held_may_be_sold_at_any_time(self) -> None:
        for strategy, mint in STRATEGIES.items():
            if self.holds(strategy):
                units = self.book.paper.account(strategy).sellable_units(mint)
                exits = an_exit(id=f"try-{self.number}", size_units=units, strategy=strategy, mint=mint, time_ns=self.now_ns)
                _, (output,) = decide(self.book, self.rules_now, Entry("stream", "1-0", exits, strategy), self.now_ns, seal)
                assert not isinstance(output.message, Rejection)


TestDays = Days.TestCase
TestDays.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
