"""What a strategy holds and awaits, by its own outcomes alone. Frozen: every change is a new Book.

Holdings are kept apart by mode: after going live, paper tokens are not there to be sold.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

import msgspec

from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.orders import Fill, FillStatus, OrderIntent, Outcome, Rejection
from memesnipe.strategy.contract import Holding

V = TypeVar("V")

SETTLED_MAX = 128
"""How many outcomes are remembered to recognise one that is delivered again after a commit whose answer was lost."""
ACTED_MAX = 128
"""How many events are remembered that were acted on: a feed that repeats an event must not repeat the order."""


class Reservation(msgspec.Struct, frozen=True, array_like=True):
    """What an intent without outcome binds: lamports on a buy, units on a sell."""

    mint: str
    side: Side
    size_lamports: int
    size_units: int


class Book(msgspec.Struct, frozen=True):
    """The state that is committed with the intents."""

    mode: Mode = Mode.PAPER
    """Mode of the last own order that filled: the strategy's view shows the holdings of this mode."""
    held: dict[Mode, dict[str, Holding]] = {}
    in_flight: dict[str, Reservation] = {}
    """By intent id. Left only by an outcome: an order of unknown fate is in flight, not failed."""
    sequence: int = 0
    """Number of the next intent of this strategy."""
    settled: tuple[str, ...] = ()
    acted: tuple[str, ...] = ()
    capital_lamports: int = 0

    def holdings(self) -> Mapping[str, Holding]:
        """Return open positions by mint, in the present mode; read-only, because strategies see it."""
        return MappingProxyType(self.held.get(self.mode, {}))

    def free_lamports(self) -> int:
        """Return capital less the cost of open positions and of buys in flight; never below 0."""
        held = sum([holding.cost_lamports for holding in self.held.get(self.mode, {}).values()])
        reserved = sum([reservation.size_lamports for reservation in self.in_flight.values()])
        return max(0, self.capital_lamports - held - reserved)

    def awaits(self, mint: str) -> bool:
        """Return whether an order for this token has no outcome yet."""
        return mint in [reservation.mint for reservation in self.in_flight.values()]

    def reserve(self, intent: OrderIntent) -> "Book":
        """Return the book after an intent left."""
        reservation = Reservation(intent.mint, intent.side, intent.size_lamports, intent.size_units)
        acted = self.acted if self.acted[-1:] == (intent.event_id,) else (*self.acted, intent.event_id)[-ACTED_MAX:]
        in_flight = {**self.in_flight, intent.id: reservation}
        return Book(self.mode, self.held, in_flight, self.sequence + 1, self.settled, acted, self.capital_lamports)

    def allot(self, capital_lamports: int) -> "Book":
        """Return the book with new capital."""
        return self if capital_lamports == self.capital_lamports else msgspec.structs.replace(self, capital_lamports=capital_lamports)

    def settle(self, outcome: Outcome) -> "Book":
        """Return the book after an outcome; the same outcome again changes nothing."""
        key = _key(outcome)
        if key in self.settled:
            return self
        settled = (*self.settled, key)[-SETTLED_MAX:]
        book = self._filled(outcome) if isinstance(outcome, Fill) else self._rejected(outcome)
        return Book(book.mode, book.held, book.in_flight, book.sequence, settled, book.acted, book.capital_lamports)

    def _filled(self, fill: Fill) -> "Book":
        if fill.status is FillStatus.FAILED:  # one attempt failed: its order lives until a filled Fill or a Rejection
            return self
        mode = fill.mode if fill.intent_id in self.in_flight else self.mode
        held = {**self.held, fill.mode: _after(self.held.get(fill.mode, {}), fill)}
        in_flight = _without(self.in_flight, fill.intent_id)
        return Book(mode, held, in_flight, self.sequence, self.settled, self.acted, self.capital_lamports)

    def _rejected(self, rejection: Rejection) -> "Book":
        book = msgspec.structs.replace(self, in_flight=_without(self.in_flight, rejection.intent_id))
        reservation = self.in_flight.get(rejection.intent_id)
        if reservation is None or rejection.reason is not ReasonCode.NO_POSITION:
            return book
        # risk_guardian knows better what is held; keeping the phantom would ask for the same sell on every event
        held = {**self.held, self.mode: _without(self.held.get(self.mode, {}), reservation.mint)}
        return msgspec.structs.replace(book, held=held)


def _key(outcome: Outcome) -> str:
    return f"{outcome.intent_id}:{outcome.attempt if isinstance(outcome, Fill) else 'rejected'}"


def _without(items: Mapping[str, V], key: str) -> dict[str, V]:
    left = dict(items)
    left.pop(key, None)
    return left


def _after(holdings: dict[str, Holding], fill: Fill) -> dict[str, Holding]:
    before = holdings.get(fill.mint, Holding(0, 0))
    units = before.units + fill.token_delta_units
    if not units > 0:  # sold out; below zero means a fill for tokens that came from elsewhere
        return _without(holdings, fill.mint)
    if fill.token_delta_units > 0:
        cost_lamports = before.cost_lamports + max(0, -fill.sol_delta_lamports)
    else:
        cost_lamports = before.cost_lamports * units // before.units
    return {**holdings, fill.mint: Holding(units, cost_lamports)}


class BookView:
    """The strategy's window on its book: reads, and nothing else."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def holding(self, mint: str) -> Holding | None:
        """Return what is held of a token, None without a position."""
        held = self.book.held.get(self.book.mode)
        return held.get(mint) if held else None

    def holdings(self) -> Mapping[str, Holding]:
        """Return all open positions by mint."""
        return self.book.holdings()

    def in_flight(self, mint: str) -> bool:
        """Return whether an order for this token has no outcome yet."""
        return self.book.awaits(mint)

    @property
    def capital_lamports(self) -> int:
        """What the allocator gave this strategy."""
        return self.book.capital_lamports

    @property
    def free_lamports(self) -> int:
        """Capital less cost of open positions and orders in flight."""
        return self.book.free_lamports()
