"""Live orders under way: one task for each, keyed by intent, so that an order given twice runs once.

An order's stream entry stays unacknowledged until its outcome is committed with the acknowledgement: killed before that, the
entry comes again and `Live.settle` goes on where it was. A Redis that lost the entry would drop the outcome with it, so each
outcome is said once more under its key, at once and for an hour: the second copy is dropped where the first one arrived.
"""

import asyncio
import contextlib

from memesnipe.bus.api import Batch, Bus, Entry, Output
from memesnipe.chain.clients.limits import Lane
from memesnipe.guard import effects, metrics
from memesnipe.guard.attempts import Attempts
from memesnipe.guard.live import Live
from memesnipe.guard.pairs import Pairs
from memesnipe.guard.requests import lane_of
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ApprovedOrder, Outcome

TOGETHER_MAX = 16
"""Orders of new risk under way at once; exits do not count."""
ORPHANS_AFTER_S = 30.0
"""By then every order we hold has come again, those of a guard under another name too; an attempt without one was lost by the stream."""
SWEEP_EVERY_S = 60.0
SAID_AGAIN_NS = 3_600 * NS_PER_S
"""Well below the bus's memory of business keys, so that nothing is ever said twice."""


class InFlight:
    """The tasks."""

    def __init__(self, bus: Bus, clock: Clock, group: str, live: Live, attempts: Attempts, pairs: Pairs) -> None:
        self._bus, self._clock, self._group, self._live, self._attempts = bus, clock, group, live, attempts
        self.pairs = pairs
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(TOGETHER_MAX)
        self._exit_door: contextlib.AbstractAsyncContextManager[None] = contextlib.nullcontext()
        self._sweep_at_s = asyncio.get_running_loop().time() + ORPHANS_AFTER_S
        self._failure: BaseException | None = None

    @property
    def busy(self) -> bool:
        """Whether an order is under way."""
        return bool(self._tasks)

    def take(self, entry: Entry) -> None:
        """Start an order unless it runs already."""
        if entry.message.intent.id not in self._tasks:
            self._watch(entry.message.intent.id, asyncio.create_task(self._run(entry)))

    def look_after(self) -> None:
        """Look for what no stream gives again, and raise what a task died of: better stop than trade on a wrong belief."""
        if self._failure is not None:
            raise self._failure
        if asyncio.get_running_loop().time() >= self._sweep_at_s:
            self._sweep_at_s = asyncio.get_running_loop().time() + SWEEP_EVERY_S
            self.sweep()

    def sweep(self) -> None:
        """End what no stream gives again, and say again what ended lately."""
        for intent_id in self._attempts.unsaid(self._clock.now_ns() - SAID_AGAIN_NS):
            if intent_id not in self._tasks:
                self._watch(intent_id, asyncio.create_task(self._run_orphan(intent_id)))

    async def stop(self) -> None:
        """Cut the tasks; every step of theirs is durable."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _watch(self, intent_id: str, task: "asyncio.Task[None]") -> None:
        self._tasks[intent_id] = task
        metrics.PENDING.labels(Mode.LIVE.value).set(len(self._tasks))
        task.add_done_callback(lambda done: self._forget(intent_id, done))

    def _forget(self, intent_id: str, done: "asyncio.Task[None]") -> None:
        self._tasks.pop(intent_id, None)
        metrics.PENDING.labels(Mode.LIVE.value).set(len(self._tasks))
        if not done.cancelled() and (error := done.exception()) is not None:
            logger().error("live_order_died", intent=intent_id, detail=str(error), exc_info=error)
            self._failure = error

    async def _run(self, entry: Entry) -> None:
        order: ApprovedOrder = entry.message
        async with self._exit_door if lane_of(order.intent) is Lane.EXIT else self._room:
            outcomes = await self._live.settle(order)
        self.pairs.end(outcomes)
        await self._commit(Batch(self._group, (entry,)), outcomes)
        await self._say(outcomes)

    async def _run_orphan(self, intent_id: str) -> None:
        outcomes = await self._live.settle_orphan(intent_id)
        if await self._say(outcomes):
            effects.count(outcomes)

    async def _say(self, outcomes: tuple[Outcome, ...]) -> bool:
        """Publish outcomes under their keys; return whether one of them was news."""
        written = [await insist(self._bus, output) for output in effects.outputs(outcomes)]
        return any(written)

    async def _commit(self, batch: Batch, outcomes: tuple[Outcome, ...]) -> None:
        failpoint("guard.before_commit_live")
        while True:
            try:
                await self._bus.commit(batch, [effects.outputs(outcomes)])
            except Unavailable as error:
                logger().warning("bus_unavailable", detail=str(error))
                await asyncio.sleep(error.retry_after_s)
            else:
                break
        failpoint("guard.after_commit_live")
        effects.count(outcomes)


async def insist(bus: Bus, output: Output) -> str:
    """Publish until the bus answers; return the new entry's id, "" where its key was known."""
    while True:
        try:
            return await bus.publish(output.stream, output.message, output.key)
        except Unavailable as error:
            logger().warning("bus_unavailable", detail=str(error))
            await asyncio.sleep(error.retry_after_s)
