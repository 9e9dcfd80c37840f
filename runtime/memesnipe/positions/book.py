"""position_manager's state as frozen values. Positions come from the ledger; what it alone knows is saved with each commit."""

from collections.abc import Iterable, Mapping

import msgspec

from memesnipe.ledger.accounting import Position, Trade
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ExitCause
from memesnipe.positions.ranges import Ranges

BPS = 10_000
Key = tuple[str, Mode, str]
"""(strategy, mode, mint)."""
Owner = tuple[str, Mode]
"""(strategy, mode)."""

HISTORY_MAX = 1_000
"""Closed trades kept for the statistics of one strategy in one mode."""


class Mark(msgspec.Struct, frozen=True):
    """The last price seen of a token: the ratio quote_lamports / base_units, and where it came from."""

    quote_lamports: int
    base_units: int
    slot: int
    time_ns: int
    event_id: str
    venue: str = ""

    def reaches(self, units: int, lamports: int, gain_bps: int) -> bool:
        """Return whether so many units are worth at least so much more than `lamports` at this price; exact."""
        return self.quote_lamports * units * BPS >= lamports * (BPS + gain_bps) * self.base_units


class Exit(msgspec.Struct, frozen=True):
    """A sale that was asked for. `intent_id` is empty while it waits for `retry_ns` after a refusal."""

    cause: ExitCause
    intent_id: str
    sent_ns: int
    retry_ns: int = 0
    keep_bps: int = 0
    """How much of the trade is kept; 0: all is sold."""
    tries: int = 0
    """How often it was asked for before: each time more is paid for it."""


class Pool(msgspec.Struct, frozen=True):
    """The most liquidity seen at a venue since entry, as reserves, and how many prices in a row showed that too much of it is gone."""

    venue: str
    quote_lamports: int
    base_units: int
    lows: int = 0

    @property
    def product(self) -> int:
        """Of the two reserves: what trades at a constant product keep."""
        return self.quote_lamports * self.base_units


class Watch(msgspec.Struct, frozen=True):
    """What is known of an open position beyond the ledger. Forgotten when the position closes."""

    opened_intent_id: str
    mark: Mark | None = None
    exit: Exit | None = None
    attempts: int = 0
    """Exits asked for since the position opened; part of the next one's id, so no id is used twice."""
    close_request: str = ""
    """Id of the request by which a person asked to close it."""
    lowered: int = 0
    """Exits refused because the market gives less than the floor under the price they named."""
    token_worse: str = ""
    """What changed for the worse in the token since it is held; it is sold for that, whatever the price."""
    highest: Mark | None = None
    """The highest price since entry."""
    ranges: Ranges | None = None
    pool: Pool | None = None


class Open(msgspec.Struct, frozen=True):
    """An open position and what we watch of it."""

    position: Position
    watch: Watch

    @property
    def value_lamports(self) -> int:
        """What the units would bring at the last price, rounded down; their cost while no price was seen."""
        return self.value_of(self.position.units) if self.watch.mark else self.position.cost_lamports

    def value_of(self, units: int) -> int:
        """What so many of the units would bring at the last price, rounded down; 0 while no price was seen (lamports)."""
        mark = self.watch.mark
        return units * mark.quote_lamports // mark.base_units if mark else 0


class Book(msgspec.Struct, frozen=True):
    """Everything position_manager decides by."""

    open: Mapping[Key, Open] = {}
    realized: Mapping[Owner, int] = {}
    """Lamports realized by strategy and mode, closed positions included."""
    trades: Mapping[Owner, tuple[Trade, ...]] = {}

    def holders(self, mint: str) -> list[Open]:
        """Return who holds a token."""
        return [one for key, one in self.open.items() if key[2] == mint]

    def with_open(self, one: Open) -> "Book":
        """Return the book with one position replaced."""
        return msgspec.structs.replace(self, open={**self.open, one.position.key: one})

    def without(self, key: Key) -> "Book":
        """Return the book without a position."""
        return msgspec.structs.replace(self, open={k: v for k, v in self.open.items() if k != key})

    def with_position(self, position: Position) -> "Book":
        """Return the book after a position changed: a new one is watched afresh, a closed one forgotten.

        A fill that comes late may show that an open position began earlier than was known. It is the same position: to forget
        the exit that is under way would sell it a second time, and to forget a person's wish to close it would keep it.
        """
        if not position.units > 0:  # a sale that came before its buy: there is nothing to watch yet
            return self.without(position.key)
        known = self.open.get(position.key)
        watch = known.watch if known is not None else Watch(position.opened_intent_id)
        return self.with_open(Open(position, msgspec.structs.replace(watch, opened_intent_id=position.opened_intent_id)))

    def with_realized(self, owner: Owner, lamports: int, trade: Trade | None) -> "Book":
        """Return the book after a fill realized something and perhaps closed a trade."""
        realized = {**self.realized, owner: self.realized.get(owner, 0) + lamports}
        if trade is None:
            return msgspec.structs.replace(self, realized=realized)
        history = (*self.trades.get(owner, ()), trade)[-HISTORY_MAX:]
        return msgspec.structs.replace(self, realized=realized, trades={**self.trades, owner: history})


class Saved(msgspec.Struct, frozen=True, array_like=True):
    """What is stored on the bus in one step with the effects: the watches, which the ledger does not hold."""

    watches: tuple[tuple[str, Mode, str, Watch], ...] = ()


def save(book: Book) -> bytes:
    """Return the bytes to store."""
    return msgspec.msgpack.encode(Saved(tuple((*key, one.watch) for key, one in sorted(book.open.items()))))


def restore(data: bytes, positions: Iterable[Position], realized: Mapping[Owner, int], trades: Mapping[Owner, tuple[Trade, ...]]) -> Book:
    """Return the book from the ledger's positions and the stored watches; the ledger wins where they disagree."""
    saved = msgspec.msgpack.decode(data, type=Saved) if data else Saved()
    watches = {(strategy, mode, mint): watch for strategy, mode, mint, watch in saved.watches}
    return Book({p.key: Open(p, _watch_of(p, watches.get(p.key))) for p in positions if p.units > 0}, realized, trades)


def _watch_of(position: Position, stored: Watch | None) -> Watch:
    """What was stored is of this position only if it began with the same order: while we were away, another may have been opened."""
    return stored if stored is not None and stored.opened_intent_id == position.opened_intent_id else Watch(position.opened_intent_id)
