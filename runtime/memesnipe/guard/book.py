"""wallet_guard's paper state: reserves last seen, orders waiting for their slot, intents decided lately. Frozen, and bounded.

It is committed with the effects it caused, so a crash can neither lose a waiting order nor fill it twice.
"""

from typing import TypeVar

import msgspec

from memesnipe.kernel.errors import Bug
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import ApprovedOrder

POOLS_MAX = 512
"""Tokens whose reserves are remembered; the one longest without a trade goes first."""
RECENT_MAX = 256
"""The bus drops a second order of the same intent by its key; this is a second belt, so it may be short."""
ACCOUNTS_MAX = 1_024
PENDING_MAX = 10_000
"""More waiting orders than this means that no market data comes: new ones are refused."""

V = TypeVar("V")


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


class Book(msgspec.Struct, frozen=True, array_like=True):
    """All of it. Every change makes a new Book; the dicts inside are never changed in place."""

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

    def waiting_count(self) -> int:
        """Return how many orders wait."""
        return sum(map(len, self.waiting.values()))

    def seen(self, ticks: list[PriceTick]) -> "Book":
        """Return the book after these trades; of one token the last counts."""
        pools = self.pools.copy()
        for tick in ticks:
            pools.pop(tick.mint, None)
            pools[tick.mint] = tick
        slot = max(self.slot, *(tick.slot for tick in ticks))
        return msgspec.structs.replace(self, pools=_newest(pools, POOLS_MAX), slot=slot)

    def noted(self, intent_id: str) -> "Book":
        """Return the book that knows this intent as decided."""
        return msgspec.structs.replace(self, recent=_newest({**self.recent, intent_id: None}, RECENT_MAX))

    def opened(self, account: str) -> "Book":
        """Return the book in which this token account exists."""
        return msgspec.structs.replace(self, accounts=_newest({**self.accounts, account: None}, ACCOUNTS_MAX))

    def queued(self, waiting: Waiting) -> "Book":
        """Return the book in which this order waits."""
        mint = waiting.order.intent.mint
        return msgspec.structs.replace(self, waiting={**self.waiting, mint: (*self.waiting.get(mint, ()), waiting)})

    def left(self, mint: str, still: tuple[Waiting, ...]) -> "Book":
        """Return the book in which only these orders still wait for `mint`."""
        others = {key: value for key, value in self.waiting.items() if key != mint}
        return msgspec.structs.replace(self, waiting={**others, mint: still} if still else others)


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


def _newest(items: dict[str, V], size_max: int) -> dict[str, V]:
    """Return `items` without the oldest above the bound."""
    while len(items) > size_max:
        del items[next(iter(items))]
    return items
