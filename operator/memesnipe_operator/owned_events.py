"""Hears what happens to owned objects and to evidence, from the last list on. A stream that breaks goes on where it was."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial

from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.logs import logger
from memesnipe_operator.api import ApiError
from memesnipe_operator.kinds import OWNED
from memesnipe_operator.main import Pauses
from memesnipe_operator.operating import Event, Operator

GONE = 410
"""The server no longer knows what happened since: only a new list helps."""
log = logger()


async def hear(operator: Operator) -> None:
    """Hear until cancelled."""
    async with asyncio.TaskGroup() as group:
        for kind in OWNED:
            events, take, relist = partial(operator.owned_events, kind), partial(operator.on_owned, kind), partial(operator.relist, kind)
            group.create_task(_Stream(kind.kind, events, take, relist).hear())
        evidence = _Stream("evidence", operator.evidence_events, operator.on_evidence, operator.relist_evidence)
        group.create_task(evidence.hear())


class _Stream:
    """The events of one kind: where they come from after a version, who takes them, and how to begin again."""

    def __init__(
        self,
        what: str,
        events: Callable[[str], AsyncIterator[Event]],
        take: Callable[[Event], object],
        relist: Callable[[], Awaitable[object]],
    ) -> None:
        self._what, self._events, self._take, self._relist = what, events, take, relist
        self._version = ""
        self._pauses: Iterator[float] = iter(Pauses())

    async def hear(self) -> None:
        while True:
            try:
                await self._until_it_ends()
            except ApiError as error:
                await self._pause(error)
                if error.status == GONE:
                    await self._begin_again()
            except Unavailable as error:
                await self._pause(error)

    async def _until_it_ends(self) -> None:
        async for event in self._events(self._version):
            self._version, self._pauses = event["object"]["metadata"]["resourceVersion"], iter(Pauses())
            if event["type"] != "BOOKMARK":
                self._take(event)

    async def _begin_again(self) -> None:
        try:
            await self._relist()
            self._version = ""
        except (Unavailable, ApiError) as error:
            await self._pause(error)

    async def _pause(self, error: Exception) -> None:
        pause_s = next(self._pauses)
        log.info("watch_broken", kind=self._what, again_s=round(pause_s, 2), detail=str(error)[:256])
        await asyncio.sleep(pause_s)
