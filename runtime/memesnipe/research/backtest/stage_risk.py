"""risk_guardian in a backtest: its own `decide`, and prices marked late where nobody can tell the difference.

A price of a held token moves equity, and nothing else until equity passes the highest of a day, a week or of all time, falls to a limit, or
an order comes. So between those, equity is kept as a number and the last price of each token is put off; before any decision the book is
brought up to date.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf

import msgspec

from memesnipe.bus.api import Entry, Output
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import AMOUNT_MAX, Mode
from memesnipe.messages.control import ConfigApplied, HaltCommand
from memesnipe.messages.market import DepthQuote, MarketEvent, MarketFrame, PriceTick
from memesnipe.messages.orders import Intent
from memesnipe.research.backtest.quiet import NEAR
from memesnipe.research.backtest.risk_room import Held, Scope, portfolio_scope, scope_of
from memesnipe.research.backtest.stages import NOTHING, Clocked
from memesnipe.risk import book as books
from memesnipe.risk import decide as risking
from memesnipe.risk.market.checks import asks_for_minutes
from memesnipe.risk.market.memory import Memory
from memesnipe.risk.rules import Rules

Band = tuple[float, float]
NOWHERE: Band = (inf, -inf)


def no_seal(intent: Intent, mode: Mode, rules: Rules, now_ns: int) -> bytes:
    """Paper carries no signature; a backtest that came to a live order is broken, and refuses it."""
    raise Refused(ReasonCode.MODE_MISMATCH, "a backtest is on paper")


class RiskStage(Clocked):
    """risk_guardian."""

    def __init__(self, config: ConfigApplied, capital: Mapping[str, int]) -> None:
        super().__init__()
        self.rules = Rules(capital=dict(capital)).with_config(config)
        self.held: dict[str, list[Held]] = {}
        """By token, what each strategy has of it."""
        self._book = books.Book()
        self._limits, self._capital_lamports = config.limits, config.capital_lamports
        self._all = Scope(0, -inf, inf, 0, 0)
        self._put_off: dict[str, PriceTick] = {}
        self._follows = asks_for_minutes(config.limits.market)
        self._market = Memory(minutes=self._follows)

    @property
    def pnl_lamports(self) -> int:
        """Of all strategies, realized and not, at the last prices."""
        return self._all.pnl_lamports

    def following(self, events: Iterator[tuple[MarketEvent, bool]]) -> Iterator[tuple[MarketEvent, bool]]:
        """Return the events, seen by the market's memory on the way where a limit asks for minutes; else the last prices will do."""
        return self._following(events) if self._follows else events

    def _following(self, events: Iterator[tuple[MarketEvent, bool]]) -> Iterator[tuple[MarketEvent, bool]]:
        for event, heard in events:
            if isinstance(event, PriceTick):
                self._market.see(event)
            yield event, heard

    def hear(self, depth: DepthQuote) -> None:
        """Take quotes of a token's depth."""
        self.now_ns = max(self.now_ns, depth.time_ns)
        self._market.hear(depth)

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
            self._market.see(tick)
            holders = self.held.get(tick.mint)
            if holders is not None:
                self._mark(tick, holders, _values(tick, holders))
                moved = True
        return moved

    def room(self, lowest: float, highest: int, now_ns: int) -> dict[str, Band]:
        """Return by mint the prices (lamports a unit) between which nothing happens, whatever the other held tokens do within theirs.

        Nothing: no highest moves, no breaker trips, and profit and loss within (lowest, highest) lamports. Each strategy's room, and that
        of all, is shared equally among the tokens it holds.
        """
        pnl, worth = self.pnl_lamports, sum(one.value_lamports for holders in self.held.values() for one in holders)
        top = min(highest, self._all.highest)
        if not (2 * (abs(pnl) + worth + max(0, top - pnl)) < AMOUNT_MAX and now_ns < self._all.ends_ns):
            return dict.fromkeys(self.held, NOWHERE)
        up, down = (top - pnl) / self._all.tokens, (pnl - max(lowest, self._all.lowest)) / self._all.tokens
        return {mint: self._band(holders, up, down, now_ns) for mint, holders in self.held.items()}

    def _band(self, holders: Sequence[Held], up: float, down: float, now_ns: int) -> Band:
        value = sum([one.value_lamports for one in holders])
        low, high = _between(value - down, value + up, [one.units for one in holders])
        for one in holders:
            scope = one.scope
            if not now_ns < scope.ends_ns:
                return NOWHERE
            fall, rise = (scope.pnl_lamports - scope.lowest) / scope.tokens, (scope.highest - scope.pnl_lamports) / scope.tokens
            own_low, own_high = _between(one.value_lamports - fall, one.value_lamports + rise, [one.units])
            low, high = max(low, own_low), min(high, own_high)
        return low, high

    def price(self, tick: PriceTick) -> Sequence[Output]:
        """Mark what is held; return the halts that the fall orders."""
        late = tick.time_ns < self.now_ns
        if not late:
            self.now_ns = tick.time_ns
        self._market.see(tick)
        holders = self.held.get(tick.mint)
        if holders is None:
            return NOTHING
        if not late and self._is_quiet(tick, holders):
            return NOTHING
        self._book, outputs = risking.mark(self._up_to_date(), self.rules, MarketFrame((tick,)), self.now_ns, self._market)
        self._count()
        return outputs

    def take(self, entries: Sequence[Entry]) -> Sequence[Output]:
        """Fold one by one: each intent sees the room the last one took."""
        book, now_ns, outputs = self._up_to_date(), self.read(entries), list[Output]()
        for entry in entries:
            book, caused = risking.decide(book, self.rules, entry, now_ns, no_seal, self._market)
            outputs += caused
        self._book = book
        self._market.are_stored()  # nothing is; what changed is not to be gathered for ever
        self._count()
        return outputs

    def _is_quiet(self, tick: PriceTick, holders: Sequence[Held]) -> bool:
        """Put a price off and return True, unless it may move a highest or trip a breaker: then it is decided in full."""
        values, now_ns, moved = _values(tick, holders), self.now_ns, 0
        for one, value in zip(holders, values, strict=True):
            change = value - one.value_lamports
            if not one.scope.keeps(one.scope.pnl_lamports + change, now_ns):
                return False
            moved += change
        pnl = self.pnl_lamports + moved
        if not (self._all.keeps(pnl, now_ns) and sum(values) + abs(pnl) < AMOUNT_MAX):
            return False
        self._mark(tick, holders, values)
        return True

    def _mark(self, tick: PriceTick, holders: Sequence[Held], values: Sequence[int]) -> None:
        for one, value in zip(holders, values, strict=True):
            change, one.value_lamports = value - one.value_lamports, value
            one.scope.pnl_lamports += change
            self._all.pnl_lamports += change
        self._put_off[tick.mint] = tick

    def _up_to_date(self) -> books.Book:
        """Return the book with what was put off. The peak is the one that was really seen, not one of a half marked book."""
        book = before = self._book
        if not self._put_off:
            return book
        for tick in self._put_off.values():
            book = books.apply_price(book, tick)
        self._put_off = {}
        return book.replace(Mode.PAPER, msgspec.structs.replace(book.paper, peak_pnl_lamports=before.paper.peak_pnl_lamports))

    def _count(self) -> None:
        """Take the numbers from the book; nothing is put off now."""
        paper, limits = self._book.paper, self._limits
        self.held = {}
        for account in paper.accounts.values():
            scope = scope_of(account, limits.breakers, self.now_ns)
            for mint, position in account.positions.items():
                self.held.setdefault(mint, []).append(Held(scope, position.units, position.value_lamports))
        self._all = portfolio_scope(paper, limits.drawdown_bps_max, self._capital_lamports, limits.breakers, self.now_ns)


def _values(tick: PriceTick, holders: Sequence[Held]) -> list[int]:
    return [one.units * tick.quote_lamports // tick.base_units for one in holders]


def _between(low: float, high: float, units: Sequence[int]) -> Band:
    """Return the prices between which these units are worth more than `low` and less than `high` lamports, each part rounded down."""
    held = sum(units)
    return (low + len(units) + 1) / held * (1 + NEAR), (high - 1) / held * (1 - NEAR)
