"""Reading the streams for the page: folds from their cursors, newest prices, lag of each group. Reads only; owns no group."""

from typing import Any, cast

import redis
from redis.exceptions import RedisError, ResponseError

from memesnipe.bus.api import Entry
from memesnipe.bus.folds import Halts, fold_halts, latest_config
from memesnipe.bus.rows import row_of
from memesnipe.bus.topology import ALLOCATIONS, CONFIG, DEAD_LETTERS, KILL_SWITCH, LAUNCH, POSITIONS, PRICE, STREAMS, Kind
from memesnipe.dashboard.facts import Lag, Price, StreamFacts
from memesnipe.kernel.errors import BadInput, Unavailable
from memesnipe.messages.control import AllocationDecision, ConfigApplied, PositionUpdate
from memesnipe.messages.market import Launch, PriceTick

PRICES_KEPT = 120
"""For each token."""
TOKENS_MAX = 200
"""Tokens whose prices are kept; the one longest without a price goes first."""
SYMBOLS_MAX = 5_000
PAGE = 500
PAGES_MAX = 20
"""Entries of one stream taken at a look: a page that was away for a day must not read a day's prices at once."""


class StreamReader:
    """Cursors into the streams and what they added up to. One thread uses it."""

    def __init__(self, client: "redis.Redis", prefix: str) -> None:
        self._client, self._prefix = client, prefix
        self._after: dict[str, str] = {}
        self._config: ConfigApplied | None = None
        self._halts = Halts()
        self._allocation: AllocationDecision | None = None
        self._updates: dict[tuple[str, str, str], PositionUpdate] = {}
        self._prices: dict[str, tuple[Price, ...]] = {}
        self._symbols: dict[str, str] = {}

    def look(self) -> StreamFacts:
        """Return what the streams say now. Raises Unavailable."""
        try:
            self._fold()
            self._watch_market()
            lags, dead = self._lags(), self._client.xlen(self._prefix + DEAD_LETTERS)
        except (RedisError, OSError) as error:
            raise Unavailable("redis", type(error).__name__) from error
        return StreamFacts(
            config=self._config, halts=self._halts, allocation=self._allocation, updates=tuple(self._updates.values()),
            prices=dict(self._prices), symbols=dict(self._symbols), lags=lags, dead_letters=dead,
        )  # fmt: skip

    def _fold(self) -> None:
        self._config = latest_config(self._config, self._new(CONFIG.name))
        self._halts = fold_halts(self._halts, self._new(KILL_SWITCH.name))
        for entry in self._new(ALLOCATIONS.name):
            self._allocation = entry.message
        for entry in self._new(POSITIONS.name):
            update: PositionUpdate = entry.message
            key = (update.strategy, update.mode.value, update.mint)
            if update.units:
                self._updates[key] = update
            else:
                self._updates.pop(key, None)

    def _watch_market(self) -> None:
        for name in (PRICE.name, LAUNCH.name):
            self._start_near_the_end(name)
            for entry in self._new(name):
                for event in entry.message.events:
                    if isinstance(event, PriceTick):
                        self._note_price(event)
                    elif isinstance(event, Launch):
                        self._note_symbol(event)

    def _note_price(self, tick: PriceTick) -> None:
        seen = self._prices.pop(tick.mint, ())
        self._prices[tick.mint] = (*seen, Price(tick.time_ns, tick.price_sol()))[-PRICES_KEPT:]
        if len(self._prices) > TOKENS_MAX:
            del self._prices[next(iter(self._prices))]

    def _note_symbol(self, launch: Launch) -> None:
        printable = "".join(letter for letter in launch.symbol if letter.isascii() and letter.isprintable())
        if printable:
            self._symbols[launch.mint] = printable[:12]
        if len(self._symbols) > SYMBOLS_MAX:
            del self._symbols[next(iter(self._symbols))]

    def _start_near_the_end(self, name: str) -> None:
        if name in self._after:
            return
        newest = cast("list[tuple[bytes, Any]]", self._client.xrevrange(self._prefix + name, count=PAGE))
        if newest:
            ms, _, sequence = newest[-1][0].decode().partition("-")
            self._after[name] = f"{int(ms) - 1}-{sequence}"

    def _new(self, name: str) -> list[Entry]:
        row, entries = row_of(name), list[Entry]()
        for _ in range(PAGES_MAX):
            after = self._after.get(name, "0")
            page = cast("list[tuple[bytes, dict[bytes, bytes]]]", self._client.xrange(self._prefix + name, f"({after}", "+", count=PAGE))
            for entry_id, fields in page:
                self._after[name] = entry_id.decode()
                try:
                    entries.append(row.decode(entry_id.decode(), [part for pair in fields.items() for part in pair]))
                except BadInput:
                    continue  # whoever reads it as a group, or folds it to act on it, keeps it in the dead-letter stream
            if len(page) < PAGE:
                break
        return entries

    def _lags(self) -> tuple[Lag, ...]:
        names = [name for stream in STREAMS if stream.kind is not Kind.FOLD for name in self._real_names(stream.name)]
        pipe = self._client.pipeline(transaction=False)
        for name in names:
            pipe.xinfo_groups(self._prefix + name)
        lags = []
        for name, groups in zip(names, pipe.execute(raise_on_error=False), strict=True):
            if isinstance(groups, ResponseError):
                continue  # no such stream yet
            if isinstance(groups, Exception):
                raise groups
            # Redis says None when it cannot tell, after entries were deleted: shown as unknown, which is not "none".
            lags += [Lag(name, _text(g["name"]), -1 if g["lag"] is None else int(g["lag"]), int(g["pending"])) for g in groups]
        return tuple(lags)

    def _real_names(self, name: str) -> list[str]:
        strategies = [strategy.id for strategy in self._config.strategies] if self._config else []
        return [name + strategy for strategy in strategies] if name.endswith(":") else [name]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
