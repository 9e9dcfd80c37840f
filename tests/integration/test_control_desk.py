"""Leases over a restart: what nobody can tell now is left to run out, and only what is no longer due is taken back."""

from pathlib import Path

import pytest

from memesnipe.approvals.keys import SigningKey
from memesnipe.bus import topology
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.control.applied import applied
from memesnipe.control.desk import Desk
from memesnipe.control.known import Known
from memesnipe.kernel.clock import SystemClock
from memesnipe.manifests.reading import understand
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import ConfigApplied
from memesnipe.testing.builders import a_halt
from memesnipe.testing.manifests import PORTFOLIO, a_strategy

LOCALNET = "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"
EXIT, FULL = topology.EXIT_LEASE_KEY.format(strategy="momentum"), topology.LEASE_KEY.format(strategy="momentum")


def a_config(genesis: str, version: int = 1) -> ConfigApplied:
    manifests = understand({"all.yaml": f"{PORTFOLIO}---\n{a_strategy(spec='strategy: momentum, mode: live')}".encode()})
    return applied(manifests, version=version, time_ns=SystemClock().now_ns(), paper_switch=False, genesis=genesis)


def a_desk(bus: RedisBus, folder: Path) -> Desk:
    return Desk(bus, SystemClock(), SigningKey(b"k" * 32), Known(folder / "known.db"), by="control", paper_switch=False)


async def a_turn(desk: Desk, config: ConfigApplied | None = None) -> None:
    await desk.open()
    await desk.fold_halts()
    if config is not None:
        await desk.put_in_force(config, ["momentum"])
    await desk.renew_leases()


async def there(bus: RedisBus) -> tuple[bool, bool]:
    """Return whether the exit lease and the full lease are in Redis."""
    return await bus.get(EXIT) is not None, await bus.get(FULL) is not None


@pytest.fixture
async def live(bus: RedisBus, tmp_path: Path) -> None:
    await a_turn(a_desk(bus, tmp_path), a_config(LOCALNET))
    assert await there(bus) == (True, True)


async def test_a_restart_while_the_chain_cannot_be_asked_leaves_the_exits(bus: RedisBus, tmp_path: Path, live: None) -> None:
    await a_turn(a_desk(bus, tmp_path), a_config("", version=2))

    assert await there(bus) == (True, False)


async def test_a_freeze_takes_the_exits_even_then(bus: RedisBus, tmp_path: Path, live: None) -> None:
    frozen = a_halt(HaltState.FROZEN)
    await bus.publish(topology.KILL_SWITCH.name, frozen, frozen.id)

    await a_turn(a_desk(bus, tmp_path), a_config("", version=2))

    assert await there(bus) == (False, False)


async def test_a_lost_configuration_moves_the_halt_epoch_once_and_not_at_each_turn(bus: RedisBus, tmp_path: Path, live: None) -> None:
    desk = a_desk(bus, tmp_path)
    await a_turn(desk, a_config(LOCALNET))
    await bus.drop(topology.CONFIG.name)

    await a_turn(desk)
    first = desk.halts.epoch
    for _ in range(3):
        await a_turn(desk)

    assert desk.halts.epoch == first > 0
