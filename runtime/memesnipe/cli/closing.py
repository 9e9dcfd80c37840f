"""A person's close of one position: asked of position_manager, once the ledger says that there is such a position."""

import asyncio
import getpass
import os
import time

from memesnipe.bus import topology
from memesnipe.bus.redis_bus import connect
from memesnipe.cli.addresses import Addresses
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.ids import derive
from memesnipe.ledger import read
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.messages.control import CloseRequest


def close(addresses: Addresses, strategy: str, mint: str) -> None:
    """Ask position_manager to close one position. Raises ConfigError, naming what is open, when there is none such."""
    held = _held(addresses)
    if (strategy, mint) not in held:
        known = ", ".join(f"{owner} {token}" for owner, token in held) or "nothing"
        raise ConfigError(f"{strategy} holds nothing of {mint}; open now: {known}")
    asyncio.run(_ask(addresses, strategy, mint))


def _held(addresses: Addresses) -> list[tuple[str, str]]:
    engine = open_engine(ledger_url(str(addresses.data_dir), os.environ.get("DATABASE_URL", "")))
    with engine.connect() as connection:
        return [(one.strategy, one.mint) for one in read.open_positions(connection)]


async def _ask(addresses: Addresses, strategy: str, mint: str) -> None:
    bus = await connect(addresses.settings(), SystemClock(), service="cli")
    try:
        now_ns = time.time_ns()
        request = CloseRequest(derive("close", strategy, mint, now_ns), strategy, mint, getpass.getuser(), now_ns)
        await bus.publish(topology.CLOSE_REQUESTS.name, request, request.id)
    finally:
        await bus.close()
