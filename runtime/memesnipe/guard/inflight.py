"""Live orders under way: one task for each, keyed by intent, so that an order given twice runs once.

An order's stream entry stays unacknowledged until its outcome is committed with the acknowledgement: killed before that, the
entry comes again and `Live.settle` goes on where it was.
"""

import asyncio
import contextlib

from memesnipe.bus.api import Batch, Bus, Entry
from memesnipe.chain.clients.limits import Lane
from memesnipe.guard import effects, metrics
from memesnipe.guard.attempts import Attempts
from memesnipe.guard.live import Live, lane_of
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ApprovedOrder, Outcome

TOGETHER_MAX = 16
"""Orders of new risk under way at once; exits do not count."""
ORPHANS_AFTER_S = 10.0
"""By then every order we hold has come again; an open attempt without one was lost by the stream."""


class InFlight:
    """The tasks."""

    def __init__(self, bus: Bus, group: str, live: Live, attempts: Attempts) -> None:
        self._bus, self._group, self._live, self._attempts = bus, group, live, attempts
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(TOGETHER_MAX)
        self._exit_door: contextlib.AbstractAsyncContextManager[None] = contextlib.nullcontext()
        self._orphans_at_s = asyncio.get_running_loop().time() + ORPHANS_AFTER_S
        self._failure: BaseException | None = None

    def take(self, entry: Entry) -> None:
        """Start an order unless it runs already."""
        if entry.message.intent.id not in self._tasks:
            self._watch(entry.message.intent.id, asyncio.create_task(self._run(entry)))

    def look_after(self) -> None:
        """Start what no stream gives again, and raise what a task died of: better stop than trade on a wrong belief."""
        if self._failure is not None:
            raise self._failure
        if asyncio.get_running_loop().time() >= self._orphans_at_s:
            self._orphans_at_s = float("inf")
            for intent_id in self._attempts.open_intents():
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
        await self._commit(Batch(self._group, (entry,)), outcomes)

    async def _run_orphan(self, intent_id: str) -> None:
        """Say the outcome under its key: should the stream give the order after all, the second copy is dropped."""
        outcomes = await self._live.settle_orphan(intent_id)
        for output in effects.outputs(outcomes):
            await self._bus.publish(output.stream, output.message, output.key)
        effects.count(outcomes)

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
