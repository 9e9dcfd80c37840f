"""The edge of risk_guardian: read, decide, commit in one fenced step, count."""

import asyncio
import time

from memesnipe.bus.api import Batch, Bus, Output, StaleState, State, Subscription
from memesnipe.bus.holding import HOLD_S, Held
from memesnipe.bus.serving import serve
from memesnipe.bus.topology import DEPTH, EXITS, FILLS, HOLDINGS_KEY, INTENTS, PRICE, STATE_KEY, Stream
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.kernel.metrics import BAD_INPUT
from memesnipe.kernel.service import Running, run
from memesnipe.kernel.settings import load
from memesnipe.messages.codec import decode as decode_message
from memesnipe.messages.control import Holdings
from memesnipe.risk import book as books
from memesnipe.risk import metrics
from memesnipe.risk.book import Book
from memesnipe.risk.breakers import metrics as breaker_metrics
from memesnipe.risk.decide import STAGE, Seal, decide
from memesnipe.risk.folded import Folded
from memesnipe.risk.market import memory
from memesnipe.risk.market import metrics as market_metrics
from memesnipe.risk.market.memory import Memory
from memesnipe.risk.rules import Rules
from memesnipe.risk.seal import RiskSeal
from memesnipe.risk.settings import RiskSettings

STATE = STATE_KEY.format(stage=STAGE)
READ_MS = 100
HELD_READ_MS = 20
"""With something in hand that waits for its commit a quiet moment comes sooner."""
SHOW_S = 1.0
"""How old the gauges of breakers and markets may be: closed trades are looked through, and returns are worked out."""
UPKEEP_S = 0.05
"""A halt is seen within this and READ_MS together; folding at every turn would double the latency of an order."""
MARKET_S = 60.0
"""So long what changed in the memory of the market waits to be stored: it would be most of each commit."""

Outputs = tuple[tuple[Output, ...], ...]


class Guardian:
    """One instance's loop. In memory it is ahead of its last commit by what it holds; a commit that was refused reloads everything."""

    def __init__(self, bus: Bus, running: Running, seal: Seal) -> None:
        self._bus, self._running, self._seal = bus, running, seal
        self._folded = Folded(bus)
        self._book, self._version = Book(), 0
        self._heard: frozenset[str] = frozenset()
        # In a replay at every turn, and again AFTER each read: capital given while we waited for the first order must count for it
        # on every run, not only on those where we were slow.
        self._replays = not isinstance(running.clock, SystemClock)
        self._stored, self._held = self._book, self._empty()
        self._market, self._market_s = Memory(), 0.0
        self._upkeep_every_s = 0.0 if self._replays else UPKEEP_S
        self._upkeep_s = self._shown_s = 0.0

    async def reload(self) -> None:
        """Take up the stored book and fold everything anew. Raises Unavailable, Bug."""
        stored = await self._bus.load(STATE)
        self._book, self._version = books.decode(stored.data), stored.version
        self._market, self._market_s = memory.restored(stored.parts), time.monotonic()
        if not self._replays:
            self._market.forget_depths()
        self._stored, self._held = self._book, self._empty()
        self._folded, self._upkeep_s = Folded(self._bus), 0.0
        self._book = await self._folded.refresh(self._book)

    async def turn(self) -> None:
        """Fold what is new if it is time, read one batch, decide it, commit it. Raises Unavailable."""
        if time.monotonic() >= self._upkeep_s and not await self._upkeep():
            await asyncio.sleep(READ_MS / 1_000)
            return
        batch = await self._bus.read(block_ms=HELD_READ_MS if self._held.entries else READ_MS)
        if batch is None:
            await self._commit()
            return
        if self._replays:
            self._book = await self._folded.refresh(self._book)
        self._decide(batch)
        if self._held.is_due():
            await self._commit()

    async def _upkeep(self) -> bool:
        """Fold config, allocations and halts, hear new strategies, show the book; return whether there is something to work by."""
        self._book = await self._folded.refresh(self._book)
        if self._folded.rules.config is None:
            self._running.health.ready(False, "waiting for the first applied config")
            return False
        if not self._version and not await self._adopt():
            return False
        await self._subscribe()
        self._running.health.ready(True)
        self._show(self._folded.rules, self._running.clock.now_ns())
        self._upkeep_s = time.monotonic() + self._upkeep_every_s
        return True

    def _show(self, rules: Rules, now_ns: int) -> None:
        metrics.show(self._book, rules, now_ns)
        if rules.config is not None and time.monotonic() >= self._shown_s:
            breaker_metrics.show(self._book, rules, now_ns)
            market_metrics.show(self._book, self._market, rules.config.limits, now_ns)
            self._shown_s = time.monotonic() + SHOW_S

    async def _adopt(self) -> bool:
        """Start a book where none is stored, from what position_manager says is held; return whether it has spoken.

        Until then nothing is read. An empty book in place of a lost one would refuse every exit as NO_POSITION and give the room
        of what is held away; an order that waits is only late. Raises Unavailable.
        """
        held = await self._holdings()
        if held is None:
            self._running.health.ready(False, "no book is stored: waiting for position_manager to say what is held")
            return False
        book = books.adopt(self._book, held)
        failpoint("risk.before_adopted")
        try:
            self._version = await self._bus.commit(Batch(STAGE, ()), (), State(STATE, 0, books.encode(book)))
        except StaleState:
            await self.reload()  # another instance was first
            return False
        failpoint("risk.after_adopted")
        self._book = self._stored = book
        logger().info("book_adopted", accounts=len(held.accounts), positions=len(book.held_mints()))
        return True

    async def _holdings(self) -> Holdings | None:
        raw = await self._bus.get(HOLDINGS_KEY)
        try:
            return decode_message(Holdings, raw) if raw else None
        except BadInput as error:
            BAD_INPUT.labels(HOLDINGS_KEY, error.field[:32]).inc()
            logger().error("holdings_unreadable", field=error.field, reason=error.reason)
            return None

    def _decide(self, batch: Batch) -> None:
        """Decide a batch and hold it: prices and fills that cause nothing are committed with the next order (see `bus.holding`)."""
        batch = self._held.unseen(batch)
        self._book, outputs = decide_all(self._book, self._folded.rules, batch, self._running.clock.now_ns(), self._seal, self._market)
        self._held.add(batch, outputs)

    async def _commit(self) -> None:
        held = self._held
        if not held.entries:
            return
        parts = self._market_parts()
        state = None if self._book is self._stored and not parts else State(STATE, self._version, books.encode(self._book), parts)
        failpoint("risk.before_commit")
        try:
            version = await self._bus.commit(held.batch(), held.outputs, state)
        except StaleState as error:
            logger().warning("stale_state", detail=f"another instance committed, its book is taken up: {error}")
            await self.reload()
            return
        failpoint("risk.after_commit")
        breaker_metrics.count(self._stored, self._book)
        self._stored, self._version = self._book, version if state else self._version
        if parts:
            self._market.are_stored()
            self._market_s = time.monotonic()
        self._held = self._empty()
        metrics.count_all(held.batch(), held.outputs)

    def _market_parts(self) -> dict[str, bytes]:
        """Return what of the market's memory goes with this commit: in a replay all that changed, else once a minute.

        Less than a minute of prices is lost by a kill, and `forget_depths` takes nothing that mattered then for known.
        """
        waits = not self._replays and time.monotonic() - self._market_s < MARKET_S
        return {} if waits else self._market.changed_parts()

    def _empty(self) -> Held:
        return Held(0.0 if self._replays else HOLD_S)

    async def _subscribe(self) -> None:
        wanted = frozenset(self._folded.rules.strategies) | self._book.strategies_in_use()
        if wanted != self._heard:
            await self._bus.subscribe(subscriptions(tuple(sorted(wanted))))
            self._heard = wanted


def decide_all(book: Book, rules: Rules, batch: Batch, now_ns: int, seal: Seal, market: Memory) -> tuple[Book, Outputs]:
    """Return the book after a whole batch, folded one by one: each intent sees the room the last one took."""
    outputs = []
    for entry in batch.entries:
        book, caused = decide(book, rules, entry, now_ns, seal, market)
        outputs.append(caused)
    return book, tuple(outputs)


def subscriptions(strategies: tuple[str, ...]) -> tuple[Subscription, ...]:
    """Return what the guardian reads: prices, depth where nobody states reserves, and the outcomes, intents and exits of each strategy."""
    return (_reading(PRICE, ()), _reading(DEPTH, ()), *(_reading(stream, strategies) for stream in (FILLS, INTENTS, EXITS)))


def _reading(stream: Stream, strategies: tuple[str, ...]) -> Subscription:
    return Subscription(stream, next(reader for reader in stream.readers if reader.group == STAGE), strategies)


def main() -> int:
    """Start the service from the environment; return its exit code."""
    settings = load(RiskSettings)
    return run(STAGE, settings, lambda running: serve(STAGE, running, settings, lambda bus: Guardian(bus, running, RiskSeal(settings))))
