"""When weighing is due, and the reading for it: when what is asked changes, at a start, and once in every review period."""

import asyncio
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from memesnipe.allocator import metrics
from memesnipe.allocator.adaptive import Question, Subject, decided, question_of, subject_of
from memesnipe.allocator.history import closed_of, records_of
from memesnipe.allocator.records import Asked
from memesnipe.allocator.weighing.values import Closed
from memesnipe.bus.api import Bus
from memesnipe.bus.topology import HOLDINGS_KEY, PNL_HISTORY_KEY
from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.errors import BadInput, Bug
from memesnipe.kernel.logs import logger
from memesnipe.kernel.metrics import BAD_INPUT
from memesnipe.messages.codec import decode
from memesnipe.messages.control import AllocationDecision, ConfigApplied, HeldAccount, Holdings

DECISIONS_MAX = 1_000
"""Kept to know with which capital a result was made; the oldest of a year of daily reviews still is."""


class Made(msgspec.Struct, frozen=True):
    """A decision, and what it depends on."""

    decision: AllocationDecision
    asked: Asked


def review_every_ns(config: ConfigApplied) -> int:
    """Return how often results are weighed. Raises Bug where they are not."""
    if config.weighing is None:
        raise Bug("the applied config does not ask to weigh by results")
    return config.weighing.review_every_s * NS_PER_S


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

    async def due(
        self, last: AllocationDecision | None, config: ConfigApplied, caps_bps: Mapping[str, int] = MappingProxyType({})
    ) -> Made | None:
        """Return a decision when one is due, and what it depends on.

        Raises Unavailable, BadInput where results cannot be weighed: the next try is the next review.

        In a replay only another subject is a reason: when a review fell between two events would differ from run to run.
        """
        now_ns, subject = self._clock.now_ns(), subject_of(config, caps_bps)
        if subject == self._subject and (self._replays or now_ns < self._next_ns):
            return None
        records = records_of(await self._results(subject), subject.modes, self._decisions)
        question = question_of(last, config, records, await self._accounts(), now_ns, caps_bps)
        self._subject, self._next_ns = subject, now_ns + review_every_ns(config)
        decision = await _weighed(question, (last.version if last else 0) + 1)
        logger().info("reviewed", method=decision.method, reason=decision.reason, inputs=decision.inputs_hash)
        metrics.REVIEWED.set(now_ns / NS_PER_S)
        return Made(decision, question)

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

    async def _accounts(self) -> tuple[HeldAccount, ...]:
        """What the ledger realized in all; nothing where position_manager has not told yet: then only the histories count."""
        raw = await self._bus.get(HOLDINGS_KEY)
        try:
            return decode(Holdings, raw).accounts if raw else ()
        except BadInput as error:
            BAD_INPUT.labels(HOLDINGS_KEY, error.field).inc()
            logger().error("holdings_refused", detail=str(error))
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
