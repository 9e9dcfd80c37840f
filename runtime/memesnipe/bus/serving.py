"""What every stateful stage does around its own turns: hold a bus, start over from what is stored when Redis was away."""

import asyncio
from typing import Protocol

from memesnipe.bus.api import Bus
from memesnipe.bus.redis_bus import connect
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.kernel.service import Running
from memesnipe.kernel.settings import CommonSettings


class Stage(Protocol):
    """A stage in its own words."""

    async def reload(self) -> None:
        """Take up the stored state."""
        ...

    async def turn(self) -> None:
        """Read, decide, commit; return soon, with or without work. Raises Unavailable when Redis stays away."""
        ...


class Seated(Protocol):
    """Makes a stage on a bus."""

    def __call__(self, bus: Bus) -> Stage:
        """Return the stage."""
        ...


async def serve(name: str, running: Running, settings: CommonSettings, seated: Seated) -> None:
    """Run a stage until asked to stop; when Redis goes away, start over from what is stored."""
    while not running.stop.is_set():
        bus = await connect(settings, running.clock, service=name)
        try:
            await _turn_until_stopped(seated(bus), running)
        except Unavailable as error:
            running.health.ready(False, str(error))
            logger().warning("unavailable", detail=str(error))
            await asyncio.sleep(error.retry_after_s)
        finally:
            await bus.close()


async def _turn_until_stopped(stage: Stage, running: Running) -> None:
    await stage.reload()
    while not running.stop.is_set():
        await stage.turn()
