"""The edge of autonomous_allocator: fold what is applied and registered, count outcomes, publish a decision when inputs change.

Its decisions are state that lives in the stream itself: after a crash it goes on from the newest one there, and publishing a
decision's projections again changes nothing, because a reader takes the newest version. A decision's record, with its inputs, is written
before the decision: a crash between the two leaves a record of what never was in force, and never capital without a record.
"""

import asyncio

import msgspec

from memesnipe.allocator import book as books
from memesnipe.allocator import metrics
from memesnipe.allocator.adaptive import changes
from memesnipe.allocator.carrying_out import CarryingOut, wanted
from memesnipe.allocator.decide import decide
from memesnipe.allocator.promoter import Promoter
from memesnipe.allocator.promoting import caps_of
from memesnipe.allocator.records import recorded, split_of
from memesnipe.allocator.review import Made, Review
from memesnipe.allocator.settings import AllocatorSettings
from memesnipe.bus.api import Batch, Bus, StaleState, State, Subscription
from memesnipe.bus.folds import latest_config
from memesnipe.bus.following import folded_on
from memesnipe.bus.serving import serve
from memesnipe.bus.topology import ALLOCATION, ALLOCATIONS, CONFIG, DECISIONS, FILLS, REGISTRY, STATE_KEY
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.kernel.metrics import BAD_INPUT
from memesnipe.kernel.service import Running, run
from memesnipe.kernel.settings import load
from memesnipe.messages.control import AllocationDecision, ConfigApplied
from memesnipe.messages.decisions import Decision

STAGE = "autonomous_allocator"
STATE = STATE_KEY.format(stage=STAGE)
READ_MS = 200


class Allocator:
    """One instance's loop."""

    def __init__(self, bus: Bus, running: Running, carrying_out: CarryingOut | None = None) -> None:
        self._bus, self._running = bus, running
        self._after: dict[str, str] = {}
        self._config: ConfigApplied | None = None
        self._refused_config = 0
        self._last: AllocationDecision | None = None
        self._record: Decision | None = None
        self._plugins: set[str] = set()
        self._book, self._version = books.Book(), 0
        self._heard: frozenset[str] = frozenset()
        self._review = Review(bus, running.clock, replays=not isinstance(running.clock, SystemClock))
        self._carrying_out = carrying_out
        self._promoter, self._promotions_said = Promoter(bus, running.clock), False

    async def reload(self) -> None:
        """Take up the stored results and the newest decision, and finish what a crash may have cut. Raises Unavailable, Bug."""
        stored = await self._bus.load(STATE)
        lost = stored.version == 0 and self._version > 0  # Redis lost it all: what we hold is then the only copy
        self._book, self._version = self._book if lost else books.decode(stored.data), stored.version
        self._promotions_said = False
        self._promoter.forget()
        for entry in await folded_on(self._bus, ALLOCATIONS.name, self._after):
            self._last = entry.message
            self._review.remember(entry.message)
        if self._last is not None:
            await self._project(self._last)

    async def turn(self) -> None:
        """Fold, decide, then count one batch of outcomes. Raises Unavailable."""
        configs = await folded_on(self._bus, CONFIG.name, self._after)
        self._config = latest_config(self._config, configs)
        if configs:
            await self._say_again()
        for entry in await folded_on(self._bus, REGISTRY.name, self._after):
            (self._plugins.add if entry.message.code_hash else self._plugins.discard)(entry.message.plugin)
        if self._config is None:
            self._running.health.ready(False, "waiting for the first applied config")
            await asyncio.sleep(READ_MS / 1_000)
            return
        await self._promote(self._config)
        await self._allocate(self._config)
        await self._subscribe(self._config)
        self._running.health.ready(True)
        await self._count()

    async def _promote(self, config: ConfigApplied) -> None:
        """See who stands where, before capital is shared out by it. Raises Unavailable."""
        terms = config.promotion
        if terms is None or not self._promoter.is_due(config):
            return
        if not self._promotions_said:
            await self._promoter.say_again(self._book.promotions, terms)
            self._promotions_said = True
        shares = self._last.shares if self._last is not None else ()
        standings, words = await self._promoter.look(self._book.promotions, config, terms, shares)
        await self._promoter.record(words)
        failpoint("allocator.before_promotions_kept")
        after = msgspec.structs.replace(self._book, promotions=standings)
        if after == self._book or await self._keep(Batch(STAGE, ()), after):
            await self._promoter.say([one.word for one in words])
        if self._carrying_out is not None:
            self._carrying_out.start(wanted(self._book.promotions, config))
        applied = {one.id for one in config.strategies}
        for name, standing in standings.items():
            metrics.show_promotion(name, standing if name in applied else None, terms)

    async def _allocate(self, config: ConfigApplied) -> None:
        try:
            made = await self._decided(config)
            record = recorded(made.decision, made.asked) if made is not None else None
        except BadInput as error:
            # The last decision stays in force: a typing error in weights must not take capital away or give it out.
            self._refused_config = config.version
            BAD_INPUT.labels(CONFIG.name, error.field).inc()
            logger().error("weights_refused", config=config.version, detail=str(error))
            return
        if made is not None and record is not None:
            await self._publish(made.decision, record)

    async def _decided(self, config: ConfigApplied) -> Made | None:
        """Return the next decision, None where there is no news. Raises Unavailable, BadInput."""
        caps_bps = caps_of(self._book.promotions, config)
        if config.weighing is not None:
            found = await self._review.due(self._last, config, caps_bps)
            return found if found is not None and changes(self._last, found.decision) else None
        if config.version == self._refused_config:
            return None
        decision = decide(self._last, config, self._running.clock.now_ns(), caps_bps)
        return Made(decision, split_of(config, caps_bps)) if decision is not None else None

    async def _say_again(self) -> None:
        """A Redis that was lost, or fell back to an older copy, lost our words and so capital; control's configuration comes anew then."""
        self._promotions_said = False
        there = max((entry.message.version for entry in await self._bus.fold(ALLOCATIONS.name)), default=0)
        if self._last is not None and self._last.version > there:
            await self._publish(self._last, self._record)

    async def _publish(self, decision: AllocationDecision, record: Decision | None) -> None:
        """`record` is None after a restart, which took the decision from its stream: it is in the ledger already."""
        if record is not None:
            await self._bus.publish(DECISIONS.name, record, record.id)
        failpoint("allocator.before_decision")
        await self._bus.publish(ALLOCATIONS.name, decision, f"{decision.version}:{decision.inputs_hash}")
        failpoint("allocator.after_decision")
        self._last, self._record = decision, record
        self._review.remember(decision)
        await self._project(decision)
        metrics.DECISIONS.labels(decision.method).inc()
        logger().info("allocated", version=decision.version, reason=decision.reason)

    async def _project(self, decision: AllocationDecision) -> None:
        for share in decision.shares:
            await self._bus.publish(ALLOCATION.of(share.strategy), share, f"{decision.version}:{decision.inputs_hash}")
        metrics.show_decision(decision)

    async def _subscribe(self, config: ConfigApplied) -> None:
        wanted = frozenset(strategy.id for strategy in config.strategies) | self._book.strategies()
        metrics.UNREGISTERED.set(sum(1 for strategy in config.strategies if strategy.plugin not in self._plugins))
        if wanted != self._heard:
            reader = next(reader for reader in FILLS.readers if reader.group == STAGE)
            await self._bus.subscribe([Subscription(FILLS, reader, tuple(sorted(wanted)))])
            self._heard = wanted

    async def _count(self) -> None:
        batch = await self._bus.read(block_ms=READ_MS)
        if batch is None or not batch.entries:
            return
        after = self._book
        for entry in batch.entries:
            after = after.after(entry.strategy, entry.message)
            self._promoter.seen.heard(entry.strategy)
        if await self._keep(batch, after):
            metrics.show_results(after)

    async def _keep(self, batch: Batch, after: books.Book) -> bool:
        """Acknowledge and keep in one step; return whether that was done: else another instance wrote, and its state is taken up."""
        failpoint("allocator.before_commit")
        try:
            version = await self._bus.commit(batch, [()] * len(batch.entries), State(STATE, self._version, books.encode(after)))
        except StaleState as error:
            logger().warning("stale_state", detail=str(error))
            await self.reload()
            return False
        failpoint("allocator.after_commit")
        self._book, self._version = after, version
        return True


def main() -> int:
    """Start the service from the environment; return its exit code."""
    settings = load(AllocatorSettings)

    def seated(bus: Bus, running: Running) -> Allocator:
        return Allocator(bus, running, CarryingOut(settings, running.clock) if settings.promote_in_namespace else None)

    return run(STAGE, settings, lambda running: serve(STAGE, running, settings, lambda bus: seated(bus, running)))
