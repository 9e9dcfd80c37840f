"""wallet_guard's paper state: reserves last seen, orders waiting for their slot, intents decided lately. Bounded.

It is committed with the effects it caused, so a crash can neither lose a waiting order nor fill it twice. What grows with the
market, pools and token accounts, is stored in parts, and a commit carries those that changed.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from memesnipe.guard.paper import Cost
from memesnipe.kernel.errors import Bug
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import ApprovedOrder
from memesnipe.messages.way import StampNs

POOLS_MAX = 512
"""Tokens whose reserves are remembered; the one longest without a trade goes first."""
RECENT_MAX = 64
"""The bus drops a second order of the same intent by its key; this is a second belt, so it may be short."""
ACCOUNTS_MAX = 1_024
POOL, ACCOUNT = "pool:", "account:"
"""Before a mint or an account in a part's name."""
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
    cost: Cost | None = None
    """What the rehearsal said its place in a block costs; without one the settings say it."""
    taken_ns: StampNs = 0


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
    numbered: int = 0
    """Parts stored so far; a part's number says how old it is."""
    touched: dict[str, None] = {}
    """Parts that differ from what is stored, the latest last; never stored itself."""
    before: dict[str, PriceTick] = {}
    """By mint, the event before the one in `pools`: together they say how the price moves."""

    def copy(self) -> "Book":
        """Return a book of its own; the values inside are frozen and shared."""
        return Book(
            self.pools.copy(), self.waiting.copy(), self.recent.copy(), self.accounts.copy(), self.slot, self.waits,
            self.numbered, self.touched.copy(), self.before.copy(),
        )  # fmt: skip

    def see(self, tick: PriceTick) -> None:
        """Note a trade; of one token the last counts."""
        before = self.pools.pop(tick.mint, None)
        if before is not None:
            self.before[tick.mint] = before
        self.pools[tick.mint] = tick
        self.slot = max(self.slot, tick.slot)
        self._touch(POOL + tick.mint)
        if len(self.pools) > POOLS_MAX:
            self._forget(_drop_oldest(self.pools))

    def note(self, intent_id: str) -> None:
        """Note an intent as decided."""
        self.recent[intent_id] = None
        if len(self.recent) > RECENT_MAX:
            _drop_oldest(self.recent)

    def open_account(self, account: str) -> None:
        """Note that this token account exists."""
        if account in self.accounts:
            return
        self.accounts[account] = None
        self._touch(ACCOUNT + account)
        if len(self.accounts) > ACCOUNTS_MAX:
            self._touch(ACCOUNT + _drop_oldest(self.accounts))

    def _forget(self, mint: str) -> None:
        self.before.pop(mint, None)
        self._touch(POOL + mint)

    def _touch(self, part: str) -> None:
        self.touched.pop(part, None)
        self.touched[part] = None

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


class Numbered(msgspec.Struct, frozen=True, array_like=True):
    """A part as stored. Parts come back in no order; their numbers give it back."""

    number: int
    tick: PriceTick | None = None
    """None in an account's part."""
    before: PriceTick | None = None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Book)
_part_decoder = msgspec.msgpack.Decoder(Numbered)


def to_bytes(book: Book) -> bytes:
    """Return what is stored whole with every commit."""
    return _encoder.encode(Book({}, book.waiting, book.recent, {}, book.slot, book.waits, book.numbered + len(book.touched)))


def changed_parts(book: Book) -> dict[str, bytes]:
    """Return the parts that differ from what is stored; b"" for one that was dropped."""
    return {name: _part(book, name, number) for number, name in enumerate(book.touched, book.numbered)}


def stored(book: Book) -> Book:
    """Return the book once its parts are stored."""
    book = book.copy()
    book.numbered += len(book.touched)
    book.touched.clear()
    return book


def from_bytes(raw: bytes, parts: Mapping[str, bytes] = {}) -> Book:
    """Return the stored book; an empty one from no bytes. Raises Bug if what we wrote cannot be read."""
    try:
        book = _decoder.decode(raw) if raw else Book()
        numbered = {name: _part_decoder.decode(part) for name, part in parts.items()}
    except msgspec.DecodeError as error:
        raise Bug(f"stored state of wallet_guard cannot be read: {error}") from error
    for name, part in sorted(numbered.items(), key=lambda item: item[1].number):
        if part.tick is not None:
            book.pools[part.tick.mint] = part.tick
            if part.before is not None:
                book.before[part.tick.mint] = part.before
        else:
            book.accounts[name.removeprefix(ACCOUNT)] = None
    return book


def _part(book: Book, name: str, number: int) -> bytes:
    if name.startswith(POOL):
        mint = name.removeprefix(POOL)
        tick = book.pools.get(mint)
        return _encoder.encode(Numbered(number, tick, book.before.get(mint))) if tick is not None else b""
    return _encoder.encode(Numbered(number)) if name.removeprefix(ACCOUNT) in book.accounts else b""


def _drop_oldest(items: dict[str, Any]) -> str:
    oldest = next(iter(items))
    del items[oldest]
    return oldest
