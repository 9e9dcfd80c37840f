"""The stages in one process: each holds the book its service holds, has the clock its service has, and calls the same `decide`.

A service's clock in a replay is the latest event time among what it read. So is each of these, apart from the others: a price that
risk_guardian has not read yet must not make an order look old to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from memesnipe.bus.api import Entry, Output
from memesnipe.bus.folds import Halts
from memesnipe.bus.rows import event_time_ns
from memesnipe.bus.topology import EXITS, PRICE
from memesnipe.guard import decide as guarding
from memesnipe.guard import desk, effects
from memesnipe.guard.book import Book as GuardBook
from memesnipe.guard.paper import Terms
from memesnipe.guard.standing import standing_of
from memesnipe.kernel.clock import BEFORE_ANY_EVENT_NS
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import ConfigApplied, HaltCommand
from memesnipe.messages.market import MarketFrame, PriceTick
from memesnipe.messages.orders import ExitIntent, Fill, Intent, Outcome
from memesnipe.positions import decide as positioning
from memesnipe.positions.book import Book as PositionsBook
from memesnipe.positions.exits import NEVER_NS, due_ns
from memesnipe.positions.exits import Rules as ExitRules
from memesnipe.research.accounts import Accounts
from memesnipe.research.stress import Stress
from memesnipe.risk import book as risk_books
from memesnipe.risk import decide as risking
from memesnipe.risk.rules import Rules

NOTHING: Sequence[Output] = ()


class Stage(Protocol):
    """What the wire hands its entries to."""

    def take(self, entries: Sequence[Entry]) -> Sequence[Output]:
        """Decide what waits for this stage, and return what it causes."""
        ...


class _Clocked:
    """The event clock of one stage: `kernel.clock.EventClock`, as a number, for it is moved by every event of a market."""

    def __init__(self) -> None:
        self._now_ns = BEFORE_ANY_EVENT_NS

    def _read(self, entries: Iterable[Entry]) -> int:
        self._now_ns = max(self._now_ns, *(event_time_ns(entry.message) for entry in entries))
        return self._now_ns


class GuardStage(_Clocked):
    """wallet_guard's paper desk. Its ticks carry the costs of the run, which may be harder than the market's own."""

    def __init__(self, config: ConfigApplied, own_size_lamports_max: int, terms: Terms, stress: Stress) -> None:
        super().__init__()
        self.book = GuardBook()
        self.terms = stress.terms(terms)
        self._config, self._own_size_lamports_max, self._stress = config, own_size_lamports_max, stress
        self._standing = standing_of(config, Halts(), own_size_lamports_max)

    def obey(self, halts: Halts) -> None:
        """Take up the kill switch as it stands."""
        self._standing = standing_of(self._config, halts, self._own_size_lamports_max)

    def price(self, tick: PriceTick) -> Sequence[Output]:
        """See a price; return the outcomes of orders that it or its time ends."""
        if tick.time_ns > self._now_ns:
            self._now_ns = tick.time_ns
        seen = self._stress.tick(tick)
        book = self.book
        if book.touched:
            book.touched.clear()  # what a commit would store; here nothing is stored
        if not book.waits:
            book.see(seen)
            return NOTHING
        return effects_of(guarding.watch(book, (seen,), self.terms))

    def take(self, entries: Sequence[Entry]) -> Sequence[Output]:
        """Refuse, fill, or let wait what was approved."""
        folded = desk.fold(self.book, entries, self._standing, self.terms, self._read(entries))
        self.book = folded.book
        return effects_of([outcome for outcomes in folded.outcomes for outcome in outcomes])


def effects_of(outcomes: Sequence[Outcome]) -> Sequence[Output]:
    """Return where outcomes go."""
    return effects.outputs(outcomes) if outcomes else NOTHING


def no_seal(intent: Intent, mode: Mode, rules: Rules, now_ns: int) -> bytes:
    """Paper carries no signature; a backtest that came to a live order is broken, and refuses it."""
    raise Refused(ReasonCode.MODE_MISMATCH, "a backtest is on paper")


class RiskStage(_Clocked):
    """risk_guardian."""

    def __init__(self, config: ConfigApplied, capital: Mapping[str, int]) -> None:
        super().__init__()
        self.book = risk_books.Book()
        self.rules = Rules(capital=dict(capital)).with_config(config)
        self.held: frozenset[str] = frozenset()
        """Tokens whose price matters here; changes with fills alone."""

    def obey(self, entry: Entry) -> None:
        """Fold one command of the kill switch."""
        command: HaltCommand = entry.message
        self.rules = self.rules.with_halt(entry)
        self.book = risking.take_halt(self.book, self.rules, command)

    def price(self, tick: PriceTick) -> Sequence[Output]:
        """Mark what is held; return the halts that the fall orders."""
        if tick.time_ns > self._now_ns:
            self._now_ns = tick.time_ns
        if tick.mint not in self.held:
            return NOTHING
        self.book, outputs = risking.mark(self.book, self.rules, MarketFrame((tick,)), self._now_ns)
        return outputs

    def take(self, entries: Sequence[Entry]) -> Sequence[Output]:
        """Fold one by one: each intent sees the room the last one took."""
        now_ns, outputs = self._read(entries), list[Output]()
        for entry in entries:
            self.book, caused = risking.decide(self.book, self.rules, entry, now_ns, no_seal)
            outputs += caused
        self.held = self.book.held_mints()
        return outputs


class PositionsStage(_Clocked):
    """position_manager, with its ledger in memory."""

    def __init__(self, config: ConfigApplied) -> None:
        super().__init__()
        self.book, self.accounts = PositionsBook(), Accounts()
        self._limits, self._halts = config.limits, Halts()
        self._held: frozenset[str] = frozenset()
        self._due_ns = NEVER_NS
        """Until then neither time nor a price of a token that is not held can change anything."""

    def obey(self, halts: Halts) -> None:
        """Take up the kill switch as it stands."""
        self._halts = halts

    def price(self, tick: PriceTick) -> Sequence[Output]:
        """Mark what is held, and ask for the exits that are due by price or by time."""
        if tick.time_ns > self._now_ns:
            self._now_ns = tick.time_ns
        if tick.mint not in self._held and self._now_ns < self._due_ns:
            return NOTHING
        rules = self._rules(self._now_ns)
        self.book, effects = positioning.on_price(self.book, tick, rules)
        return self._and_time(list(effects), rules)

    def take(self, entries: Sequence[Entry]) -> Sequence[Output]:
        """Book fills, hear refusals, and ask for exits."""
        rules, found = self._rules(self._read(entries)), list[positioning.Effect]()
        for entry in entries:
            self.book, effects = self._one(entry, rules)
            found += effects
        self._held = frozenset(mint for _, _, mint in self.book.open)
        return self._and_time(found, rules)

    def _one(self, entry: Entry, rules: ExitRules) -> positioning.Decision:
        if isinstance(entry.message, Fill):
            return positioning.on_booked(self.book, self.accounts.book(entry.message), rules)
        return positioning.on_rejection(self.book, entry.message, rules)

    def _and_time(self, effects: list[positioning.Effect], rules: ExitRules) -> Sequence[Output]:
        """As the service ends each batch: time itself may end a position."""
        self.book, late = positioning.on_time(self.book, rules)
        self._due_ns = min((due_ns(one, rules.limits) for one in self.book.open.values()), default=NEVER_NS)
        return [Output(EXITS.of(one.strategy), one, one.id) for one in (*effects, *late) if isinstance(one, ExitIntent)]

    def _rules(self, now_ns: int) -> ExitRules:
        return ExitRules(self._limits, self._halts.effective, now_ns)


def price_entry(tick: PriceTick) -> tuple[str, MarketFrame]:
    """Return a price as it stands on its stream: a frame of its own, as a replay publishes it."""
    return PRICE.name, MarketFrame((tick,))
