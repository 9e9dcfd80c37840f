"""`python -m memesnipe_operator`: settings, connections, the Lease, then watch and reconcile until asked to stop."""

import asyncio
import contextlib
import logging
import socket

import msgspec

from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.logs import logger
from memesnipe.kernel.service import EXIT_CONFIG, Running, run
from memesnipe.kernel.settings import load
from memesnipe_operator.api import Api
from memesnipe_operator.connection import connected
from memesnipe_operator.kinds import OURS
from memesnipe_operator.leading import Election, lead
from memesnipe_operator.settings import Mounted, OperatorSettings, mounted
from memesnipe_operator.watching import watch
from memesnipe_operator.wiring import put_together

KINDS_S_MAX = 120.0


async def serve(running: Running, settings: OperatorSettings) -> None:
    """Wait for the Lease, then operate until asked to stop. Raises ConfigError, Unavailable."""
    files = mounted(settings)
    async with connected(settings.kubeconfig, settings.calls_max) as api:
        running.health.ready(True, "waiting for the Lease")
        election = Election(api.apart(), running.clock, settings)
        await lead(election, settings.lease_s, running.stop, lambda: _operate(running, settings, files, api))


async def _operate(running: Running, settings: OperatorSettings, files: Mounted, api: Api) -> None:
    await _until_served(api)
    async with put_together(running, settings, files, api) as operator:
        await operator.prepare()
        working, stopping = asyncio.create_task(operator.run()), asyncio.create_task(running.stop.wait())
        watching = asyncio.create_task(watch(running, settings, operator))
        try:
            await asyncio.wait({working, watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in (working, watching):
                if task.done():
                    task.result()
        finally:  # also when the Lease is lost: then nothing more may be granted
            watching.cancel()  # it takes seconds to end, and its handlers only mark: the next operator need not wait for that
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working


async def _until_served(api: Api) -> None:
    """The CRDs may come in the same breath as we do. Raises ConfigError when they do not come."""
    for _ in range(int(KINDS_S_MAX)):
        if all([await api.serves(kind) for kind in OURS]):
            return
        await asyncio.sleep(1.0)
    raise ConfigError("the API server does not know our kinds: install the CRDs (chart: crds.enabled, or kubectl apply -f crds/)")


def run_operator() -> int:
    """Run the operator; return its exit code."""
    logging.getLogger("kopf").setLevel(logging.WARNING)
    try:
        settings = load(OperatorSettings)
    except ConfigError as error:
        logger().error("config_error", detail=str(error))
        return EXIT_CONFIG
    settings = msgspec.structs.replace(settings, identity=settings.identity or socket.gethostname())
    return run("operator", settings, lambda running: serve(running, settings))


if __name__ == "__main__":
    raise SystemExit(run_operator())
