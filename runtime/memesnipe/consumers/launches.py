"""Launches wait for their token checks without holding up prices; the cursor waits with them, so that a crash loses none."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import msgspec

from memesnipe.consumers.api import Delivery
from memesnipe.messages.market import Launch

Check = Callable[[Launch], Awaitable[Launch]]
AT_ONCE_MAX = 16
WAITING_MAX = 1_000


class LaunchDesk:
    """Takes deliveries, lets everything but launches through at once, and puts checked launches out as they come."""

    def __init__(self, check: Check, put: Callable[[Delivery], Awaitable[None]]) -> None:
        self._check, self._put = check, put
        self._slots = asyncio.Semaphore(AT_ONCE_MAX)
        self._waiting: deque[asyncio.Task[None]] = deque()
        self._pending = 0
        self._cursor = b""

    async def take(self, delivery: Delivery) -> None:
        """Put a delivery out; its launches follow once they are checked."""
        launches = [event for event in delivery.events if isinstance(event, Launch)]
        rest = tuple(event for event in delivery.events if not isinstance(event, Launch))
        self._pending += len(launches)
        if rest or delivery.bad or delivery.migrated or not launches:
            await self._put(msgspec.structs.replace(delivery, events=rest, cursor=self._covered(delivery.cursor)))
        self._cursor = delivery.cursor or self._cursor  # only now: what it covers is on its way
        for launch in launches:
            await self._start(delivery.source, launch)

    async def _start(self, source: str, launch: Launch) -> None:
        while self._waiting and (self._waiting[0].done() or len(self._waiting) >= WAITING_MAX):
            await self._waiting.popleft()
        self._waiting.append(asyncio.create_task(self._finish(source, launch)))

    async def _finish(self, source: str, launch: Launch) -> None:
        async with self._slots:
            checked = await self._check(launch)
        self._pending -= 1
        await self._put(Delivery(source, (checked,), self._covered(self._cursor)))

    def _covered(self, cursor: bytes) -> bytes:
        """No cursor may pass a launch that is still being checked."""
        return b"" if self._pending else cursor
