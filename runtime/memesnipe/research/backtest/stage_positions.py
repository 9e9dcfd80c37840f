"""position_manager in a backtest: its own `decide`, with the ledger in memory, and prices marked late where nobody can tell the difference.

A price between a position's stop and its goal changes its mark and nothing else. It is put off until a price leaves that band, a time is
due or an outcome comes. The band is a little narrower than the exact one: what is near its edge is decided in full, by the exact rule.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import inf

from memesnipe.bus.api import Entry, Output
from memesnipe.bus.folds import Halts
from memesnipe.bus.topology import EXITS
from memesnipe.messages.control import ConfigApplied
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import ExitIntent, Fill
from memesnipe.positions import decide
from memesnipe.positions.book import Book, Mark, Open
from memesnipe.positions.exits import BPS, NEVER_NS, Rules, due_ns, stop_ratio
from memesnipe.research.backtest.accounts import Accounts
from memesnipe.research.backtest.quiet import NEAR
from memesnipe.research.backtest.stages import NOTHING, Clocked

Band = tuple[float, float]
"""Lamports a unit: between the two no position in the token is sold for its price."""


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
            if band[0] < tick.quote_lamports / tick.base_units < band[1]:
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
            mark = Mark(tick.quote_lamports, tick.base_units, tick.slot, tick.time_ns, tick.event_id)
            for one in book.holders(tick.mint):
                book = book.with_open(decide.marked(one, mark))
        self._put_off = {}
        return book

    def _look(self) -> None:
        """Note when, and beyond which prices, something is to be done next."""
        held = self._book.open.values()
        self._due_ns = min((due_ns(one, self._limits) for one in held), default=NEVER_NS)
        self._bands = {}
        for one in held:
            low, high = self._band(one)
            before = self._bands.get(one.position.mint, (-inf, inf))
            self._bands[one.position.mint] = (max(before[0], low), min(before[1], high))

    def _band(self, one: Open) -> Band:
        if one.watch.exit is not None:  # it is being sold: prices say nothing until that has an outcome
            return -inf, inf
        quote, units = stop_ratio(one, self._limits)
        low = quote / units * (1 + NEAR) if units else -inf
        goal_bps, position = self._limits.take_profit_bps, one.position
        high = position.entry_lamports * (BPS + goal_bps) / (BPS * position.units) * (1 - NEAR) if goal_bps else inf
        return low, high

    def _rules(self, now_ns: int) -> Rules:
        return Rules(self._limits, self._halts.effective, now_ns)
