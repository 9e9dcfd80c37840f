"""wallet_guard's paper state: reserves last seen, orders waiting for their slot, intents decided lately. Bounded.

It is committed with the effects it caused, so a crash can neither lose a waiting order nor fill it twice.
"""

from typing import Any

import msgspec

from memesnipe.kernel.errors import Bug
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import ApprovedOrder

POOLS_MAX = 512
"""Tokens whose reserves are remembered; the one longest without a trade goes first."""
RECENT_MAX = 256
"""The bus drops a second order of the same intent by its key; this is a second belt, so it may be short."""
ACCOUNTS_MAX = 1_024
PENDING_MAX = 1_000
"""More waiting orders than this means that no market data comes: new ones are refused."""


class Waiting(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A paper order on its way to a block."""

    order: ApprovedOrder
    due_slot: int
    deadline_ns: int
    """Filled at the last reserves seen once the clock passes this."""
    quoted_out: int
    """What the quote at acceptance promised: token units on a buy, lamports on a sell."""
    fails: bool
    """Drawn at acceptance from the intent's id, so that a restart cannot draw again."""


class Book(msgspec.Struct, array_like=True):
    """All of it. `desk.fold` takes one `copy` for a batch and changes that; a book that was committed never changes."""

    pools: dict[str, PriceTick] = {}
    """By mint, oldest first."""
    waiting: dict[str, tuple[Waiting, ...]] = {}
    """By mint, in order of acceptance."""
    recent: dict[str, None] = {}
    """Intent ids decided or accepted lately, oldest first."""
    accounts: dict[str, None] = {}
    """`<strategy>/<mint>` whose token account was paid for, oldest first."""
    slot: int = 0
    """Latest slot seen."""
    waits: int = 0
    """How many orders wait."""

    def copy(self) -> "Book":
        """Return a book of its own; the values inside are frozen and shared."""
        return Book(self.pools.copy(), self.waiting.copy(), self.recent.copy(), self.accounts.copy(), self.slot, self.waits)

    def see(self, tick: PriceTick) -> None:
        """Note a trade; of one token the last counts."""
        self.pools.pop(tick.mint, None)
        self.pools[tick.mint] = tick
        self.slot = max(self.slot, tick.slot)
        _bound(self.pools, POOLS_MAX)

    def note(self, intent_id: str) -> None:
        """Note an intent as decided."""
        self.recent[intent_id] = None
        _bound(self.recent, RECENT_MAX)

    def open_account(self, account: str) -> None:
        """Note that this token account exists."""
        self.accounts[account] = None
        _bound(self.accounts, ACCOUNTS_MAX)

    def queue(self, waiting: Waiting) -> None:
        """Let an order wait."""
        mint = waiting.order.intent.mint
        self.waiting[mint] = (*self.waiting.get(mint, ()), waiting)
        self.waits += 1

    def leave(self, mint: str, still: tuple[Waiting, ...]) -> None:
        """Let only these orders still wait for `mint`."""
        self.waits -= len(self.waiting.pop(mint)) - len(still)
        if still:
            self.waiting[mint] = still


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Book)


def to_bytes(book: Book) -> bytes:
    """Return the book as it is stored."""
    return _encoder.encode(book)


def from_bytes(raw: bytes) -> Book:
    """Return the stored book; an empty one from no bytes. Raises Bug if what we wrote cannot be read."""
    try:
        return _decoder.decode(raw) if raw else Book()
    except msgspec.DecodeError as error:
        raise Bug(f"stored state of wallet_guard cannot be read: {error}") from error


def _bound(items: dict[str, Any], size_max: int) -> None:
    """Drop the oldest above the bound."""
    while len(items) > size_max:
        del items[next(iter(items))]
