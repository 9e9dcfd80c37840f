"""When weighing is due, and the reading for it: when what is asked changes, at a start, and once in every review period."""

import asyncio
from collections import deque

from memesnipe.allocator import metrics
from memesnipe.allocator.adaptive import Question, Subject, decided, question_of, subject_of
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
        self._decisions = deque[AllocationDecision](maxlen=DECISIONS_MAX)
        self._subject: Subject | None = None
        self._next_ns = 0

    def remember(self, decision: AllocationDecision) -> None:
        """Keep a decision that is in force from its time on."""
        self._decisions.append(decision)

    async def due(self, last: AllocationDecision | None, config: ConfigApplied) -> AllocationDecision | None:
        """Return a decision when one is due. Raises Unavailable, BadInput where results cannot be weighed: the next try is the next review.

        In a replay only another subject is a reason: when a review fell between two events would differ from run to run.
        """
        now_ns, subject = self._clock.now_ns(), subject_of(config)
        if subject == self._subject and (self._replays or now_ns < self._next_ns):
            return None
        question = question_of(last, config, records_of(await self._results(subject), self._decisions), now_ns)
        self._subject, self._next_ns = subject, now_ns + question.weighing.review_every_s * NS_PER_S
        decision = await _weighed(question, (last.version if last else 0) + 1)
        logger().info("reviewed", method=decision.method, reason=decision.reason, inputs=decision.inputs_hash)
        metrics.REVIEWED.set(now_ns / NS_PER_S)
        return decision

    async def _results(self, subject: Subject) -> dict[str, tuple[Closed, ...]]:
        """Those of a strategy whose mode just changed are left out: what is written may still be of the other mode."""
        before = (self._subject or subject).modes
        running = {name: mode for name, mode in subject.modes.items() if name not in subject.paused}
        return {name: await self._closed(name) if before.get(name, mode) == mode else () for name, mode in running.items()}

    async def _closed(self, strategy: str) -> tuple[Closed, ...]:
        """A history that cannot be read is none: its strategy is weighed as a new one, at the floor."""
        try:
            return closed_of(strategy, await self._bus.values(PNL_HISTORY_KEY.format(strategy=strategy)))
        except BadInput as error:
            BAD_INPUT.labels("pnl_history", error.field).inc()
            logger().error("history_refused", strategy=strategy, detail=str(error))
            return ()


async def _weighed(question: Question, version: int) -> AllocationDecision:
    """Decide beside the loop. Raises BadInput where the libraries are missing or fail: a restart would meet the same question again."""
    try:
        return await asyncio.to_thread(decided, question, version)
    except ImportError as error:
        raise BadInput("weighing", f"install memesnipe[allocator]: {error}") from error
    except Exception as error:  # libraries of numbers raise types of their own
        logger().exception("weighing_failed", inputs=question.digest())
        raise BadInput("weighing", f"{type(error).__name__}: {error}") from error
