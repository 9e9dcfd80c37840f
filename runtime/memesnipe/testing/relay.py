"""A stage with nothing in it: reads intents, approves each, commits. What remains when a stage's own work is taken away.

Run as a process (`python -m memesnipe.testing.relay`) by the kill tests; settings come from the environment, as in a service.
MEMESNIPE_RELAY_STATE=1 makes it keep a count as its state, so that the state's fence is under test too.
"""

import asyncio
import os

from memesnipe.bus.api import Output, StaleState, State, Subscription
from memesnipe.bus.redis_bus import RedisBus, connect
from memesnipe.bus.topology import APPROVED, INTENTS, STATE_KEY
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.settings import CommonSettings, load
from memesnipe.testing.builders import an_approved

STATE = STATE_KEY.format(stage="relay")


async def relay(bus: RedisBus, keep: bool) -> None:
    """Approve whatever comes, until killed."""
    await bus.subscribe([Subscription(INTENTS, INTENTS.readers[0], ("momentum",))])
    while True:
        try:
            await _turn(bus, keep)
        except (StaleState, Unavailable):
            continue


async def _turn(bus: RedisBus, keep: bool) -> None:
    batch = await bus.read(count_max=20, block_ms=500)
    if batch is None:
        return
    outputs = [[Output(APPROVED.name, an_approved(entry.message), entry.message.id)] for entry in batch.entries]
    state = await bus.load(STATE) if keep else None
    if state is not None:
        state = State(STATE, state.version, str(int(state.data or b"0") + len(batch.entries)).encode())
    await bus.commit(batch, outputs, state)


async def _main() -> None:
    bus = await connect(
        load(CommonSettings), SystemClock(), service="relay", consumer=os.environ["MEMESNIPE_RELAY_CONSUMER"], adopt_idle_ms=200
    )
    await relay(bus, keep=os.environ.get("MEMESNIPE_RELAY_STATE") == "1")


if __name__ == "__main__":
    asyncio.run(_main())
