"""A person's halts: written to the stream that everyone folds."""

import asyncio

from memesnipe.bus import topology
from memesnipe.bus.api import Bus, Entry
from memesnipe.bus.folds import Halts, fold_halts
from memesnipe.bus.redis_bus import connect
from memesnipe.cli.addresses import Addresses
from memesnipe.cli.naming import applied_on
from memesnipe.cli.person import who, why
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import PORTFOLIO, HaltCommand


def halt(addresses: Addresses, state: HaltState, scope: str, reason: str, *, lift_frozen: bool = False) -> Halts:
    """Publish one halt command and return the folded state after it. Raises ConfigError: unknown strategy, FROZEN lifted unasked."""
    return asyncio.run(_halt(addresses, state, scope or PORTFOLIO, reason, lift_frozen=lift_frozen))


def in_force(addresses: Addresses) -> Halts:
    """Return the kill switch as everyone folds it. Raises Unavailable."""
    return asyncio.run(_in_force(addresses))


async def _in_force(addresses: Addresses) -> Halts:
    bus = await connect(addresses.settings(), SystemClock(), service="cli")
    try:
        return fold_halts(Halts(), await bus.fold(topology.KILL_SWITCH.name))
    finally:
        await bus.close()


async def _halt(addresses: Addresses, state: HaltState, scope: str, reason: str, *, lift_frozen: bool) -> Halts:
    clock = SystemClock()
    bus = await connect(addresses.settings(), clock, service="cli")
    try:
        await _known(bus, scope)
        before = fold_halts(Halts(), await bus.fold(topology.KILL_SWITCH.name))
        if before.states.get(scope) is HaltState.FROZEN and state is not HaltState.FROZEN and not lift_frozen:
            raise ConfigError("the wallet is FROZEN (a stolen key is suspected); `memesnipe resume --frozen` lifts it")
        now_ns = clock.now_ns()
        by = who()
        command = HaltCommand(derive("halt", scope, state, by, now_ns), scope, state, by, why(reason), now_ns)
        entry_id = await bus.publish(topology.KILL_SWITCH.name, command, command.id)
        return fold_halts(before, [Entry(topology.KILL_SWITCH.name, entry_id, command)])
    finally:
        await bus.close()


async def _known(bus: Bus, scope: str) -> None:
    """Refuse a strategy that is not applied: a halt of a mistyped name would look done and stop nothing."""
    if scope == PORTFOLIO:
        return
    applied = await applied_on(bus) or ()
    if scope not in applied:
        raise ConfigError(f"strategy {scope!r} is not applied here; applied: {', '.join(applied) or 'none'}")
