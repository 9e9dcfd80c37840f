"""Kopf watches, and that is all it does here: started, held to what it promised, and ended by us rather than by a signal."""

import asyncio
import signal

import kopf
from kopf._cogs.structs.references import Insights

from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.kernel.service import Running
from memesnipe_operator import main
from memesnipe_operator.kinds import OURS, OWNED
from memesnipe_operator.operating import Operator
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
    await streams


def _take_signals_back(stop: asyncio.Event) -> None:
    """Kopf takes the signals for itself when it starts, and ends by one only after seconds."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


def _must_watch_all(found: Insights) -> None:
    """Kopf looks once for the kinds that the API server serves and goes on without those that it does not find.

    An API server that starts at the same time serves them a little later: an operator that goes on would be deaf to the kill switch.
    """
    watched = {(one.group, one.plural) for one in found.watched_resources}
    missing = sorted(kind.kind for kind in (*OURS, *OWNED) if (kind.group, kind.plural) not in watched)
    if missing:
        raise Unavailable("API server", f"it does not serve {', '.join(missing)} yet")
