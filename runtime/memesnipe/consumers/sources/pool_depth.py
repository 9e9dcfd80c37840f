"""Depth from reserves: exact, at once and without asking anybody, for every pool whose reserves a trade just told."""

import asyncio
from collections.abc import AsyncIterator

from memesnipe.consumers.api import Delivery
from memesnipe.consumers.sources.jupiter import Asking
from memesnipe.consumers.watch import Watch
from memesnipe.kernel.clock import Clock
from memesnipe.market.curves import GUESSED, PRICED
from memesnipe.market.depth import depth_of

NAME = "pool-depth"


class PoolDepth:
    """See `consumers.api.Source`."""

    name = NAME

    def __init__(self, watch: Watch, clock: Clock, asking: Asking) -> None:
        self._watch, self._clock, self._asking = watch, clock, asking
        self._told: dict[str, str] = {}

    async def deliveries(self, cursor: bytes) -> AsyncIterator[Delivery]:
        """Deliver for ever, each round the pools that changed since the last."""
        while True:
            now_ns = self._clock.now_ns()
            active = self._watch.active(now_ns, self._asking.depth_active_s, self._asking.depth_mints_max)
            fresh = [tick for tick in active if tick.venue not in (PRICED, GUESSED) and self._told.get(tick.mint) != tick.event_id]
            self._told = {tick.mint: tick.event_id for tick in active}
            yield Delivery(NAME, tuple(depth_of(tick, self._asking.depth_sizes_lamports, now_ns) for tick in fresh))
            await asyncio.sleep(self._asking.depth_interval_s)
