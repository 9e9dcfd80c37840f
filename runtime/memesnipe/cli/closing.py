"""A person's close of one position: asked of position_manager, then looked up, so that a mistyped token does not look done."""

import asyncio
import getpass
import os
import time

from sqlalchemy.exc import SQLAlchemyError

from memesnipe.bus import topology
from memesnipe.bus.redis_bus import connect
from memesnipe.cli.addresses import Addresses
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import BadInput, ConfigError
from memesnipe.kernel.ids import derive
from memesnipe.ledger import read
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.messages import codec
from memesnipe.messages.control import CloseRequest


def close(addresses: Addresses, strategy: str, mint: str) -> None:
    """Ask position_manager to close one position. Raises ConfigError for what names none, and, having asked, for one not held.

    It asks whatever the ledger says: a ledger that is behind or away must not keep a person from getting out.
    """
    now_ns = time.time_ns()
    request = CloseRequest(derive("close", strategy, mint, now_ns), strategy, mint, getpass.getuser(), now_ns)
    try:
        codec.decode(CloseRequest, codec.encode(request))  # what its reader could not read is never sent
    except BadInput:
        raise ConfigError(f"{strategy!r} and {mint!r} are not a strategy's name and a token's address") from None
    asyncio.run(_ask(addresses, request))
    held = _held_by(addresses, strategy)
    if held is not None and mint not in held:
        raise ConfigError(f"asked, but by the ledger {strategy} holds nothing of {mint}; it holds {', '.join(held) or 'nothing'}")


def _held_by(addresses: Addresses, strategy: str) -> list[str] | None:
    """Return the tokens that a strategy holds, None where the ledger does not answer."""
    engine = open_engine(ledger_url(str(addresses.data_dir), os.environ.get("DATABASE_URL", "")))
    try:
        with engine.connect() as connection:
            return [one.mint for one in read.open_positions(connection) if one.strategy == strategy]
    except SQLAlchemyError:
        return None


async def _ask(addresses: Addresses, request: CloseRequest) -> None:
    bus = await connect(addresses.settings(), SystemClock(), service="cli")
    try:
        await bus.publish(topology.CLOSE_REQUESTS.name, request, request.id)
    finally:
        await bus.close()
