"""A market as columns: read once, then gone through by any number of compiled runs.

Only prices are kept; other events move the clock of a run and nothing else that a strategy on prices could meet.
"""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from memesnipe.guard.book import POOLS_MAX
from memesnipe.kernel.errors import ConfigError
from memesnipe.market.curves import PUMPFUN, pool_of
from memesnipe.messages.bounds import Side
from memesnipe.messages.market import PriceTick
from memesnipe.research.backtest.market import Market
from memesnipe.research.backtest.stress import Stress
from memesnipe.research.lane.book import C, Ticks
from memesnipe.research.lane.liquidity import least_left
from memesnipe.research.stats.series import Floats, Ints

QUOTE_MAX, BASE_MAX = 2**47, 2**57
"""Beyond 140,000 SOL or 144 million billion units the lane's arithmetic is not proven exact (see `exact`)."""
FLOAT_EXACT_MAX = 2**53


class Kind(NamedTuple):
    """What ticks of one kind of pool share."""

    venue: str
    fee_bps: int
    decimals: int


class Grouped(msgspec.Struct, frozen=True):
    """What strategies hear, token by token, as a signal wants it. `places`: the tick of each value; `starts`: where a token's begin."""

    times_ns: Ints
    prices: Floats
    flows: Floats
    places: Ints
    starts: tuple[int, ...]


class Columns(msgspec.Struct, frozen=True):
    """A market, read. `kinds` are the rows that `ticks.pool` names, each with one tick of the kind."""

    name: str
    ticks: Ticks
    heard: Grouped
    mints: tuple[str, ...]
    kinds: tuple[tuple[Kind, PriceTick], ...]
    events: int
    first_ns: int
    last_ns: int
    liquidity_left: float = 1.0
    """The smallest share of a pool's liquidity that was ever left of its highest."""

    def pools(self, stress: Stress) -> Ints:
        """Return the pools' table as wallet_guard sees it under the stress."""
        found = [pool_of(stress.tick(tick)) for _, tick in self.kinds]
        rows = [(p.fee_bps, p.creator_fee_bps, p.venue == PUMPFUN, p.locked_quote_lamports, p.locked_base_units) for p in found]
        return np.array(rows, dtype=np.int64)

    def tick(self, at: int) -> PriceTick:
        """Return a tick's reserves as an event, without what only strategies want to know."""
        row = [int(value) for value in self.ticks.whole[:, at]]
        kind, _ = self.kinds[row[C.pool]]
        event_id = bytes(self.ticks.ids[at][: row[C.id_bytes]]).decode()
        return PriceTick(
            event_id, row[C.time_ns], row[C.slot], self.mints[row[C.token]], kind.venue, row[C.quote], row[C.base], kind.decimals,
            fee_bps=kind.fee_bps,
        )  # fmt: skip


def columns_of(market: Market) -> Columns:
    """Read a market. Raises ConfigError for one that the lane cannot go through as the engine does, BadInput on a bad event."""
    reading = _Reading()
    for event, heard in market.events():
        reading.take(event, heard)
    return reading.columns(market.name)


class _Reading:
    """Columns while they grow."""

    def __init__(self) -> None:
        self.whole = [array("q") for _ in C]
        self.flows, self.ids = array("d"), list[bytes]()
        self.mints, self.last = dict[str, int](), dict[int, int]()
        self.kinds = dict[Kind, tuple[int, PriceTick]]()
        self.events, self.first_ns, self.last_ns = 0, 0, 0

    def take(self, event: object, heard: bool) -> None:
        """Note one event."""
        self.events += 1
        time_ns = event.time_ns  # type: ignore[attr-defined] # every market event has it
        if time_ns > self.last_ns:
            self.first_ns, self.last_ns = self.first_ns or time_ns, time_ns
        if isinstance(event, PriceTick):
            self._price(event, heard)

    def _price(self, tick: PriceTick, heard: bool) -> None:
        token, at = self.mints.setdefault(tick.mint, len(self.mints)), len(self.ids)
        pool, _ = self.kinds.setdefault(Kind(tick.venue, tick.fee_bps, tick.decimals), (len(self.kinds), tick))
        raw, before, self.last[token] = tick.event_id.encode(), self.last.get(token, -1), at
        row = (tick.time_ns, tick.slot, tick.slot, tick.quote_lamports, tick.base_units, token, before, pool, len(raw), heard)
        for column, value in zip(self.whole, row, strict=True):
            column.append(value)
        self.flows.append(tick.trade_lamports if tick.trade_side is Side.BUY else -tick.trade_lamports if tick.trade_side else 0.0)
        self.ids.append(raw)

    def columns(self, name: str) -> Columns:
        """Return what was read. Raises ConfigError."""
        _require(bool(self.ids), "it has no prices")
        whole = np.array([np.frombuffer(column, dtype=np.int64) for column in self.whole])
        whole[C.slot_max] = np.maximum.accumulate(whole[C.slot])
        ids = np.array(self.ids, dtype=np.bytes_).view(np.uint8).reshape(len(self.ids), -1)
        ticks = Ticks(whole, _prices(whole[C.quote], whole[C.base]), ids)
        _look_at(whole, self.ids, len(self.mints))
        kinds = tuple((kind, tick) for kind, (_, tick) in self.kinds.items())
        heard = _grouped(ticks, np.frombuffer(self.flows, dtype=np.float64), len(self.mints))
        left = least_left(whole, [kind.venue for kind, _ in kinds])
        return Columns(name, ticks, heard, tuple(self.mints), kinds, self.events, self.first_ns, self.last_ns, left)


def _look_at(whole: Ints, ids: Sequence[bytes], tokens: int) -> None:
    """Refuse what the engine can run and the lane cannot. Raises ConfigError."""
    _require(tokens <= POOLS_MAX, f"it has {tokens} tokens, more than the {POOLS_MAX} of which wallet_guard remembers the pools")
    _require(bool(np.all(np.diff(whole[C.time_ns]) >= 0)), "its prices are not in the order of their times")
    known = np.flatnonzero(whole[C.before] >= 0)
    _require(bool(np.all(whole[C.slot][known] >= whole[C.slot][whole[C.before][known]])), "a token's slots go back")
    hashes = np.fromiter(map(hash, ids), dtype=np.int64, count=len(ids))
    _require(len(np.unique(hashes)) == len(ids), "an event comes twice")
    most = int(whole[C.quote].max()), int(whole[C.base].max())
    _require(most[0] < QUOTE_MAX and most[1] < BASE_MAX, f"its reserves reach beyond {QUOTE_MAX} lamports or {BASE_MAX} units")


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ConfigError(f"the compiled lane cannot run on this market: {otherwise}")


def _prices(quote: Ints, base: Ints) -> Floats:
    """Return the ratios as Python rounds them: right to the last bit, which two conversions of large numbers would not be."""
    prices: Floats = quote / base
    for at in np.flatnonzero(np.maximum(quote, base) > FLOAT_EXACT_MAX):
        prices[at] = int(quote[at]) / int(base[at])
    return prices


def _grouped(ticks: Ticks, flows: Floats, tokens: int) -> Grouped:
    heard = np.flatnonzero(ticks.whole[C.heard])
    token = ticks.whole[C.token][heard]
    order = np.argsort(token, kind="stable")
    places, starts = heard[order], np.searchsorted(token[order], np.arange(tokens + 1))
    return Grouped(ticks.whole[C.time_ns][places], ticks.price[places], flows[places], places, tuple(int(start) for start in starts))
