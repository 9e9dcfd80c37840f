"""The edge of wallet_guard: read, give paper and market data to the paper desk, live orders to tasks of their own."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from memesnipe.bus import topology
from memesnipe.bus.api import Batch, Bus, Entry, Subscription
from memesnipe.bus.redis_bus import connect
from memesnipe.chain import costs
from memesnipe.guard import opening
from memesnipe.guard.attempts import Attempts
from memesnipe.guard.folds import Folds
from memesnipe.guard.hosts import Hosts
from memesnipe.guard.inflight import InFlight
from memesnipe.guard.paper import Terms
from memesnipe.guard.paper_desk import GROUP, PaperDesk
from memesnipe.guard.settings import GuardSettings
from memesnipe.guard.standing import Standing
from memesnipe.kernel.clock import NS_PER_MS
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.kernel.service import Running, run
from memesnipe.kernel.settings import load
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ApprovedOrder

READ_MS = 100
"""No read blocks longer, so a halt is seen within a fraction of its one second."""
HELD_READ_MS = 20
"""With prices in hand that wait for their commit a quiet moment comes sooner."""
FOLD_EVERY_S = 0.1


def terms_of(settings: GuardSettings) -> Terms:
    """Return what paper charges under these settings."""
    return Terms(
        seed=settings.seed,
        slots_max=settings.paper_slots_max,
        slots_stir=settings.paper_slots_stir,
        failure_bps=settings.paper_failure_bps,
        failure_stir_bps=settings.paper_failure_stir_bps,
        timeout_ns=settings.paper_timeout_ms * NS_PER_MS,
        fee_lamports=costs.network_fee_lamports(settings.compute_units, settings.compute_unit_price_micro_lamports),
        tip_lamports=settings.tip_lamports,
    )


class Guard:
    """The running stage. `standing` is what is in force, renewed at each turn."""

    standing: Standing

    def __init__(self, running: Running, settings: GuardSettings, bus: Bus, hosts: Hosts) -> None:
        self._running, self._bus = running, bus
        self._folds = Folds(bus, settings.guard_trade_size_lamports_max)
        self._paper = PaperDesk(bus, running.clock, terms_of(settings), opening.rehearsal_of(settings, hosts))
        # A replay is the same on every run only if each turn sees every halt that came before it.
        self._fold_every_s = 0.0 if settings.clock == "replay" else FOLD_EVERY_S
        self._folded_s = time.monotonic()

    async def configured(self) -> bool:
        """Wait for the first configuration; False when asked to stop before there is one."""
        self._running.health.ready(False, "no configuration applied yet")
        while not self._running.stop.is_set():
            if standing := await self._folds.refresh():
                self.standing = standing
                return True
            await asyncio.sleep(0.1)
        return False

    async def trade(self, inflight: InFlight | None) -> None:
        """Read and decide until asked to stop. Without `inflight` live orders are refused."""
        await self._bus.subscribe([Subscription(stream, _reader(stream)) for stream in (topology.PRICE, topology.APPROVED)])
        await self._paper.restore()
        self._running.health.ready(True)
        while not self._running.stop.is_set():
            try:
                await self._turn(inflight)
            except Unavailable as error:
                logger().warning("bus_unavailable", detail=str(error))
                await asyncio.sleep(error.retry_after_s)
        with contextlib.suppress(Unavailable):  # what is not committed now is given again to the next start
            await self._paper.flush()

    async def _turn(self, inflight: InFlight | None) -> None:
        batch = await self._bus.read(block_ms=HELD_READ_MS if self._paper.holds else READ_MS)
        if time.monotonic() - self._folded_s >= self._fold_every_s:
            self.standing = await self._folds.refresh() or self.standing
            self._folded_s = time.monotonic()
        if batch is not None:
            await self._handle(batch, inflight)
        else:
            await self._paper.flush()
        await self._paper.expire()
        if inflight is not None:
            inflight.look_after()
            await inflight.pairs.publish()

    async def _handle(self, batch: Batch, inflight: InFlight | None) -> None:
        live = [entry for entry in batch.entries if _is_live(entry)] if inflight is not None else []
        if inflight is not None:
            for entry in live:
                inflight.take(entry)
            batch = Batch(batch.group, tuple(entry for entry in batch.entries if not _is_live(entry))) if live else batch
            inflight.pairs.see(batch.entries)
        if batch.entries:
            await self._paper.handle(batch, self.standing)
        if inflight is not None:
            inflight.pairs.begin((entry.message for entry in live), self._paper.book)


async def serve(running: Running, settings: GuardSettings) -> None:
    """Connect, trade, disconnect."""
    bus, hosts = await connect(settings, running.clock, service=GROUP), opening.hosts_of(settings)
    try:
        guard = Guard(running, settings, bus, hosts)
        if await guard.configured():
            async with _live_side(guard, running, settings, bus, hosts) as inflight:
                await guard.trade(inflight)
    finally:
        for client in hosts.clients:
            await client.close()
        await bus.close()


@contextlib.asynccontextmanager
async def _live_side(guard: Guard, running: Running, settings: GuardSettings, bus: Bus, hosts: Hosts) -> AsyncIterator[InFlight | None]:
    """The live half, where a signer is configured. Raises ConfigError for a missing key."""
    if not settings.signer_url:
        yield None
        return
    attempts = Attempts(settings.attempts_path)
    live = opening.live_of(settings, bus, running.clock, hosts, attempts, lambda: guard.standing)
    pairs = opening.pairs_of(settings, bus, running.clock, attempts, terms_of(settings))
    inflight = InFlight(bus, running.clock, GROUP, live, attempts, pairs)
    try:
        yield inflight
    finally:
        await inflight.stop()
        attempts.close()


def main() -> int:
    """Run wallet_guard; return the process's exit code."""
    settings = load(GuardSettings)
    return run(GROUP, settings, lambda running: serve(running, settings))


def _is_live(entry: Entry) -> bool:
    return isinstance(entry.message, ApprovedOrder) and entry.message.mode is Mode.LIVE


def _reader(stream: topology.Stream) -> topology.Reader:
    return next(reader for reader in stream.readers if reader.group == GROUP)
