"""A keyed work queue: events only mark a key dirty, reconciles come from here. One at a time for a key, failures again later.

Handlers of watch events are not tried again by anyone, so nothing is done in them. A key that is marked while it is reconciled is
reconciled once more; a thousand marks of one key are one reconcile.
"""

import asyncio
import contextlib
import heapq
import random
import time
from collections.abc import Awaitable, Callable

from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.kernel.pauses import pause_s
from memesnipe_operator.memory import Usurped
from memesnipe_operator.metrics import QUEUE_LENGTH, RECONCILE_S, RECONCILES

BACKOFF_S = 0.5
BACKOFF_S_MAX = 60.0
GIVES_WAY_S = 5.0
log = logger()
Reconcile = Callable[[str], Awaitable[float | None]]
"""Key -> seconds until it wants to be looked at again by itself, or None. What it raises is a failure."""

Told = Callable[[str, str], None]
"""Gets a key and why it keeps failing; empty: it works again."""
TOLD_FROM = 2
"""Failures in a row: a single one is most often a call that was overtaken, and over before anybody reads of it."""


class WorkQueue:
    """Dirty keys of one kind, and the workers that reconcile them."""

    def __init__(
        self, kind: str, reconcile: Reconcile, seed: int = 7, *, after: "WorkQueue | None" = None, told: Told | None = None
    ) -> None:
        self._kind, self._reconcile, self._after, self._told = kind, reconcile, after, told
        self._random = random.Random(seed)  # noqa: S311 - spreads retries out; decides nothing
        self._ready: dict[str, None] = {}  # a dict keeps the order in which keys became dirty
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._failures: dict[str, int] = {}
        self._later: list[tuple[float, str]] = []
        self._due: dict[str, float] = {}
        self._asked_until: dict[str, float] = {}
        """By key: until when somebody asked to be left alone (Retry-After); an event in between is no reason to ask again."""
        self._wake, self._done = asyncio.Event(), asyncio.Event()

    def mark(self, key: str) -> None:
        """Ask for a reconcile of this key as soon as a worker is free, or as whoever it asks wants to be asked again."""
        if key in self._busy:
            self._again.add(key)
        elif (wait_s := self._asked_until.get(key, 0.0) - time.monotonic()) > 0:
            self.mark_later(key, wait_s)
        else:
            self._ready.setdefault(key)
            self._wake.set()

    def mark_later(self, key: str, after_s: float) -> None:
        """Ask for one after a while; the soonest of several stands."""
        at_s = time.monotonic() + after_s
        if not self._due.get(key, float("inf")) <= at_s:
            self._due[key] = at_s
            heapq.heappush(self._later, (at_s, key))
            self._wake.set()

    def failures(self, key: str) -> int:
        """Return how often in a row this key failed."""
        return self._failures.get(key, 0)

    async def quiet(self) -> None:
        """Wait until this queue is idle, but not for ever: who waits for it gets a turn now and then."""
        deadline_s = time.monotonic() + GIVES_WAY_S
        while not self.idle() and time.monotonic() < deadline_s:
            self._done.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._done.wait(), max(deadline_s - time.monotonic(), 0.0))

    def idle(self) -> bool:
        """Return whether nothing is dirty and nothing is under way."""
        return not self._ready and not self._busy

    async def run(self, workers: int) -> None:
        """Reconcile until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            key = await self._next()
            QUEUE_LENGTH.labels(self._kind).set(len(self._ready))
            try:
                await self._one(key)
            finally:
                self._busy.discard(key)
                self._done.set()
                if key in self._again:
                    self._again.discard(key)
                    self.mark(key)

    async def _next(self) -> str:
        while True:
            wait_s = self._promote()
            if self._ready and self._after is not None and not self._after.idle():
                await self._after.quiet()
            if self._ready:
                key = next(iter(self._ready))
                del self._ready[key]
                self._busy.add(key)
                return key
            self._wake.clear()
            try:
                await asyncio.wait_for(self._wake.wait(), wait_s)
            except TimeoutError:
                continue

    def _promote(self) -> float | None:
        """Make what is due dirty; return the seconds until the next is."""
        now_s = time.monotonic()
        while self._later and self._later[0][0] <= now_s:
            at_s, key = heapq.heappop(self._later)
            if self._due.get(key) == at_s:
                del self._due[key]
                self.mark(key)
        return self._later[0][0] - now_s if self._later else None

    async def _one(self, key: str) -> None:
        started_s = time.monotonic()
        try:
            again_s = await self._reconcile(key)
        except Usurped:
            raise
        except Exception as error:  # whatever it was, the key must come again: a lost reconcile is a strategy nobody looks after
            self._failed(key, error)
            return
        self._asked_until.pop(key, None)
        if self._failures.pop(key, 0) >= TOLD_FROM and self._told is not None:
            self._told(key, "")
        RECONCILES.labels(self._kind, "done").inc()
        RECONCILE_S.labels(self._kind).observe(time.monotonic() - started_s)
        if again_s is not None:
            self.mark_later(key, again_s)

    def _failed(self, key: str, error: Exception) -> None:
        count = self._failures[key] = self._failures.get(key, 0) + 1
        RECONCILES.labels(self._kind, "failed").inc()
        if count >= TOLD_FROM and self._told is not None:
            self._told(key, f"{type(error).__name__}: {error}"[:512])
        asked_s = error.retry_after_s if isinstance(error, Unavailable) else 0.0
        spread = 0.5 + self._random.random()
        again_s = max(pause_s(count, BACKOFF_S, BACKOFF_S_MAX), asked_s) * spread
        self._asked_until[key] = time.monotonic() + asked_s * spread
        log.warning(
            "reconcile_failed",
            kind=self._kind,
            key=key,
            count=count,
            again_s=round(again_s, 1),
            detail=f"{type(error).__name__}: {error}"[:512],
        )
        self.mark_later(key, again_s)
