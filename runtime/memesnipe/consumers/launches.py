"""Launches wait for their token checks without holding up prices; the cursor waits with them, so that a crash loses none.

A desk belongs to one source, for the cursor is that source's. Two sources may tell of the same launch: `Once` has it looked at once.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import msgspec

from memesnipe.consumers.api import Delivery
from memesnipe.consumers.book import Recent
from memesnipe.kernel.errors import BadInput
from memesnipe.messages.market import Launch

Check = Callable[[Launch], Awaitable[Launch]]
"""Returns the launch with what it found. Raises BadInput for one that must not go out."""
AT_ONCE_MAX = 16
WAITING_MAX = 1_000
FOUND = ("token_program", "mint_authority_revoked", "freeze_authority_revoked", "extensions", "top_holder_bps", "sell_route_ok")
"""What token checks find; all else is what a launch's own source says of it, and stays."""


class Once:
    """Token checks of a mint, made once however many sources tell of it: each is several calls to hosts that limit them."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._made: Recent[asyncio.Future[Launch]] = Recent(WAITING_MAX)

    async def checked(self, launch: Launch) -> Launch:
        """Return the launch with what was found. Decimals and program are part of the question: a lie in them answers nobody else."""
        key = f"{launch.mint}:{launch.decimals}:{launch.token_program}"
        if key not in self._made:
            self._made.put(key, asyncio.ensure_future(self._check(launch)))
        found = await asyncio.shield(self._made[key])
        return msgspec.structs.replace(launch, **{field: getattr(found, field) for field in FOUND})


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
        events: tuple[Launch, ...] = ()
        bad: tuple[BadInput, ...] = ()
        try:
            async with self._slots:
                events = (await self._check(launch),)
        except BadInput as error:
            bad = (error,)
        self._pending -= 1
        await self._put(Delivery(source, events, self._covered(self._cursor), bad))

    def _covered(self, cursor: bytes) -> bytes:
        """No cursor may pass a launch that is still being checked."""
        return b"" if self._pending else cursor
