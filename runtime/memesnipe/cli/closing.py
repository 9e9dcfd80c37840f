"""A person's close of one position: asked of position_manager, then looked up, so that a mistyped token does not look done."""

import asyncio
import time

import msgspec

from memesnipe.bus import topology
from memesnipe.bus.redis_bus import connect
from memesnipe.cli import addresses as stack
from memesnipe.cli.addresses import Addresses
from memesnipe.cli.naming import applied_on, refuse_untraded
from memesnipe.cli.person import who
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import BadInput, ConfigError, Unavailable
from memesnipe.kernel.ids import derive
from memesnipe.ledger import read
from memesnipe.messages import codec
from memesnipe.messages.control import CloseRequest


class Asked(msgspec.Struct, frozen=True):
    """What was asked of position_manager."""

    id: str
    strategy: str
    mint: str
    held: bool | None
    """None: the ledger did not answer."""


def close(addresses: Addresses, strategy: str, mint: str) -> Asked:
    """Ask position_manager to close one position. Raises ConfigError for what names none, and, having asked, for one not held.

    It asks whatever the ledger says of an applied strategy: a ledger that is behind or away must not keep a person from getting out.
    """
    now_ns = time.time_ns()
    request = CloseRequest(derive("close", strategy, mint, now_ns), strategy, mint, who(), now_ns)
    try:
        codec.decode(CloseRequest, codec.encode(request))  # what its reader could not read is never sent
    except BadInput:
        raise ConfigError(f"{strategy!r} and {mint!r} are not a strategy's name and a token's address") from None
    asyncio.run(_ask(addresses, request))
    held = _held_by(addresses, strategy)
    if held is not None and mint not in held:
        raise ConfigError(f"asked, but by the ledger {strategy} holds nothing of {mint}; it holds {', '.join(held) or 'nothing'}")
    return Asked(request.id, strategy, mint, None if held is None else True)


def _held_by(addresses: Addresses, strategy: str) -> list[str] | None:
    """Return the tokens that a strategy holds, None where the ledger does not answer."""
    try:
        with stack.ledger(addresses.data_dir) as engine, engine.connect() as connection:
            return [one.mint for one in read.open_positions(connection) if one.strategy == strategy]
    except (ConfigError, Unavailable):
        return None


async def _ask(addresses: Addresses, request: CloseRequest) -> None:
    bus = await connect(addresses.settings(), SystemClock(), service="cli")
    try:
        applied = await applied_on(bus)
        if applied is not None and request.strategy not in applied:
            refuse_untraded(request.strategy, applied, addresses.data_dir)
        await bus.publish(topology.CLOSE_REQUESTS.name, request, request.id)
    finally:
        await bus.close()
