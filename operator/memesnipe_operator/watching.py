"""Kopf watches our own kinds, and that is all it does here: started, held to what it promised, and ended by us rather than by a signal.

What we own is heard beside it: thousands of objects, for each of which kopf would keep a task, a queue and a copy at each event.
"""

import asyncio
import signal

import kopf
from kopf._cogs.structs.references import Insights

from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.kernel.service import Running
from memesnipe_operator import main
from memesnipe_operator.kinds import OURS
from memesnipe_operator.operating import Operator
from memesnipe_operator.owned_events import hear
from memesnipe_operator.settings import OperatorSettings


async def watch(running: Running, settings: OperatorSettings, operator: Operator) -> None:
    """Watch until cancelled. Raises Unavailable where a kind cannot be watched, and what a stream raises that cannot be had at all."""
    found = Insights()  # kopf takes it as an argument and does not export it
    streams = asyncio.create_task(
        kopf.operator(
            registry=main.REGISTRY,
            settings=main.settings(settings.watch_idle_s),
            namespaces=[settings.strategies_namespace],
            standalone=True,
            memo=operator,
            insights=found,
        )
    )
    looked = asyncio.create_task(found.ready_resources.wait())
    await asyncio.wait({streams, looked}, return_when=asyncio.FIRST_COMPLETED)
    looked.cancel()
    if not streams.done():
        _take_signals_back(running.stop)
        _must_watch_all(found)
        logger().info("watching")
        running.health.ready(True)
        await _beside(streams, asyncio.create_task(hear(operator)))
    await streams


async def _beside(streams: asyncio.Task[None], owned: asyncio.Task[None]) -> None:
    """Go on until one of them ends, which none does by itself. Raises what ended it."""
    owned.add_done_callback(lambda _: streams.cancel())
    try:
        await streams  # awaited, not waited for: kopf takes its tasks down in order only when it is cancelled itself
    finally:
        if owned.done() and not owned.cancelled():
            owned.result()
        owned.cancel()


def _take_signals_back(stop: asyncio.Event) -> None:
    """Kopf takes the signals for itself when it starts, and ends by one only after seconds."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


def _must_watch_all(found: Insights) -> None:
    """Kopf looks once for the kinds that the API server serves and goes on without those that it does not find.

    An API server that starts at the same time serves them a little later: an operator that goes on would be deaf to the kill switch.
    """
    watched = {(one.group, one.plural) for one in found.watched_resources}
    missing = sorted(kind.kind for kind in OURS if (kind.group, kind.plural) not in watched)
    if missing:
        raise Unavailable("API server", f"it does not serve {', '.join(missing)} yet")
