"""Who speaks: reads what is new, makes notes of it, keeps them, and hands them to each destination at its own pace."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from memesnipe.bus.api import Batch, Bus, State
from memesnipe.bus.folds import Halts, fold_halts
from memesnipe.bus.following import cursors, new_entries
from memesnipe.bus.stored import stored
from memesnipe.bus.topology import ALLOCATIONS, CONFIG, KILL_SWITCH, STATE_KEY
from memesnipe.bus.trim import FOLDED_MS
from memesnipe.kernel.clock import NS_PER_MS, NS_PER_S
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.kernel.pauses import pause_s
from memesnipe.kernel.service import Running
from memesnipe.notify import metrics, wording
from memesnipe.notify.alerts import Alert
from memesnipe.notify.book import Book, Terms, for_destination, hear, hear_alerts, hear_silence, known, news, tell, tell_sums, took
from memesnipe.notify.delivery import together
from memesnipe.notify.destinations import Destination
from memesnipe.notify.firing import away
from memesnipe.notify.notes import Note
from memesnipe.notify.reading import names_of, newest

STAGE = "notifier"
STATE = STATE_KEY.format(stage=STAGE)
PAUSE_S_FIRST, PAUSE_S_LONGEST = 1.0, 300.0
"""For which a destination that did not take a message is left alone."""
KEPT_EVERY_NS = 30 * NS_PER_S
"""How often the time of the last look is kept while nothing happens."""
AWAY_NS = FOLDED_MS * NS_PER_MS
"""After so long order streams may have been trimmed."""
_decoder = msgspec.msgpack.Decoder(Book)
_encode = msgspec.msgpack.Encoder().encode
log = logger()


class Notifier:
    """One instance. The book is changed between awaits alone, and kept under a lock, one version after the other."""

    def __init__(
        self, bus: Bus, running: Running, terms: Terms, destinations: Sequence[Destination], threads: ThreadPoolExecutor, held: Book
    ) -> None:
        self._bus, self._running, self._terms, self.destinations, self._threads = bus, running, terms, destinations, threads
        self.book, self._version = held, 0
        self._strategies: set[str] = set()
        """All that were seen: exits of one that was taken away still fill."""
        self._keeping, self._news, self._unkept = asyncio.Lock(), asyncio.Event(), False

    async def take_up(self) -> None:
        """Take up what is stored; at the very first start take what stands for known. Raises Unavailable, StaleState, Bug.

        Where Redis lost it all, what we hold is the only copy.
        """
        state = await self._bus.load(STATE)
        self.book, self._version = stored(_decoder, state.data, self.book, STAGE), state.version
        now_ns = self._running.clock.now_ns()
        if not self.book.began_ms:
            self.book = await self._first(now_ns)
        elif now_ns - self.book.seen_ns > AWAY_NS:
            self.say(wording.of_absence(self.book.seen_ns, now_ns, self.book.stakes))
        self.book = msgspec.structs.replace(self.book, firing=away(self.book.firing, now_ns))
        self.book = known(self.book, [one.name for one in self.destinations])
        await self._keep()

    async def _first(self, now_ns: int) -> Book:
        config, halts = await newest(self._bus, CONFIG.name), fold_halts(Halts(), await self._bus.fold(KILL_SWITCH.name))
        allocation = await newest(self._bus, ALLOCATIONS.name)
        return Book(
            began_ms=now_ns // NS_PER_MS,
            seen_ns=now_ns,
            stakes=wording.stakes_of(config) if config else None,
            modes={one.id: one.mode for one in config.strategies} if config else {},
            halts=dict(halts.states),
            weights_bps={one.strategy: one.weight_bps for one in allocation.shares} if allocation else None,
        )

    async def look(self) -> None:
        """Make notes of what is new, and keep them before anybody hears of them. Raises Unavailable, StaleState."""
        self._strategies |= self.book.modes.keys()
        names = names_of(self._strategies)
        entries = await new_entries(self._bus, names, self.book.after, self.book.began_ms)
        now_ns, before = self._running.clock.now_ns(), self.book
        after, suppressed = hear(before, [entry.message for entry in entries], self._terms, now_ns)
        after, unsaid = hear_silence(after, self._terms, now_ns)
        after = tell_sums(after, self._terms, now_ns)
        self.book = msgspec.structs.replace(after, after={**after.after, **cursors(entries)})
        metrics.SUPPRESSED.inc(suppressed + unsaid)
        if news(before, self.book) or self._unkept or now_ns - before.seen_ns > KEPT_EVERY_NS:
            self.book = msgspec.structs.replace(self.book, seen_ns=now_ns)
            await self._keep()
        if self.book.numbered > before.numbered:
            self._announce(before.numbered)

    def say(self, one: Note) -> None:
        """Take a note that no stream caused; it is kept at the next look."""
        before = self.book.numbered
        self.book, said = tell(self.book, one, self._terms, self._running.clock.now_ns())
        if not said:
            metrics.SUPPRESSED.inc()
        self._unkept = True
        if self.book.numbered > before:
            self._announce(before)

    async def say_alerts(self, alerts: Sequence[Alert]) -> None:
        """Take what we are told of alerts, and keep it before its sender hears that we have it. Raises Unavailable, StaleState."""
        before = self.book.numbered
        self.book, unsaid = hear_alerts(self.book, alerts, self._terms, self._running.clock.now_ns())
        metrics.SUPPRESSED.inc(unsaid)
        if self.book.numbered > before:
            self._announce(before)
        await self._keep()

    def summarized(self, day: int) -> bool:
        """Return whether the summary of a day was said; on the first day there is nothing to sum up yet."""
        if not self.book.summary_day:
            self.book = msgspec.structs.replace(self.book, summary_day=day)
        return self.book.summary_day >= day

    def say_summary(self, day: int, one: Note) -> None:
        """Take the summary of a day."""
        self.book = msgspec.structs.replace(self.book, summary_day=day)
        self.say(one)

    async def deliver(self, destination: Destination) -> None:
        """Hand a destination what waits for it, for ever; one that does not answer is left alone for longer and longer."""
        failures = 0
        while True:
            waiting = for_destination(self.book, destination.name)
            metrics.WAITING.labels(destination.name).set(len(waiting))
            if not waiting:
                self._news.clear()
                await self._news.wait()
                continue
            lost = waiting[0].number - self.book.taken[destination.name] - 1
            one, number = together(waiting, lost)
            if await self._sent(destination, one, number):
                failures = 0
                metrics.DROPPED.labels(destination.name).inc(lost)
                failpoint("notify.sent")
                self.book = took(self.book, destination.name, number)
                await self._keep()
                continue
            failures += 1
            again_s = pause_s(failures, PAUSE_S_FIRST, PAUSE_S_LONGEST)
            log.warning("not_taken", destination=destination.name, failures=failures, again_in_s=again_s)
            await asyncio.sleep(again_s)

    async def _sent(self, destination: Destination, one: Note, number: int) -> bool:
        with metrics.SEND_S.labels(destination.name).time():
            sending = asyncio.get_running_loop().run_in_executor(self._threads, destination.send, one)
            try:
                taken = await asyncio.shield(sending)
            except asyncio.CancelledError:
                # The thread goes on, and may yet be heard: who starts over without knowing would say it a second time.
                if await sending:
                    self.book = took(self.book, destination.name, number)
                raise
        (metrics.SENT if taken else metrics.FAILED).labels(destination.name).inc()
        return taken

    async def _keep(self) -> None:
        async with self._keeping:
            self._unkept = False
            self._version = await self._bus.commit(Batch(STAGE, ()), (), State(STATE, self._version, _encode(self.book)))

    def _announce(self, after: int) -> None:
        """Wake who delivers, and count the notes beyond a number."""
        for one in self.book.waiting:
            if one.number > after:
                metrics.NOTED.labels(one.note.kind.value).inc()
        self._news.set()
