"""The last price of each token and its closes by the minute: bounded, fed by prices alone, stored in parts.

A token's minutes are filled up with its last close: in a pool nothing moves without a trade. That holds while prices come at all; a whole
minute without any is a hole in the feed, and minutes from before it count no more. The token longest without a price is forgotten first.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import msgspec

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import Bug
from memesnipe.market.curves import GUESSED
from memesnipe.messages.codec import encode as pack
from memesnipe.messages.market import DepthQuote, MarketEvent, PriceTick

TOKENS_MAX = 512
CLOSES_MAX = 61
"""An hour of one-minute returns."""
RETURNS_MIN = 10
"""Fewer returns than this say nothing of how a token moves."""
MINUTE_NS = 60 * NS_PER_S
FEED = "feed"
TOKEN = "token:"  # noqa: S105 - before a mint in a part's name


class Token(msgspec.Struct, gc=False, array_like=True):
    """One token."""

    venue: str
    reserve_lamports: int
    """SOL in its pool, 0 where nobody knows."""
    time_ns: int
    minute: int
    """Of the last close, in minutes since 1970."""
    closes: list[float]
    """Lamports a unit, by the minute without a gap, oldest first."""
    number: int = 0
    """Grows from price to price: who has the lowest is forgotten first."""
    levels: tuple[tuple[int, int], ...] = ()
    """(lamports, impact in bps) of buys as they were quoted."""
    quoted_ns: int = 0


class Feed(msgspec.Struct, array_like=True):
    """All prices together."""

    time_ns: int = 0
    """Of the newest price of all."""
    since_minute: int = 0
    """Minutes before it lie behind a hole in the feed."""
    number: int = 0

    @property
    def minute(self) -> int:
        """Return the minute of the newest price."""
        return self.time_ns // MINUTE_NS


class Memory:
    """Changed by what it is told. `minutes`: whether closes are kept; a backtest whose limits ask for none does without."""

    def __init__(self, *, minutes: bool = True) -> None:
        self.feed = Feed()
        self.tokens: dict[str, Token] = {}
        self._minutes = minutes
        self._changed: dict[str, None] = {}
        """Names of parts that differ from what is stored."""

    def learn(self, events: Sequence[MarketEvent], latest_ns: int) -> int:
        """Take what a frame tells; return how many of its events are from after `latest_ns`: those are left out."""
        future = 0
        for event in events:
            if event.time_ns > latest_ns:
                future += 1
            elif isinstance(event, PriceTick):
                self.see(event)
            elif isinstance(event, DepthQuote):
                self.hear(event)
        return future

    def see(self, tick: PriceTick) -> None:
        """Take a price; one that is older than the token's last is ignored, and the same again changes nothing."""
        mint, time_ns = tick.mint, tick.time_ns
        known = self.tokens.get(mint)
        if known is not None and time_ns < known.time_ns:
            return
        self._move(time_ns)
        token = self._told(mint, tick.venue, time_ns)
        token.venue, token.time_ns = tick.venue, time_ns
        token.reserve_lamports = 0 if tick.venue == GUESSED else tick.quote_lamports
        if self._minutes:
            _close(token, time_ns // MINUTE_NS, tick.quote_lamports / tick.base_units)

    def hear(self, depth: DepthQuote) -> None:
        """Take quotes of buys of several sizes: what is known of a token whose reserves nobody states."""
        token = self.tokens.get(depth.mint)
        if token is None or depth.time_ns < token.quoted_ns:
            return
        token.levels = tuple((level.size_lamports, level.impact_bps) for level in depth.levels)
        token.quoted_ns = depth.time_ns
        self._changed[TOKEN + depth.mint] = None

    def returns(self, mint: str) -> list[float] | None:
        """Return a token's one-minute returns up to the minute of the newest price, oldest first; None where too few are known."""
        token = self.tokens.get(mint)
        if token is None or not token.closes:
            return None
        quiet = min(self.feed.minute - token.minute, CLOSES_MAX)
        closes = (token.closes + [token.closes[-1]] * quiet)[-CLOSES_MAX:]
        closes = closes[-(self.feed.minute - self.feed.since_minute + 1) :]
        if len(closes) <= RETURNS_MIN:
            return None
        return [after / before - 1 for before, after in pairwise(closes)]

    def forget_depths(self) -> None:
        """Take no pool for as deep as it was: prices were lost, and its liquidity may be gone. Each token's next price says it anew."""
        for token in self.tokens.values():
            token.reserve_lamports, token.levels = 0, ()

    def changed_parts(self) -> dict[str, bytes]:
        """Return what differs from what is stored, by name; b"" for a token that was forgotten."""
        return {name: self._part(name) for name in self._changed}

    def are_stored(self) -> None:
        """Note that the parts are stored."""
        self._changed.clear()

    def _part(self, name: str) -> bytes:
        if name == FEED:
            return pack(self.feed)
        token = self.tokens.get(name.removeprefix(TOKEN))
        return pack(token) if token else b""

    def _move(self, time_ns: int) -> None:
        feed, minute = self.feed, time_ns // MINUTE_NS
        if minute > feed.minute + 1:
            feed.since_minute = minute
        feed.time_ns = max(feed.time_ns, time_ns)
        feed.number += 1
        self._changed[FEED] = None

    def _told(self, mint: str, venue: str, time_ns: int) -> Token:
        """Return the token, which is now the last to be forgotten."""
        token = self.tokens.pop(mint, None) or Token(venue, 0, time_ns, 0, [])
        self.tokens[mint] = token
        token.number = self.feed.number
        self._changed[TOKEN + mint] = None
        if len(self.tokens) > TOKENS_MAX:
            oldest = next(iter(self.tokens))
            del self.tokens[oldest]
            self._changed[TOKEN + oldest] = None
        return token


def _close(token: Token, minute: int, price: float) -> None:
    """Note the price as the close of its minute."""
    gap = minute - token.minute
    if not token.closes or gap > CLOSES_MAX:
        token.closes = [price]
    elif gap == 0:
        token.closes[-1] = price
    else:
        token.closes = (token.closes + [token.closes[-1]] * (gap - 1) + [price])[-CLOSES_MAX:]
    token.minute = minute


_token_decoder = msgspec.msgpack.Decoder(Token)
_feed_decoder = msgspec.msgpack.Decoder(Feed)


def restored(parts: Mapping[str, bytes]) -> Memory:
    """Return the memory as stored. Raises Bug when the bytes are not ours."""
    memory = Memory()
    try:
        memory.feed = _feed_decoder.decode(parts[FEED]) if FEED in parts else Feed()
        memory.tokens = dict(sorted(_tokens(parts), key=lambda named: named[1].number))
    except msgspec.DecodeError as error:
        raise Bug(f"stored market memory of risk_guardian cannot be read: {error}") from error
    return memory


def _tokens(parts: Mapping[str, bytes]) -> Iterator[tuple[str, Token]]:
    for name, part in parts.items():
        if name.startswith(TOKEN):
            yield name.removeprefix(TOKEN), _token_decoder.decode(part)
