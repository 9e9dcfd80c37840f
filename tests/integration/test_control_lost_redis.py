"""Control beside a Redis that forgets: halts and configuration are said again, and no halt epoch ever comes twice."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import redis

from memesnipe.bus.folds import Halts, fold_halts
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import CONFIG, KILL_SWITCH
from memesnipe.control.service import Control
from memesnipe.control.settings import ControlSettings
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.health import Health
from memesnipe.kernel.service import Running
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import HaltCommand
from memesnipe.testing.builders import a_halt
from memesnipe.testing.manifests import PORTFOLIO, a_strategy

ACTIVE, REDUCE_ONLY, HALTED, FROZEN = HaltState
MANIFESTS = f"{PORTFOLIO}---\n{a_strategy()}"


def a_control(bus: Any, folder: Path) -> Control:
    (folder / "manifests").mkdir(exist_ok=True)
    (folder / "manifests" / "all.yaml").write_text(MANIFESTS)
    settings = ControlSettings(data_dir=str(folder), manifests=str(folder / "manifests"))
    return Control(settings, Running("control", SystemClock(), Health("control"), asyncio.Event()), bus)


def lose_everything(url: str) -> None:
    with redis.Redis.from_url(url) as client:
        client.flushall()


async def folded(bus: RedisBus, known: Halts | None = None) -> Halts:
    """Return the halts as a stage has them that starts now, or that goes on from what it had folded."""
    known = known or Halts()
    return fold_halts(known, await bus.fold(KILL_SWITCH.name, known.after))


async def say(bus: RedisBus, *commands: HaltCommand) -> None:
    for command in commands:
        await bus.publish(KILL_SWITCH.name, command, command.id)


@pytest.mark.parametrize("runs_on", [True, False], ids=["running", "restarted"])
async def test_halts_outlive_the_loss_of_everything(bus: RedisBus, valkey_url: str, tmp_path: Path, runs_on: bool) -> None:
    control = a_control(bus, tmp_path)
    await say(bus, a_halt(FROZEN), a_halt(HALTED, scope="momentum"))
    await control.turn()

    lose_everything(valkey_url)
    await (control if runs_on else a_control(bus, tmp_path)).turn()

    assert (await folded(bus)).states == {"*": FROZEN, "momentum": HALTED}


async def test_who_runs_on_and_who_starts_anew_come_out_at_the_same_later_epoch(bus: RedisBus, valkey_url: str, tmp_path: Path) -> None:
    control = a_control(bus, tmp_path)
    await say(bus, a_halt(HALTED), a_halt(ACTIVE), a_halt(REDUCE_ONLY, scope="momentum"))
    await control.turn()
    await say(bus, a_halt(HALTED))  # control never sees this one
    before = await folded(bus)

    lose_everything(valkey_url)
    await control.turn()

    running, fresh = await folded(bus, before), await folded(bus)
    assert running.epoch == fresh.epoch > before.epoch
    assert running.states["*"] is HALTED


@pytest.mark.parametrize("runs_on", [True, False], ids=["running", "restarted"])
async def test_commands_that_control_never_saw_still_leave_their_epoch_behind(
    bus: RedisBus, valkey_url: str, tmp_path: Path, runs_on: bool
) -> None:
    control = a_control(bus, tmp_path)
    await control.turn()
    await say(bus, a_halt(HALTED))
    before = await folded(bus)

    lose_everything(valkey_url)
    await (control if runs_on else a_control(bus, tmp_path)).turn()
    await say(bus, a_halt(REDUCE_ONLY))

    assert (await folded(bus)).epoch == (await folded(bus, before)).epoch > before.epoch


async def test_a_channel_that_lost_only_its_end_gets_it_back(bus: RedisBus, valkey_url: str, tmp_path: Path) -> None:
    control = a_control(bus, tmp_path)
    await say(bus, a_halt(HALTED), a_halt(ACTIVE), a_halt(FROZEN))
    await control.turn()

    with redis.Redis.from_url(valkey_url) as client:
        client.xdel(KILL_SWITCH.name, (await bus.fold(KILL_SWITCH.name))[-1].id)
    await control.turn()

    assert (await folded(bus)).portfolio is FROZEN


async def test_what_a_person_said_after_the_loss_stays(bus: RedisBus, valkey_url: str, tmp_path: Path) -> None:
    control = a_control(bus, tmp_path)
    await say(bus, a_halt(HALTED), a_halt(REDUCE_ONLY, scope="momentum"))
    await control.turn()

    lose_everything(valkey_url)
    await say(bus, a_halt(ACTIVE), a_halt(FROZEN, scope="momentum"))
    await control.turn()

    assert (await folded(bus)).states == {"*": ACTIVE, "momentum": FROZEN}


async def test_a_control_that_dies_while_it_says_halts_again_says_all_of_them_when_it_is_back(
    bus: RedisBus, valkey_url: str, tmp_path: Path
) -> None:
    await say(bus, a_halt(HALTED), a_halt(FROZEN, scope="momentum"), a_halt(HALTED, scope="other"))
    await a_control(bus, tmp_path).turn()
    lose_everything(valkey_url)
    await say(bus, a_halt(HALTED, scope="third"))

    with pytest.raises(Unavailable):
        await a_control(DiesAfter(bus, 1), tmp_path).turn()
    await a_control(bus, tmp_path).turn()

    assert (await folded(bus)).states == {"*": HALTED, "momentum": FROZEN, "other": HALTED, "third": HALTED}


async def test_a_loss_is_answered_once(bus: RedisBus, valkey_url: str, tmp_path: Path) -> None:
    control = a_control(bus, tmp_path)
    await say(bus, a_halt(HALTED))
    await control.turn()
    lose_everything(valkey_url)
    await control.turn()

    for _ in range(3):
        await control.turn()
    await a_control(bus, tmp_path).turn()

    assert len(await bus.fold(KILL_SWITCH.name)) == 1


async def test_without_a_loss_nothing_is_said(bus: RedisBus, tmp_path: Path) -> None:
    await say(bus, a_halt(HALTED), a_halt(ACTIVE))

    for _ in range(2):
        control = a_control(bus, tmp_path)
        await control.turn()
        await control.turn()

    assert len(await bus.fold(KILL_SWITCH.name)) == 2


async def test_a_running_control_publishes_its_configuration_again_with_the_halts_before_it(
    bus: RedisBus, valkey_url: str, tmp_path: Path
) -> None:
    control = a_control(bus, tmp_path)
    await say(bus, a_halt(HALTED))
    await control.turn()

    lose_everything(valkey_url)
    await control.turn()
    await control.turn()

    (config,), (halt,) = await bus.fold(CONFIG.name), await bus.fold(KILL_SWITCH.name)
    assert [one.id for one in config.message.strategies] == ["momentum"]
    assert halt.id < config.id


class DiesAfter:
    """A bus whose server goes away after so many commands were written."""

    def __init__(self, bus: RedisBus, writes: int) -> None:
        self._bus, self._writes = bus, writes

    async def publish(self, stream: str, message: Any, key: str = "") -> str:
        if not self._writes:
            raise Unavailable("redis", "gone")
        self._writes -= 1
        return await self._bus.publish(stream, message, key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus, name)
