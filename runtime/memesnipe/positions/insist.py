"""Doing again what must be done, until the part it needs answers. Only for steps that are safe to repeat."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.logs import logger

T = TypeVar("T")


async def insist(step: Callable[[], Awaitable[T]]) -> T:
    """Return the step's answer, however long the part is away. A stop signal cuts it: every step is durable or repeatable."""
    while True:
        try:
            return await step()
        except Unavailable as error:
            logger().warning("waiting", part=error.part, detail=str(error))
            await asyncio.sleep(error.retry_after_s)
