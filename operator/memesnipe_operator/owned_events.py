"""Hears what happens to the objects that the operator owns, from its last list on. A stream that breaks goes on where it was."""

import asyncio
from collections.abc import Iterator

from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.logs import logger
from memesnipe_operator.api import ApiError
from memesnipe_operator.kinds import OWNED, Kind
from memesnipe_operator.main import Pauses
from memesnipe_operator.operating import Operator

GONE = 410
"""The server no longer knows what happened since: only a new list helps."""
log = logger()


async def hear(operator: Operator) -> None:
    """Hear until cancelled."""
    async with asyncio.TaskGroup() as group:
        for kind in OWNED:
            group.create_task(_Stream(operator, kind).hear())


class _Stream:
    """The events of one kind."""

    def __init__(self, operator: Operator, kind: Kind) -> None:
        self._operator, self._kind = operator, kind
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
        async for event in self._operator.owned_events(self._kind, self._version):
            self._version, self._pauses = event["object"]["metadata"]["resourceVersion"], iter(Pauses())
            if event["type"] != "BOOKMARK":
                self._operator.on_owned(self._kind, event)

    async def _begin_again(self) -> None:
        try:
            await self._operator.relist(self._kind)
            self._version = ""
        except (Unavailable, ApiError) as error:
            await self._pause(error)

    async def _pause(self, error: Exception) -> None:
        pause_s = next(self._pauses)
        log.info("watch_broken", kind=self._kind.kind, again_s=round(pause_s, 2), detail=str(error)[:256])
        await asyncio.sleep(pause_s)
