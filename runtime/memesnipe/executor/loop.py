"""One strategy's turn on the bus: read, decide, commit intents and state in one step. Knows the Bus protocol, not Redis."""

from memesnipe.bus import topology
from memesnipe.bus.api import Batch, Bus, Output, StaleState, State, Subscription
from memesnipe.bus.folds import Halts, fold_halts
from memesnipe.executor import metrics
from memesnipe.executor.book import Book
from memesnipe.executor.checks import Standing
from memesnipe.executor.decide import Heard, Seat, hear
from memesnipe.executor.faults import FaultLog
from memesnipe.executor.meter import BoundedMeter
from memesnipe.executor.seat import seated
from memesnipe.executor.settings import ExecutorSettings
from memesnipe.executor.state import pack, restore, unpack
from memesnipe.kernel.clock import NS_PER_MS, Clock
from memesnipe.kernel.failpoints import failpoint
from memesnipe.messages.market import MarketFrame
from memesnipe.messages.orders import OrderIntent
from memesnipe.strategy.contract import EventType
from memesnipe.strategy.loading import Plugin
from memesnipe.strategy.spec import StrategySpec

REPLAY = "replay"
IDLE_MS = 100
"""How long a read waits when nothing comes, before halts and capital are looked up again."""


def subscriptions(strategy: str, events: frozenset[EventType]) -> list[Subscription]:
    """Return what the executor of this strategy reads: its events, and the outcomes of its own orders."""
    streams = [topology.MARKET_STREAMS[event.value] for event in sorted(events)]
    return [Subscription(stream, _reader(stream), (strategy,)) for stream in (*streams, topology.FILLS)]


def _reader(stream: topology.Stream) -> topology.Reader:
    return next(reader for reader in stream.readers if reader.group == "executor")


class StrategyLoop:
    """What lives from one turn to the next: the seat, the state's version, and what was folded."""

    def __init__(self, bus: Bus, clock: Clock, settings: ExecutorSettings, spec: StrategySpec, plugin: Plugin) -> None:
        self._bus, self._clock, self._settings, self._spec, self._plugin = bus, clock, settings, spec, plugin
        self._meter, self._faults = BoundedMeter(spec.id), FaultLog(spec.id)
        self._state_name = topology.STRATEGY_STATE_KEY.format(strategy=spec.id)
        self._intents_stream = topology.INTENTS.of(spec.id)
        self._seat: Seat = seated(spec, plugin, Book(), self._meter)
        self._kinds = self._seat.kinds
        self._version, self._snapshot, self._stored_book = 0, b"", Book()
        self._halts = Halts()
        self._capital_lamports, self._capital_at = 0, "0"
        self._folded_ns = 0

    async def start(self) -> None:
        """Take up the strategy where its last commit left it."""
        await self._bus.subscribe(subscriptions(self._spec.id, self._seat.strategy.subscriptions))
        await self._fold()
        await self._reload()

    async def turn(self) -> int:
        """Read once, decide, commit; return how many entries were handled. Raises Unavailable when Redis stays away."""
        batch = await self._bus.read(count_max=self._settings.executor_read_count_max, block_ms=IDLE_MS)
        # After the read, so that in a replay everything of the earlier turns is seen, and a halt counts for what was just read.
        if self._fold_is_due():
            await self._fold()
        if batch is None:
            return 0
        await self._handle(batch)
        return len(batch.entries)

    def _fold_is_due(self) -> bool:
        return self._settings.clock == REPLAY or self._clock.now_ns() - self._folded_ns >= self._settings.executor_fold_every_ms * NS_PER_MS

    async def _fold(self) -> None:
        """Take in halts and capital. Both are judged newest first, so a restart folds to the same."""
        self._halts = fold_halts(self._halts, await self._bus.fold(topology.KILL_SWITCH.name, self._halts.after))
        shares = await self._bus.fold(topology.ALLOCATION.of(self._spec.id), self._capital_at)
        if shares:
            self._capital_at, self._capital_lamports = shares[-1].id, shares[-1].message.capital_lamports
        self._folded_ns = self._clock.now_ns()

    async def _reload(self) -> None:
        """Forget what is in memory and take up the stored state: somebody else committed, or nothing is in memory yet."""
        state = await self._bus.load(self._state_name)
        self._seat = seated(self._spec, self._plugin, Book(), self._meter)
        self._version, self._snapshot = state.version, b""
        if saved := unpack(state.data):
            self._snapshot = saved.snapshot
            if failure := restore(self._seat, saved):
                self._faults.note(failure, self._clock.now_ns())
        self._stored_book = self._seat.view.book

    async def _handle(self, batch: Batch) -> None:
        heard, outputs = self._decide(batch)
        failpoint("executor.before_commit")
        try:
            self._version = await self._bus.commit(batch, outputs, self._state(heard)) or self._version
        except StaleState:  # what of this batch is still ours to decide, the next read gives again
            metrics.RELOADS.labels(self._spec.id).inc()
            await self._reload()
            return
        failpoint("executor.after_commit")
        self._count(heard)

    def _decide(self, batch: Batch) -> tuple[Heard, list[list[Output]]]:
        view = self._seat.view
        view.book = view.book.allot(self._capital_lamports)
        heard, outputs = Heard(), []
        for entry in batch.entries:
            message, first = entry.message, len(heard.intents)
            if isinstance(message, MarketFrame):
                self._clock.observe(message.events[-1].time_ns)
                hear(self._seat, self._kinds, message.events, self._standing(), heard)
            else:
                view.book = view.book.settle(message)
            outputs.append([self._output(intent) for intent in heard.intents[first:]])
        return heard, outputs

    def _output(self, intent: OrderIntent) -> Output:
        return Output(self._intents_stream, intent, intent.id)

    def _standing(self) -> Standing:
        return Standing(
            now_ns=self._clock.now_ns(),
            halt=self._halts.effective(self._spec.id),
            event_age_ms_max=None if self._settings.clock == REPLAY else self._settings.executor_event_age_ms_max,
            actions_per_event_max=self._settings.executor_actions_per_event_max,
        )

    def _state(self, heard: Heard) -> State | None:
        """Return what to store, None if nothing changed: encoding a strategy's memory costs more than hearing an event."""
        if not heard.routed and self._seat.view.book is self._stored_book:
            return None
        data, self._snapshot, failure = pack(self._seat, self._snapshot)
        if failure is not None:
            heard.failures.append(failure)
        self._stored_book = self._seat.view.book
        return State(self._state_name, self._version, data)

    def _count(self, heard: Heard) -> None:
        strategy, now_ns, book = self._spec.id, self._clock.now_ns(), self._seat.view.book
        metrics.EVENTS.labels(strategy).inc(heard.routed)
        for intent in heard.intents:
            metrics.INTENTS.labels(strategy, intent.side.value).inc()
        for check in heard.refused:
            metrics.REFUSED.labels(strategy, check).inc()
        for failure in heard.failures:
            self._faults.note(failure, now_ns)
        metrics.CAPITAL.labels(strategy).set(book.capital_lamports)
        metrics.FREE.labels(strategy).set(book.free_lamports())
        metrics.IN_FLIGHT.labels(strategy).set(len(book.in_flight))
