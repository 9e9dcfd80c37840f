"""When the daily summary is said: once a day, from its hour on; a ledger that does not answer is asked again a minute later."""

import asyncio

from sqlalchemy import Engine

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.kernel.service import Running
from memesnipe.notify import metrics
from memesnipe.notify.notifier import Notifier
from memesnipe.notify.summary import due_day, summary_of

AGAIN_NS = 60 * NS_PER_S


class Summing:
    """One instance, asked at each look."""

    def __init__(self, notifier: Notifier, hour_utc: int, running: Running, engine: Engine) -> None:
        self._notifier, self._hour_utc, self._running, self._engine = notifier, hour_utc, running, engine
        self._again_ns = 0

    async def turn(self) -> None:
        """Say what is due."""
        now_ns = self._running.clock.now_ns()
        if self._hour_utc < 0 or now_ns < self._again_ns:
            return
        day = due_day(now_ns, self._hour_utc)
        if self._notifier.summarized(day):
            return
        try:
            one = await asyncio.to_thread(summary_of, self._engine, self._notifier.book.stakes, now_ns)
        except Unavailable as error:
            self._again_ns = now_ns + AGAIN_NS
            metrics.SUMMARIES.labels("unavailable").inc()
            logger().warning("summary_put_off", detail=str(error))
            return
        metrics.SUMMARIES.labels("said").inc()
        self._notifier.say_summary(day, one)
