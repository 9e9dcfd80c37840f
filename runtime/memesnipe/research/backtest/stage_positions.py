"""position_manager in a backtest: its own `decide`, with the ledger in memory, and prices marked late where nobody can tell the difference.

A price between a position's stop and its goal changes its mark and nothing else. It is put off until a price leaves that band (`bands`), a
time is due or an outcome comes. The band is a little narrower than the exact one: near its edge the exact rule decides, in full.
"""

from collections.abc import Iterable, Mapping, Sequence

from memesnipe.bus.api import Entry, Output
from memesnipe.bus.folds import Halts
from memesnipe.bus.topology import EXITS
from memesnipe.messages.control import ConfigApplied
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import ExitIntent, Fill
from memesnipe.positions import decide
from memesnipe.positions.book import Book
from memesnipe.positions.causes import NEVER_NS, Rules
from memesnipe.positions.exits import due_ns
from memesnipe.positions.watching import marked
from memesnipe.research.backtest.accounts import Accounts
from memesnipe.research.backtest.bands import Band, band_of
from memesnipe.research.backtest.stages import NOTHING, Clocked


class PositionsStage(Clocked):
    """position_manager."""

    def __init__(self, config: ConfigApplied) -> None:
        super().__init__()
        self.accounts = Accounts()
        self._book, self._limits, self._halts = Book(), config.limits, Halts()
        self._bands: dict[str, Band] = {}
        self._due_ns = NEVER_NS
        """Until then time alone changes nothing."""
        self._put_off: dict[str, PriceTick] = {}

    def obey(self, halts: Halts) -> None:
        """Take up the kill switch as it stands."""
        self._halts = halts

    @property
    def due_ns(self) -> int:
        """Until when time alone changes nothing."""
        return self._due_ns

    @property
    def bands(self) -> Mapping[str, Band]:
        """By held token: the prices between which nobody sells it for its price."""
        return self._bands

    def catch_up(self, ticks: Iterable[PriceTick], now_ns: int) -> None:
        """Mark prices that are inside their bands."""
        self.now_ns = max(self.now_ns, now_ns)
        self._put_off.update((tick.mint, tick) for tick in ticks if tick.mint in self._bands)

    def price(self, tick: PriceTick) -> Sequence[Output]:
        """Mark what is held, and ask for the exits that are due by price or by time."""
        if tick.time_ns > self.now_ns:
            self.now_ns = tick.time_ns
        if self.now_ns < self._due_ns:
            band = self._bands.get(tick.mint)
            if band is None:
                return NOTHING
            if band.holds(tick):
                self._put_off[tick.mint] = tick
                return NOTHING
        rules = self._rules(self.now_ns)
        self._book, effects = decide.on_price(self._up_to_date(), tick, rules)
        return self._and_time(list(effects), rules)

    def take(self, entries: Sequence[Entry]) -> Sequence[Output]:
        """Book fills, hear refusals, and ask for exits."""
        self._book = self._up_to_date()
        rules, found = self._rules(self.read(entries)), list[decide.Effect]()
        for entry in entries:
            self._book, effects = self._one(entry, rules)
            found += effects
        return self._and_time(found, rules)

    def _one(self, entry: Entry, rules: Rules) -> decide.Decision:
        if isinstance(entry.message, Fill):
            return decide.on_booked(self._book, self.accounts.book(entry.message), rules)
        return decide.on_rejection(self._book, entry.message, rules)

    def _and_time(self, effects: list[decide.Effect], rules: Rules) -> Sequence[Output]:
        """As the service ends each batch: time itself may end a position."""
        self._book, late = decide.on_time(self._book, rules)
        self._look()
        return [Output(EXITS.of(one.strategy), one, one.id) for one in (*effects, *late) if isinstance(one, ExitIntent)]

    def _up_to_date(self) -> Book:
        """Return the book with the marks that were put off."""
        book = self._book
        for tick in self._put_off.values():
            for one in book.holders(tick.mint):
                book = book.with_open(marked(one, tick, self._limits.exits))
        self._put_off = {}
        return book

    def _look(self) -> None:
        """Note when, and beyond which prices, something is to be done next."""
        held = self._book.open.values()
        self._due_ns = min((due_ns(one, self._limits) for one in held), default=NEVER_NS)
        self._bands = {}
        for one in held:
            before = self._bands.get(one.position.mint, Band())
            self._bands[one.position.mint] = before.within(band_of(one, self._limits))

    def _rules(self, now_ns: int) -> Rules:
        return Rules(self._limits, self._halts.effective, now_ns)
