"""A stage in one process: it holds the book its service holds, has the clock its service has, and calls the same `decide`.

A service's clock in a replay is the latest event time among what it read. So is each of these, apart from the others: a price that
risk_guardian has not read yet must not make an order look old to it.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from memesnipe.bus.api import Entry, Output
from memesnipe.bus.folds import Halts
from memesnipe.bus.rows import event_time_ns
from memesnipe.bus.topology import PRICE
from memesnipe.guard import decide as guarding
from memesnipe.guard import desk, effects
from memesnipe.guard.book import Book as GuardBook
from memesnipe.guard.paper import Terms
from memesnipe.guard.standing import standing_of
from memesnipe.kernel.clock import BEFORE_ANY_EVENT_NS
from memesnipe.messages.control import ConfigApplied
from memesnipe.messages.market import MarketFrame, PriceTick
from memesnipe.messages.orders import Outcome
from memesnipe.research.backtest.quiet import NEVER_NS
from memesnipe.research.backtest.stress import Stress

NOTHING: Sequence[Output] = ()


class Stage(Protocol):
    """What the wire hands its entries to."""

    def take(self, entries: Sequence[Entry]) -> Sequence[Output]:
        """Decide what waits for this stage, and return what it causes."""
        ...


class Clocked:
    """The event clock of one stage: `kernel.clock.EventClock`, as a number, for it is moved by every event of a market."""

    def __init__(self) -> None:
        self.now_ns = BEFORE_ANY_EVENT_NS

    def read(self, entries: Iterable[Entry]) -> int:
        """Note what was read; return the time it is then."""
        self.now_ns = max([self.now_ns, *[event_time_ns(entry.message) for entry in entries]])
        return self.now_ns


class GuardStage(Clocked):
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

    def catch_up(self, ticks: Iterable[PriceTick], now_ns: int) -> None:
        """See prices that end no waiting."""
        self.now_ns = max(self.now_ns, now_ns)
        for tick in ticks:
            self.book.see(self._stress.tick(tick))
        self.book.touched.clear()

    def waits(self) -> tuple[dict[str, int], int]:
        """Return the slot by mint from which a trade ends a waiting, and the time that ends one (ns)."""
        waiting = self.book.waiting
        if not waiting:
            return {}, NEVER_NS
        slots = {mint: min([one.due_slot for one in queue]) for mint, queue in waiting.items()}
        return slots, min([one.deadline_ns for queue in waiting.values() for one in queue])

    def price(self, tick: PriceTick) -> Sequence[Output]:
        """See a price; return the outcomes of orders that it or its time ends."""
        if tick.time_ns > self.now_ns:
            self.now_ns = tick.time_ns
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
        folded = desk.fold(self.book, entries, self._standing, self.terms, self.read(entries))
        self.book = folded.book
        return effects_of([outcome for outcomes in folded.outcomes for outcome in outcomes])


def effects_of(outcomes: Sequence[Outcome]) -> Sequence[Output]:
    """Return where outcomes go."""
    return effects.outputs(outcomes) if outcomes else NOTHING


def price_entry(tick: PriceTick) -> tuple[str, MarketFrame]:
    """Return a price as it stands on its stream: a frame of its own, as a replay publishes it."""
    return PRICE.name, MarketFrame((tick,))
