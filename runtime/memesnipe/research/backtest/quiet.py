"""Prices that change nothing: put off until something looks at them, and then only the last two of each token count.

Most prices of a market are of a token that nobody holds and no order waits for; and one of a held token mostly moves its mark between a
stop and a goal, below the highest equity and above the deepest fall. Between those bounds every stage would note the price and say
nothing. So the bounds are worked out once, after each change, and a price within them costs two comparisons. What leaves them is decided
in full, by the stages' own code, after they were told what was put off. Bounds are a little narrower than the exact ones.
"""

from collections.abc import Mapping
from math import inf
from operator import attrgetter

import msgspec

from memesnipe.guard.book import POOLS_MAX
from memesnipe.kernel.clock import BEFORE_ANY_EVENT_NS
from memesnipe.messages.market import PriceTick

NEAR = 1e-9
"""Far more than what a ratio of two 63-bit numbers loses as a float."""
NEVER_NS = NEVER_SLOT = 2**63 - 1
MINTS_MAX = 4_096
"""Tokens that are told apart; with more, all are told anew."""


class Reserves(msgspec.Struct, frozen=True, gc=False):
    """The venue, and the product of both reserves between two numbers, neither included; without any the venue alone counts."""

    venue: str
    above: int = 0
    below: int = 0

    def hold(self, tick: PriceTick) -> bool:
        """Return whether a price's reserves are within."""
        return tick.venue == self.venue and (not self.below or self.above < tick.quote_lamports * tick.base_units < self.below)

    def within(self, other: "Reserves") -> "Reserves":
        """Return what is within both; of two venues none is."""
        if self.venue != other.venue:
            return Reserves("")
        tops = [one.below for one in (self, other) if one.below]
        return Reserves(self.venue, max(self.above, other.above), min(tops, default=0))


class Bounds(msgspec.Struct, frozen=True, gc=False):
    """Between which prices (lamports a unit) and reserves, and before which slot, a token's price changes nothing."""

    above: float = -inf
    below: float = inf
    before_slot: int = NEVER_SLOT
    reserves: Reserves | None = None


class Token(msgspec.Struct, gc=False):
    """One token's prices that were put off."""

    bounds: Bounds | None
    """None: it is free to move."""
    before: PriceTick | None = None
    last: PriceTick | None = None
    number: int = 0
    """Of the event that `last` is: tokens are told of in the order of their last trade."""


class Quiet:
    """What is put off, and how long that may go on."""

    __slots__ = ("_bounds", "_put_off", "_tokens", "latest_ns", "slot", "until_ns")

    def __init__(self) -> None:
        self.latest_ns, self.slot = BEFORE_ANY_EVENT_NS, 0
        """No stage's clock, and no slot seen, is beyond these: a price from before them is late, and decided in full."""
        self.until_ns = 0
        """From then on time itself may change something; 0: the bounds are not known."""
        self._bounds: Mapping[str, Bounds] = {}
        self._tokens: dict[str, Token] = {}
        self._put_off: list[Token] = []

    def keeps(self, tick: PriceTick, number: int) -> bool:
        """Put a price off and return True, unless it may matter. `number` grows from event to event. Paid for each price of a market."""
        if not (self.latest_ns <= tick.time_ns < self.until_ns and self.slot <= tick.slot):
            return False
        token = self._tokens.get(tick.mint) or self._new(tick.mint)
        bounds = token.bounds
        if bounds is not None and not (
            bounds.above < tick.quote_lamports / tick.base_units < bounds.below
            and tick.slot < bounds.before_slot
            and (bounds.reserves is None or bounds.reserves.hold(tick))
        ):
            return False
        if token.last is None:
            if len(self._put_off) >= POOLS_MAX:  # a token that wallet_guard forgot in between would be told of as if it had not
                return False
            self._put_off.append(token)
        token.before, token.last, token.number = token.last, tick, number
        self.latest_ns, self.slot = tick.time_ns, tick.slot
        return True

    def _new(self, mint: str) -> Token:
        if len(self._tokens) >= MINTS_MAX:
            self._tokens = {token.last.mint: token for token in self._put_off if token.last is not None}
        token = self._tokens[mint] = Token(self._bounds.get(mint))
        return token

    def taken(self) -> list[PriceTick]:
        """Return what was put off, and put off nothing more until the bounds are set anew."""
        self.until_ns = 0
        tokens, self._put_off = sorted(self._put_off, key=attrgetter("number")), []
        ticks = [tick for token in tokens for tick in (token.before, token.last) if tick is not None]
        for token in tokens:
            token.before = token.last = None
        return ticks

    def bound(self, bounds: Mapping[str, Bounds], latest_ns: int, slot: int, until_ns: int) -> None:
        """Set the bounds by mint: of tokens that are held or waited for. All others are free to move."""
        for mint in self._bounds.keys() | bounds.keys():
            if (token := self._tokens.get(mint)) is not None:
                token.bounds = bounds.get(mint)
        self._bounds, self.latest_ns, self.slot, self.until_ns = bounds, latest_ns, slot, until_ns
