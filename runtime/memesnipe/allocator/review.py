"""When weighing is due, and the reading for it: at a new configuration, at a start, and once in every review period."""

import asyncio

from memesnipe.allocator import metrics
from memesnipe.allocator.adaptive import decided, question_of
from memesnipe.allocator.history import closed_of, records_of
from memesnipe.allocator.weighing.values import Closed
from memesnipe.bus.api import Bus
from memesnipe.bus.topology import PNL_HISTORY_KEY
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.logs import logger
from memesnipe.kernel.metrics import BAD_INPUT
from memesnipe.messages.control import AllocationDecision, ConfigApplied

DECISIONS_MAX = 1_000
"""Kept to know with which capital a result was made; the oldest of a year of daily reviews still is."""


class Review:
    """Remembers decisions, and asks anew when it is time. One instance's memory: a restart reviews at once."""

    def __init__(self, bus: Bus, clock: Clock, *, replays: bool) -> None:
        self._bus, self._clock, self._replays = bus, clock, replays
        self._decisions: list[AllocationDecision] = []
        self._config_version = -1
        self._next_ns = 0

    def remember(self, decision: AllocationDecision) -> None:
        """Keep a decision that is in force from its time on."""
        self._decisions = [*self._decisions[-DECISIONS_MAX + 1 :], decision]

    async def due(self, last: AllocationDecision | None, config: ConfigApplied) -> AllocationDecision | None:
        """Return a decision when one is due. Raises Unavailable, and Bug where the config does not ask for weighing.

        In a replay only a new configuration is a reason: when a review fell between two events would differ from run to run.
        """
        now_ns, anew = self._clock.now_ns(), config.version != self._config_version
        if not anew and (self._replays or now_ns < self._next_ns):
            return None
        closed = {one.id: await self._closed(one.id) for one in config.strategies if not one.paused}
        question = question_of(last, config, records_of(closed, self._decisions), now_ns)
        decision = await asyncio.to_thread(decided, question, (last.version if last else 0) + 1)
        self._config_version, self._next_ns = config.version, now_ns + question.weighing.review_every_s * NS_PER_S
        logger().info("reviewed", method=decision.method, reason=decision.reason, inputs=decision.inputs_hash)
        metrics.REVIEWED.set(now_ns / NS_PER_S)
        return decision

    async def _closed(self, strategy: str) -> tuple[Closed, ...]:
        """A history that cannot be read is none: its strategy is weighed as a new one, at the floor."""
        try:
            return closed_of(strategy, await self._bus.values(PNL_HISTORY_KEY.format(strategy=strategy)))
        except BadInput as error:
            BAD_INPUT.labels("pnl_history", error.field).inc()
            logger().error("history_refused", strategy=strategy, detail=str(error))
            return ()
