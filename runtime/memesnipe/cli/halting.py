"""A person's halts: written to the stream that everyone folds, then watched until the services say they know."""

import asyncio
import getpass
import time

from memesnipe.bus import topology
from memesnipe.bus.api import Entry
from memesnipe.bus.folds import Halts, fold_halts
from memesnipe.bus.redis_bus import connect
from memesnipe.cli.addresses import Addresses
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import PORTFOLIO, CloseRequest, HaltCommand


def halt(addresses: Addresses, state: HaltState, scope: str, reason: str, *, lift_frozen: bool = False) -> Halts:
    """Publish one halt command and return the folded state after it. Raises ConfigError when FROZEN would be lifted unasked."""
    return asyncio.run(_halt(addresses, state, scope or PORTFOLIO, reason, lift_frozen=lift_frozen))


async def _halt(addresses: Addresses, state: HaltState, scope: str, reason: str, *, lift_frozen: bool) -> Halts:
    clock = SystemClock()
    bus = await connect(addresses.settings(), clock, service="cli")
    try:
        before = fold_halts(Halts(), await bus.fold(topology.KILL_SWITCH.name))
        if before.states.get(scope) is HaltState.FROZEN and state is not HaltState.FROZEN and not lift_frozen:
            raise ConfigError("the wallet is FROZEN (a stolen key is suspected); `memesnipe resume --frozen` lifts it")
        now_ns = clock.now_ns()
        by = getpass.getuser()
        command = HaltCommand(derive("halt", scope, state, by, now_ns), scope, state, by, reason, now_ns)
        entry_id = await bus.publish(topology.KILL_SWITCH.name, command, command.id)
        return fold_halts(before, [Entry(topology.KILL_SWITCH.name, entry_id, command)])
    finally:
        await bus.close()


def close(addresses: Addresses, strategy: str, mint: str) -> None:
    """Ask position_manager to close one position."""
    asyncio.run(_close(addresses, strategy, mint))


async def _close(addresses: Addresses, strategy: str, mint: str) -> None:
    bus = await connect(addresses.settings(), SystemClock(), service="cli")
    try:
        now_ns = time.time_ns()
        request = CloseRequest(derive("close", strategy, mint, now_ns), strategy, mint, getpass.getuser(), now_ns)
        await bus.publish(topology.CLOSE_REQUESTS.name, request, request.id)
    finally:
        await bus.close()
