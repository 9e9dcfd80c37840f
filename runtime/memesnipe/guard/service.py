"""The edge of wallet_guard: read, decide, commit in one step, count. Live orders leave for `live`, one task each."""

import asyncio
import time

from memesnipe.bus import topology
from memesnipe.bus.api import Batch, Bus, Output, StaleState, State, Subscription
from memesnipe.bus.redis_bus import connect
from memesnipe.chain import costs
from memesnipe.guard import book as books
from memesnipe.guard import decide, desk, effects, metrics
from memesnipe.guard.book import Book
from memesnipe.guard.folds import Folds
from memesnipe.guard.paper import Terms
from memesnipe.guard.settings import GuardSettings
from memesnipe.guard.standing import Standing
from memesnipe.kernel.clock import NS_PER_MS, NS_PER_S
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.kernel.metrics import HOP_LATENCY_S
from memesnipe.kernel.service import Running, run
from memesnipe.kernel.settings import load
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ApprovedOrder, Outcome

GROUP = "wallet_guard"
STATE = topology.STATE_KEY.format(stage=GROUP)
READ_MS = 100
"""No read blocks longer, so a halt is seen within a fraction of its one second."""
FOLD_EVERY_S = 0.1


def terms_of(settings: GuardSettings) -> Terms:
    """Return what paper charges under these settings."""
    return Terms(
        seed=settings.seed,
        slots_max=settings.paper_slots_max,
        failure_bps=settings.paper_failure_bps,
        timeout_ns=settings.paper_timeout_ms * NS_PER_MS,
        fee_lamports=costs.network_fee_lamports(settings.compute_units, settings.compute_unit_price_micro_lamports),
        tip_lamports=settings.tip_lamports,
    )


class Guard:
    """The running stage: its bus, its book and what is in force."""

    def __init__(self, running: Running, settings: GuardSettings, bus: Bus) -> None:
        self._running, self._settings, self._bus = running, settings, bus
        self._folds = Folds(bus, settings.guard_trade_size_lamports_max)
        self._terms = terms_of(settings)
        self._book, self._version = Book(), 0
        # A replay is the same on every run only if each turn sees every halt that came before it.
        self._fold_every_s = 0.0 if settings.clock == "replay" else FOLD_EVERY_S
        self._folded_s = -1.0

    async def serve(self) -> None:
        """Trade until asked to stop."""
        readers = [Subscription(stream, _reader(stream)) for stream in (topology.PRICE, topology.APPROVED)]
        await self._bus.subscribe(readers)
        standing = await self._first_standing()
        if standing is None:
            return
        await self._restore()
        self._running.health.ready(True)
        while not self._running.stop.is_set():
            try:
                standing = await self._turn(standing)
            except Unavailable as error:
                logger().warning("bus_unavailable", detail=str(error))
                await asyncio.sleep(error.retry_after_s)

    async def _turn(self, standing: Standing) -> Standing:
        batch = await self._bus.read(block_ms=READ_MS)
        if time.monotonic() - self._folded_s >= self._fold_every_s:
            standing = await self._folds.refresh() or standing
            self._folded_s = time.monotonic()
        if batch is not None:
            await self._handle(batch, standing)
        await self._expire()
        return standing

    async def _handle(self, batch: Batch, standing: Standing) -> None:
        folded = desk.fold(self._book, batch.entries, standing, self._terms, self._running.clock.now_ns())
        written = [effects.outputs(outcomes) for outcomes in folded.outcomes]
        failpoint("guard.before_commit")
        try:
            await self._commit(batch, written, folded.book)
        except StaleState:
            await self._restore()  # nothing was written, and the bus gives the batch again
            return
        failpoint("guard.after_commit")
        self._count(batch, folded.outcomes)

    def _count(self, batch: Batch, outcomes: list[list[Outcome]]) -> None:
        now_ns = self._running.clock.now_ns()
        for entry, caused in zip(batch.entries, outcomes, strict=True):
            effects.count(caused)
            if isinstance(entry.message, ApprovedOrder):
                HOP_LATENCY_S.labels(decide.STAGE).observe((now_ns - entry.message.time_ns) / NS_PER_S)

    async def _expire(self) -> None:
        """End overdue orders. No entry causes this, so each outcome is published under its key first: again is harmless."""
        book, outcomes = decide.expire(self._book, self._running.clock.now_ns(), self._terms)
        if not outcomes:
            return
        failpoint("guard.before_expire")
        for output in effects.outputs(outcomes):
            await self._bus.publish(output.stream, output.message, output.key)
        failpoint("guard.after_expire_published")
        try:
            await self._commit(Batch(GROUP, ()), [], book)
        except StaleState:
            await self._restore()
            return
        effects.count(outcomes)

    async def _commit(self, batch: Batch, written: list[list[Output]], book: Book) -> None:
        state = State(STATE, self._version, books.to_bytes(book))
        self._version = await self._bus.commit(batch, written, state)
        self._book = book
        metrics.PENDING.labels(Mode.PAPER.value).set(book.waiting_count())

    async def _restore(self) -> None:
        state = await self._bus.load(STATE)
        self._book, self._version = books.from_bytes(state.data), state.version

    async def _first_standing(self) -> Standing | None:
        """Wait for a configuration; None when asked to stop before there is one."""
        self._running.health.ready(False, "no configuration applied yet")
        while not self._running.stop.is_set():
            if standing := await self._folds.refresh():
                return standing
            await asyncio.sleep(0.1)
        return None


async def serve(running: Running, settings: GuardSettings) -> None:
    """Connect, trade, disconnect."""
    bus = await connect(settings, running.clock, service="wallet_guard")
    try:
        await Guard(running, settings, bus).serve()
    finally:
        await bus.close()


def main() -> int:
    """Run wallet_guard; return the process's exit code."""
    settings = load(GuardSettings)
    return run("wallet_guard", settings, lambda running: serve(running, settings))


def _reader(stream: topology.Stream) -> topology.Reader:
    return next(reader for reader in stream.readers if reader.group == GROUP)
