"""tracer's edge: read what ended, hand it to the collector, and keep how far it has taken it."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from memesnipe.bus.api import Batch, Bus, StaleState, State
from memesnipe.bus.following import cursors, new_entries
from memesnipe.bus.redis_bus import connect
from memesnipe.bus.stored import stored
from memesnipe.bus.topology import CONFIG, FILLS, STATE_KEY
from memesnipe.bus.trim import FOLDED_MS
from memesnipe.kernel.clock import NS_PER_MS, NS_PER_S
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.kernel.pauses import pause_s
from memesnipe.kernel.service import Running, run
from memesnipe.kernel.settings import load
from memesnipe.tracing import metrics
from memesnipe.tracing.backlog import Backlog, Book, behind, spans_in
from memesnipe.tracing.settings import TracingSettings
from memesnipe.tracing.spans import Span

if TYPE_CHECKING:  # a heavy library comes with it
    from memesnipe.tracing.collector import Answer, Collector

STAGE = "tracer"
STATE = STATE_KEY.format(stage=STAGE)
LOOK_S = 1.0
KEPT_EVERY_NS = 30 * NS_PER_S
"""How often the time of the last look is kept while nothing happens."""
HAND_OVER_NS = 5 * NS_PER_S
PAUSE_S_FIRST, PAUSE_S_LONGEST = 1.0, 60.0
REMEDY = "MEMESNIPE_OTLP_URL must lead to a collector that takes OTLP over HTTP; 401 and 403 are about MEMESNIPE_OTLP_HEADERS_FILE"
_decoder = msgspec.msgpack.Decoder(Book)
_encode = msgspec.msgpack.Encoder().encode
log = logger()


class Tracer:
    """One instance; what it read and could not hand over yet outlives a connection, not the process."""

    def __init__(self, running: Running, collector: "Collector") -> None:
        self._running, self._collector, self._backlog = running, collector, Backlog()
        self._book, self._version = Book(), 0
        self._read: dict[str, str] = {}
        self._strategies: set[str] = set()
        self._failures, self._again_ns, self._kept_ns = 0, 0, 0

    async def take_up(self, bus: Bus) -> None:
        """Take up what is stored. Raises Unavailable, StaleState, Bug. Where Redis lost it all, what we hold is the only copy."""
        state = await bus.load(STATE)
        self._book, self._version = stored(_decoder, state.data, self._book, STAGE), state.version
        now_ns = self._running.clock.now_ns()
        if not self._book.began_ms:
            self._book = Book(began_ms=now_ns // NS_PER_MS, seen_ns=now_ns)
        elif now_ns - self._book.seen_ns > FOLDED_MS * NS_PER_MS:
            log.warning("was_away", minutes=(now_ns - self._book.seen_ns) // (60 * NS_PER_S))
        self._read = self._book.after | self._read
        await self._keep(bus)

    async def look(self, bus: Bus) -> None:
        """Take in what ended since the last look. Raises Unavailable."""
        for entry in await bus.fold(CONFIG.name, self._read.get(CONFIG.name, "0")):
            self._read[CONFIG.name] = entry.id
            self._strategies |= {one.id for one in entry.message.strategies}  # exits of one that was taken away still fill
        names = [FILLS.of(strategy) for strategy in sorted(self._strategies)]
        entries = await new_entries(bus, names, self._read, self._book.began_ms)
        self._read |= cursors(entries)
        gone = self._backlog.add(entries)
        metrics.DROPPED.labels("backlog").inc(len(spans_in(gone)))
        metrics.WAITING.set(len(self._backlog))
        self._book = msgspec.structs.replace(behind(self._book, gone), seen_ns=self._running.clock.now_ns())

    async def hand_over(self, bus: Bus) -> None:
        """Give the collector what waits, for a few seconds: what ends meanwhile must be read before its stream is trimmed.

        Nothing is given where it was asked in vain a short while ago. Raises Unavailable, StaleState.
        """
        until_ns = self._running.clock.now_ns() + HAND_OVER_NS
        while len(self._backlog) and self._again_ns <= self._running.clock.now_ns() < until_ns and not self._running.stop.is_set():
            batch = self._backlog.batch()
            spans = spans_in(batch)
            answer = await self._exported(spans)
            if answer.taken or answer.final:
                self._count(answer, len(spans))
                self._backlog.done(len(batch))
                self._book = behind(self._book, batch)
                failpoint("tracing.exported")
                await self._keep(bus)
        metrics.WAITING.set(len(self._backlog))
        if self._running.clock.now_ns() - self._kept_ns > KEPT_EVERY_NS:
            await self._keep(bus)

    async def _exported(self, spans: Sequence[Span]) -> "Answer":
        """Ask the collector, and note whether it answers: a line when that changes, not one for each time."""
        with metrics.EXPORT_S.time():
            answer = await self._collector.export(spans)
        if answer.why:
            metrics.FAILED.labels(answer.why).inc()
        if answer.taken and self._failures:
            log.info("collector_takes_again", failures=self._failures, waiting=len(self._backlog))
        elif answer.why and not self._failures:
            log.warning("collector_does_not_take", why=answer.why, final=answer.final, remedy=REMEDY)
        self._failures = 0 if answer.taken else self._failures + 1
        again_s = 0.0 if answer.taken or answer.final else max(answer.after_s, pause_s(self._failures, PAUSE_S_FIRST, PAUSE_S_LONGEST))
        self._again_ns = self._running.clock.now_ns() + int(min(again_s, PAUSE_S_LONGEST) * NS_PER_S)
        return answer

    @staticmethod
    def _count(answer: "Answer", spans: int) -> None:
        if answer.taken:
            metrics.EXPORTED.inc(max(0, spans - answer.rejected))
            metrics.DROPPED.labels("rejected").inc(min(spans, answer.rejected))
        else:
            metrics.DROPPED.labels("refused").inc(spans)

    async def _keep(self, bus: Bus) -> None:
        self._kept_ns = self._running.clock.now_ns()
        self._version = await bus.commit(Batch(STAGE, ()), (), State(STATE, self._version, _encode(self._book)))


async def serve(settings: TracingSettings, running: Running) -> None:
    """Look and hand over until stopped; when Redis goes away, or another instance writes, start over from what is stored."""
    collector = _collector(settings)
    tracer = Tracer(running, collector)
    try:
        while not running.stop.is_set():
            bus = await connect(settings, running.clock, service=STAGE)
            try:
                await _serve(tracer, bus, running)
            except (Unavailable, StaleState) as error:
                running.health.ready(False, str(error))
                log.warning("unavailable", detail=str(error))
                await asyncio.sleep(LOOK_S)
            finally:
                await bus.close()
    finally:
        await collector.close()


async def _serve(tracer: Tracer, bus: Bus, running: Running) -> None:
    """A collector that is away is no reason not to be ready: nobody can do anything about it here."""
    await tracer.take_up(bus)
    while not running.stop.is_set():
        await tracer.look(bus)
        running.health.ready(True)
        await tracer.hand_over(bus)
        await asyncio.sleep(LOOK_S)


def _collector(settings: TracingSettings) -> "Collector":
    settings.url()  # what is wrong with the settings is said first
    try:
        from memesnipe.tracing.collector import Collector
    except ModuleNotFoundError:
        raise ConfigError("opentelemetry-proto is not installed: pip install 'memesnipe[tracing]', or the runtime image") from None
    return Collector(settings)


def main() -> int:
    """Run tracer; return its exit code."""
    settings = load(TracingSettings)
    return run(STAGE, settings, lambda running: serve(settings, running))
