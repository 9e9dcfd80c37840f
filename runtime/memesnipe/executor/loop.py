"""One strategy's turn on the bus: read, decide, commit intents and state in one step. Knows the Bus protocol, not Redis.

Events that caused no order are not committed one by one: their acknowledgement and the memory they left wait for the next order,
for `HOLD_MS`, or for a quiet moment, and go in one step. A crash in between gives them again to the state from before them,
so nothing differs from committing each; and a strategy that remembers hundreds of tokens is not written out for every tick.
"""

from collections.abc import Sequence

import msgspec

from memesnipe.bus import topology
from memesnipe.bus.api import Batch, Bus, Entry, Output, StaleState, State, Subscription
from memesnipe.bus.folds import Halts, fold_halts
from memesnipe.bus.holding import unseen
from memesnipe.executor.book import Book
from memesnipe.executor.checks import Standing
from memesnipe.executor.decide import Heard, Seat, hear
from memesnipe.executor.faults import FaultLog
from memesnipe.executor.meter import BoundedMeter
from memesnipe.executor.metrics import StrategyCounts
from memesnipe.executor.seat import seated
from memesnipe.executor.settings import ExecutorSettings
from memesnipe.executor.state import pack, restore, unpack
from memesnipe.kernel.clock import NS_PER_MS, NS_PER_S, Clock
from memesnipe.kernel.failpoints import failpoint
from memesnipe.messages.market import MarketFrame
from memesnipe.messages.orders import OrderIntent
from memesnipe.strategy.contract import EventType
from memesnipe.strategy.loading import Plugin
from memesnipe.strategy.spec import StrategySpec

REPLAY = "replay"
IDLE_MS = 100
"""How long a read waits when nothing comes, before halts and capital are looked up again."""
HOLD_MS = 50
HELD_MAX = 2_048
"""Entries that may wait for their acknowledgement."""
NO_OUTPUTS: Sequence[Output] = ()


class Held(msgspec.Struct):
    """What was decided and is not committed yet."""

    group: str = ""
    since_ns: int = 0
    entries: list[Entry] = []
    ids: set[tuple[str, str]] = set()
    """(stream, id) of the entries: after a lost connection the bus gives them again, and a strategy must not hear them twice."""
    outputs: list[Sequence[Output]] = []
    heard: Heard = msgspec.field(default_factory=Heard)


def subscriptions(strategy: str, events: frozenset[EventType]) -> list[Subscription]:
    """Return what the executor of this strategy reads: its events, and the outcomes of its own orders."""
    streams = [topology.MARKET_STREAMS[event.value] for event in sorted(events)]
    return [Subscription(stream, _reader(stream), (strategy,)) for stream in (*streams, topology.FILLS)]


def _reader(stream: topology.Stream) -> topology.Reader:
    return next(reader for reader in stream.readers if reader.group == "executor")


class StrategyLoop:
    """What lives from one turn to the next: the seat, the state's version, what is held, and what was folded."""

    def __init__(self, bus: Bus, clock: Clock, settings: ExecutorSettings, spec: StrategySpec, plugin: Plugin, code_hash: str = "") -> None:
        self._bus, self._clock, self._settings, self._spec, self._plugin = bus, clock, settings, spec, plugin
        self._code_hash = code_hash
        self._meter, self._faults, self._counts = BoundedMeter(spec.id), FaultLog(spec.id), StrategyCounts(spec.id)
        self._state_name = topology.STRATEGY_STATE_KEY.format(strategy=spec.id)
        self._intents_stream = topology.INTENTS.of(spec.id)
        self._replays = settings.clock == REPLAY
        self._seat: Seat = seated(spec, plugin, Book(), self._meter)
        self._kinds = self._seat.kinds
        self._version, self._snapshot, self._stored_book = 0, b"", Book()
        self._held = Held()
        self._halts = Halts()
        self._capital_lamports, self._capital_at = 0, "0"
        self._folded_ns = 0

    async def start(self) -> None:
        """Take up the strategy where its last commit left it."""
        await self._bus.subscribe(subscriptions(self._spec.id, self._seat.strategy.subscriptions))
        await self._fold()
        await self._reload()

    async def turn(self) -> int:
        """Read once, decide, commit; return how many entries were read. Raises Unavailable when Redis stays away."""
        block_ms = HOLD_MS if self._held.entries else IDLE_MS
        batch = await self._bus.read(count_max=self._settings.executor_read_count_max, block_ms=block_ms)
        # After the read, so that in a replay everything of the earlier turns is seen, and a halt counts for what was just read.
        if self._fold_is_due():
            await self._fold()
        if batch is None:
            await self.flush()
            return 0
        self._decide(batch)
        if self._is_due():
            await self.flush()
        return len(batch.entries)

    def _fold_is_due(self) -> bool:
        return self._replays or self._clock.now_ns() - self._folded_ns >= self._settings.executor_fold_every_ms * NS_PER_MS

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
        self._version, self._snapshot, self._held = state.version, b"", Held()
        if saved := unpack(state.data):
            self._snapshot = saved.snapshot
            if failure := restore(self._seat, saved):
                self._faults.note(failure, self._clock.now_ns())
        self._stored_book = self._seat.view.book

    def _decide(self, batch: Batch) -> None:
        """Let the strategy hear a batch, and hold what comes of it."""
        held, view, standing = self._held, self._seat.view, self._standing()
        batch = unseen(batch, held.ids)
        held.group, held.since_ns = batch.group, held.since_ns or standing.now_ns
        view.book = view.book.allot(self._capital_lamports)
        intents = held.heard.intents
        for entry in batch.entries:
            message, known = entry.message, len(intents)
            if isinstance(message, MarketFrame):
                hear(self._seat, self._kinds, message.events, standing, held.heard)
            else:
                view.book = view.book.settle(message)
            held.outputs.append([self._output(intent) for intent in intents[known:]] if len(intents) > known else NO_OUTPUTS)
        held.entries += batch.entries
        held.ids.update((entry.stream, entry.id) for entry in batch.entries)

    def _output(self, intent: OrderIntent) -> Output:
        """Stamp an intent on its way out: how long the strategy thought is a part of what its order lost; a live share is for one code."""
        wished_ns = intent.time_ns if self._replays else self._clock.now_ns()
        wished = msgspec.structs.replace(intent, wished_ns=wished_ns, code_hash=self._code_hash)
        return Output(self._intents_stream, wished, wished.id)

    def _standing(self) -> Standing:
        return Standing(
            now_ns=self._clock.now_ns(),
            halt=self._halts.effective(self._spec.id),
            event_age_ms_max=None if self._replays else self._settings.executor_event_age_ms_max,
            actions_per_event_max=self._settings.executor_actions_per_event_max,
        )

    def _is_due(self) -> bool:
        """Orders go at once; in a replay everything does, because the source waits until all is acknowledged."""
        held = self._held
        if held.heard.intents or self._replays or len(held.entries) >= HELD_MAX:
            return True
        return self._clock.now_ns() - held.since_ns >= HOLD_MS * NS_PER_MS

    async def flush(self) -> None:
        """Commit what is held. Raises Unavailable."""
        held = self._held
        if not held.entries:
            return
        failpoint("executor.before_commit")
        try:
            batch = Batch(held.group, tuple(held.entries))
            self._version = await self._bus.commit(batch, held.outputs, self._state(held.heard)) or self._version
        except StaleState:  # what of this is still ours to decide, the next read gives again
            self._counts.reloads.inc()
            await self._reload()
            return
        failpoint("executor.after_commit")
        self._held = Held()
        self._count(held)

    def _state(self, heard: Heard) -> State | None:
        """Return what to store, None if nothing changed: encoding a strategy's memory costs more than hearing an event."""
        if not heard.routed and self._seat.view.book is self._stored_book:
            return None
        data, self._snapshot, failure = pack(self._seat, self._snapshot)
        if failure is not None:
            heard.fail(failure.kind, failure.detail, failure.error)
        self._stored_book = self._seat.view.book
        return State(self._state_name, self._version, data)

    def _count(self, held: Held) -> None:
        now_ns = self._clock.now_ns()
        self._counts.heard(held.heard, self._seat.view.book)
        for failure in held.heard.faults.values():
            self._faults.note(failure, now_ns)
        newest = held.entries[-1].message
        if isinstance(newest, MarketFrame) and not self._replays:
            self._counts.latency_s.observe((held.since_ns - newest.events[-1].time_ns) / NS_PER_S)
