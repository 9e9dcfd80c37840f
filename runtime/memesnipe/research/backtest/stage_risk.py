"""risk_guardian in a backtest: its own `decide`, and prices marked late where nobody can tell the difference.

A price of a held token moves equity and its highest point, and nothing else until equity falls to the limit or an order comes. So between
those, equity is kept as a number and the last price of each token is put off; before any decision the book is brought up to date.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import inf

from memesnipe.bus.api import Entry, Output
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import AMOUNT_MAX, Mode
from memesnipe.messages.control import ConfigApplied, HaltCommand
from memesnipe.messages.market import MarketFrame, PriceTick
from memesnipe.messages.orders import Intent
from memesnipe.research.backtest.quiet import NEAR
from memesnipe.research.backtest.stages import NOTHING, Clocked
from memesnipe.risk import book as books
from memesnipe.risk import decide as risking
from memesnipe.risk.rules import Rules

BPS = 10_000


def no_seal(intent: Intent, mode: Mode, rules: Rules, now_ns: int) -> bytes:
    """Paper carries no signature; a backtest that came to a live order is broken, and refuses it."""
    raise Refused(ReasonCode.MODE_MISMATCH, "a backtest is on paper")


class RiskStage(Clocked):
    """risk_guardian."""

    def __init__(self, config: ConfigApplied, capital: Mapping[str, int]) -> None:
        super().__init__()
        self.rules = Rules(capital=dict(capital)).with_config(config)
        self.pnl_lamports = 0
        """Of all strategies, realized and not, at the last prices."""
        self.held: dict[str, tuple[int, ...]] = {}
        """Units by token, one number a strategy that holds it."""
        self._book = books.Book()
        self._limit_bps, self._capital_lamports = config.limits.drawdown_bps_max, config.capital_lamports
        self._values: dict[str, int] = {}
        self._peak_lamports, self._tripped = 0, False
        self._put_off: dict[str, PriceTick] = {}

    def obey(self, entry: Entry) -> None:
        """Fold one command of the kill switch."""
        command: HaltCommand = entry.message
        self.rules = self.rules.with_halt(entry)
        self._book = risking.take_halt(self._up_to_date(), self.rules, command)
        self._count()

    def catch_up(self, ticks: Iterable[PriceTick], now_ns: int) -> bool:
        """Mark prices that are within `room`; return whether one was of a held token."""
        self.now_ns = max(self.now_ns, now_ns)
        moved = False
        for tick in ticks:
            units = self.held.get(tick.mint)
            if units is not None:
                value = sum([held * tick.quote_lamports // tick.base_units for held in units])
                self.pnl_lamports += value - self._values[tick.mint]
                self._values[tick.mint], self._put_off[tick.mint] = value, tick
                moved = True
        return moved

    def room(self, lowest: float, highest: int) -> dict[str, tuple[float, float]]:
        """Return by mint the prices (lamports a unit) between which nothing happens, whatever the other held tokens do within theirs.

        Nothing: no new peak, no halt, and profit and loss within (lowest, highest) lamports. The room there is now is shared equally.
        """
        pnl, worth = self.pnl_lamports, sum(self._values.values())
        highest = min(highest, self._peak_lamports)
        if not (2 * (abs(pnl) + worth + max(0, highest - pnl)) < AMOUNT_MAX):
            return dict.fromkeys(self.held, (inf, -inf))
        if not self._tripped:
            lowest = max(lowest, self._peak_lamports - self._limit_bps * (self._capital_lamports + self._peak_lamports) // BPS)
        up, down = (highest - pnl) / len(self.held), (pnl - lowest) / len(self.held)
        return {mint: _between(self._values[mint] - down, self._values[mint] + up, units) for mint, units in self.held.items()}

    def price(self, tick: PriceTick) -> Sequence[Output]:
        """Mark what is held; return the halts that the fall orders."""
        late = tick.time_ns < self.now_ns
        if not late:
            self.now_ns = tick.time_ns
        units = self.held.get(tick.mint)
        if units is None:
            return NOTHING
        if not late and self._is_quiet(tick, units):
            return NOTHING
        self._book, outputs = risking.mark(self._up_to_date(), self.rules, MarketFrame((tick,)), self.now_ns)
        self._count()
        return outputs

    def take(self, entries: Sequence[Entry]) -> Sequence[Output]:
        """Fold one by one: each intent sees the room the last one took."""
        book, now_ns, outputs = self._up_to_date(), self.read(entries), list[Output]()
        for entry in entries:
            book, caused = risking.decide(book, self.rules, entry, now_ns, no_seal)
            outputs += caused
        self._book = book
        self._count()
        return outputs

    def _is_quiet(self, tick: PriceTick, units: tuple[int, ...]) -> bool:
        """Put a price off and return True, unless it might order a halt: then it is decided in full."""
        value = sum([held * tick.quote_lamports // tick.base_units for held in units])
        pnl = self.pnl_lamports + value - self._values[tick.mint]
        peak = max(self._peak_lamports, pnl)
        falls = (peak - pnl) * BPS > self._limit_bps * (self._capital_lamports + peak)
        if (falls and not self._tripped) or not (abs(value) + abs(pnl) < AMOUNT_MAX):
            return False
        self.pnl_lamports, self._peak_lamports, self._values[tick.mint] = pnl, peak, value
        self._put_off[tick.mint] = tick
        return True

    def _up_to_date(self) -> books.Book:
        """Return the book with what was put off. The peak is the one that was really seen, not one of a half marked book."""
        book = self._book
        if not self._put_off:
            return book
        for tick in self._put_off.values():
            book = books.apply_price(book, tick)
        self._put_off = {}
        return book.replace(Mode.PAPER, books.Portfolio(book.paper.accounts, self._peak_lamports, book.paper.trips, book.paper.tripped))

    def _count(self) -> None:
        """Take the numbers from the book; nothing is put off now."""
        paper = self._book.paper
        held: dict[str, list[int]] = {}
        self._values = {}
        for account in paper.accounts.values():
            for mint, position in account.positions.items():
                held.setdefault(mint, []).append(position.units)
                self._values[mint] = self._values.get(mint, 0) + position.value_lamports
        self.held = {mint: tuple(units) for mint, units in held.items()}
        self.pnl_lamports, self._peak_lamports, self._tripped = paper.pnl_lamports, paper.peak_pnl_lamports, paper.tripped


def _between(low: float, high: float, units: tuple[int, ...]) -> tuple[float, float]:
    """Return the prices between which these units are worth more than `low` and less than `high` lamports, each part rounded down."""
    held = sum(units)
    return (low + len(units) + 1) / held * (1 + NEAR), (high - 1) / held * (1 - NEAR)
