"""Positions under fills in any order, twice, late and failed, prices, refusals, freezes, a dead ledger's crash and restarts.

The real decision, book and ledger (SQLite). What the wallet really holds is the machine's own count: an exit lands only if the units are
there. Entries may be delivered in any order; a crash after the ledger's write gives the entry again, as the bus does.
"""

import shutil
import tempfile
from functools import cache, reduce
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.ledger import read
from memesnipe.ledger.accounting import fill_order
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.ledger.migrate import migrate
from memesnipe.ledger.write import Booked, LedgerWriter, Verdict
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import CloseRequest, ExitLimits, ExitRung
from memesnipe.messages.orders import ExitCause, ExitIntent, Fill, FillStatus, Rejection
from memesnipe.positions import decide
from memesnipe.positions.book import Book, Key, restore, save
from memesnipe.positions.causes import CAUSES, Rules
from memesnipe.positions.exits import OUTCOME_S_MAX, is_dust
from memesnipe.positions.ladder import units_over
from memesnipe.positions.report import unprotected
from memesnipe.positions.stops import stop_ratio
from memesnipe.testing.builders import MINT, OTHER_MINT, SOL, START_NS, STRATEGY, a_fill, a_rejection, a_sale, a_tick, an_intent, limits
from memesnipe.testing.exploring import explored

MINTS = (MINT, OTHER_MINT)
ENTRY = 30 * SOL
"""Quote side of the price that the builders' fills are bought at."""
LADDER = (ExitRung(2_000, 2_500), ExitRung(4_000, 5_000))
EXITS = ExitLimits(LADDER, 1_000, 2_000, 20_000, 2, 1_000, drain_bps=5_000, stale_exit_s=300, dust_lamports=SOL // 20)
LIMITS = {
    "with stops": limits(),
    "without": limits(stop_loss_bps=0, take_profit_bps=0, time_stop_s=0),
    "with every exit": limits(exits=EXITS),
    "trailing alone": limits(stop_loss_bps=0, take_profit_bps=0, time_stop_s=0, exits=ExitLimits(trailing_bps=1_000)),
}
MINT_OF = st.sampled_from(MINTS)
WHICH = st.integers(0, 30)
OUTCOMES = ("fills", "fills", "fills in part", "fails on chain", ReasonCode.TX_MIN_OUT, ReasonCode.FROZEN)


@cache
def an_empty_ledger() -> Path:
    """Migrated once; each run takes a copy."""
    folder = Path(tempfile.mkdtemp())
    migrate(ledger_url(str(folder)))
    return folder


def units_of(fills: list[Fill]) -> int:
    """A sale that is known before its buy takes nothing: there are no units below none."""
    return reduce(lambda units, fill: max(units + fill.token_delta_units, 0), sorted(fills, key=fill_order), 0)


class PositionsMachine(RuleBasedStateMachine):
    """`waiting` are outcomes on their way, `told` those that were handled; `saved` is what the bus holds of the book."""

    @initialize(terms=st.sampled_from(sorted(LIMITS)))
    def start(self, terms: str) -> None:
        self.folder = Path(tempfile.mkdtemp()) / "ledger"
        shutil.copytree(an_empty_ledger(), self.folder)
        self.engine = open_engine(ledger_url(str(self.folder)))
        self.ledger, self.terms = LedgerWriter(self.engine), LIMITS[terms]
        self.book, self.saved, self.halt = Book(), b"", HaltState.ACTIVE
        self.slot, self.now_ns = 1_000, START_NS
        self.waiting, self.told = list[Fill | Rejection](), list[Fill | Rejection]()
        self.in_flight, self.held = dict[Key, ExitIntent](), dict.fromkeys(MINTS, 0)

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.dispose()
            shutil.rmtree(self.folder.parent)

    @property
    def in_force(self) -> Rules:
        return Rules(self.terms, lambda _: self.halt, self.now_ns)

    # What the world does.
    @rule(mint=MINT_OF, percent=st.sampled_from((1, 79, 80, 81, 100, 149, 150, 400)))
    def a_price(self, mint: str, percent: int) -> None:
        tick = a_tick(mint=mint, quote_lamports=ENTRY * percent // 100, time_ns=self.now_ns, slot=self.slot)
        self.decided(*decide.on_price(self.book, tick, self.in_force))

    @rule(mint=MINT_OF, share=st.sampled_from((0.3, 0.6, 1.0)), venue=st.sampled_from(("pumpfun", "jupiter", "candles")))
    def liquidity_moves(self, mint: str, share: float, venue: str) -> None:
        reserves = {"quote_lamports": int(ENTRY * share), "base_units": int(1_000_000 * 10**6 * share), "venue": venue}
        tick = a_tick(mint=mint, time_ns=self.now_ns, slot=self.slot, **reserves)
        self.decided(*decide.on_price(self.book, tick, self.in_force))

    @rule(mint=MINT_OF)
    def a_token_turns_bad(self, mint: str) -> None:
        self.decided(*decide.on_token_worse(self.book, mint, "its supply grew", self.in_force))

    @rule(seconds=st.sampled_from((1, 31, OUTCOME_S_MAX - 1, OUTCOME_S_MAX, 601)))
    def time_passes(self, seconds: int) -> None:
        self.now_ns += seconds * NS_PER_S
        self.decided(*decide.on_time(self.book, self.in_force))

    @rule(state=st.sampled_from(HaltState))
    def a_halt(self, state: HaltState) -> None:
        self.halt = state

    @rule(mint=MINT_OF)
    def a_person_wants_out(self, mint: str) -> None:
        request = CloseRequest(f"close-{self.slot}", STRATEGY, mint, "me", self.now_ns)
        self.decided(*decide.on_close_request(self.book, request, self.in_force))

    @rule(mint=MINT_OF, sol=st.sampled_from((0.01, 0.1, 0.3)))
    def the_strategy_buys(self, mint: str, sol: float) -> None:
        self.happened(a_fill(an_intent(size_sol=sol, mint=mint), slot=self.slot))

    @rule(mint=MINT_OF, percent=st.sampled_from((1, 50, 100)))
    def the_strategy_sells(self, mint: str, percent: int) -> None:
        if units := self.held[mint] * percent // 100:
            self.happened(a_fill(a_sale(size_units=units, mint=mint), slot=self.slot))

    @precondition(lambda self: self.in_flight)
    @rule(which=WHICH, outcome=st.sampled_from(OUTCOMES))
    def an_exit_ends(self, which: int, outcome: str) -> None:
        exits = [*self.in_flight.values()]
        intent = exits[which % len(exits)]
        if any(said.intent_id == intent.id for said in self.waiting):
            return  # its outcome is on its way
        if outcome == "fills" and self.held[intent.mint] >= intent.size_units:
            self.happened(a_fill(intent, slot=self.slot))
            return
        if outcome == "fills in part" and self.held[intent.mint] >= intent.size_units:
            self.happened(a_fill(intent, slot=self.slot, token_delta_units=-(intent.size_units // 3 + 1)))
            return
        if outcome == "fails on chain":
            lost = {"status": FillStatus.FAILED, "sol_delta_lamports": -5_000, "token_delta_units": 0}
            self.happened(a_fill(intent, slot=self.slot, signature=f"failed:{intent.id}", **lost))
        reason = outcome if isinstance(outcome, ReasonCode) else ReasonCode.CHAIN_FAILED
        self.waiting.append(a_rejection(intent, reason))

    def happened(self, fill: Fill) -> None:
        self.slot += 1
        self.held[fill.mint] += fill.token_delta_units
        self.waiting.append(fill)

    # What position_manager is given.
    @precondition(lambda self: self.waiting)
    @rule(which=WHICH)
    def an_outcome_arrives(self, which: int) -> None:
        self.handle(self.waiting.pop(which % len(self.waiting)))

    @precondition(lambda self: self.told)
    @rule(which=WHICH)
    def an_outcome_arrives_again(self, which: int) -> None:
        self.handle(self.told[which % len(self.told)])

    @precondition(lambda self: self.waiting)
    @rule(which=WHICH)
    def it_is_killed_between_ledger_and_commit(self, which: int) -> None:
        said = self.waiting[which % len(self.waiting)]
        self.record(said)
        self.restart()

    @rule()
    def restart(self) -> None:
        with self.engine.connect() as connection:
            positions = read.open_positions(connection)
        before, self.book = self.book, restore(self.saved, positions, {}, {})
        for key, one in before.open.items():
            # Another order is its first now: the stored watch is not believed, and risk_guardian's reservation alone stands for the exit.
            if key in self.book.open and self.book.open[key].watch.opened_intent_id != one.watch.opened_intent_id:
                self.in_flight.pop(key, None)

    def record(self, said: Fill | Rejection) -> list[Booked]:
        return self.ledger.record([said]) if isinstance(said, Fill) else self.ledger.record([], [said])

    def handle(self, said: Fill | Rejection) -> None:
        booked = self.record(said)
        known = said in self.told
        if isinstance(said, Fill):
            assert [one.verdict for one in booked] == [booked[0].verdict]
            assert not known or booked[0].verdict is Verdict.KNOWN
        ours = [key for key, intent in self.in_flight.items() if intent.id == said.intent_id]
        if ours and not (isinstance(said, Fill) and said.status is FillStatus.FAILED):
            del self.in_flight[ours[0]]
        self.told += [] if known else [said]
        if isinstance(said, Fill):
            self.decided(*decide.on_booked(self.book, booked[0], self.in_force))
        else:
            self.decided(*decide.on_rejection(self.book, said, self.in_force))

    def decided(self, book: Book, effects: object) -> None:
        """Commit the book with its effects; look at every exit that is asked for."""
        self.book, self.saved = book, save(book)
        for intent in [one for one in effects if isinstance(one, ExitIntent)]:  # type: ignore[attr-defined] # any sequence of effects
            assert intent.mode is not None
            key = (intent.strategy, intent.mode, intent.mint)
            one = self.book.open[key]
            asked = one.watch.exit
            assert asked is not None
            assert intent.size_units == units_over(one.position, asked.keep_bps)
            held = units_of(self.fills_of(key))
            assert 0 < intent.size_units <= held, "an exit for more than the ledger holds"
            assert intent.cause is ExitCause.LADDER or intent.size_units == held, "an exit that leaves something behind"
            assert intent.slippage_bps_max <= self.terms.slippage_bps_max
            assert self.halt is not HaltState.FROZEN
            before = self.in_flight.get(key)
            assert before is None or self.now_ns >= before.time_ns + OUTCOME_S_MAX * NS_PER_S, "a second exit while one is in flight"
            assert before is None or before.id != intent.id
            self.in_flight[key] = intent

    def fills_of(self, key: Key) -> list[Fill]:
        """What the ledger was given, once each."""
        with self.engine.connect() as connection:
            return [fill for fill in read.all_fills(connection) if (fill.strategy, fill.mode, fill.mint) == key]

    # What must hold after every rule.
    @invariant()
    def the_ledger_is_the_sum_of_the_fills(self) -> None:
        if not hasattr(self, "engine"):
            return
        with self.engine.connect() as connection:
            positions = {one.key: one for one in read.open_positions(connection)}
            assert len(read.all_fills(connection)) == len({one.signature for one in self.recorded()})
        for mint in MINTS:
            key = (STRATEGY, Mode.PAPER, mint)
            fills, position = self.fills_of(key), positions.get(key)
            assert (position.units if position else 0) == units_of(fills)
            if position is not None:
                assert position.realized_lamports - position.cost_lamports == sum(fill.sol_delta_lamports for fill in fills)
        assert {key: one.position for key, one in self.book.open.items()} == positions

    def recorded(self) -> list[Fill]:
        with self.engine.connect() as connection:
            known = {fill.signature for fill in read.all_fills(connection)}
        return [one for one in (*self.told, *self.waiting) if isinstance(one, Fill) and one.signature in known]

    @invariant()
    def what_is_to_be_sold_is_asked_for_unless_it_is_frozen(self) -> None:
        """Every position ends flat, or with a stop or an alert: nothing that a rule sells is left without an exit, in HALTED neither."""
        if not hasattr(self, "engine") or self.halt is HaltState.FROZEN:
            return
        book, _ = decide.on_time(self.book, self.in_force)
        for one in book.open.values():
            left = one.watch.exit is not None or is_dust(one, self.terms)
            assert left or not any(why(one, self.in_force) for why in CAUSES)

    @invariant()
    def every_open_position_is_watched_or_told_of(self) -> None:
        if not hasattr(self, "engine"):
            return
        alerted = unprotected(self.book, self.in_force)
        for one in self.book.open.values():
            assert (one.position.mint in alerted) == (stop_ratio(one, self.terms) == (0, 0))


TestPositionsMachine = PositionsMachine.TestCase
TestPositionsMachine.settings = explored(60, steps=40)
