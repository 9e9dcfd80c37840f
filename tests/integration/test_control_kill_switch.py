"""The kill switch of a RiskPolicy on a host: each change of it is one person's command, and nothing else is."""

import asyncio
from pathlib import Path

import pytest

from memesnipe.bus.folds import Halts, fold_halts
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import KILL_SWITCH
from memesnipe.control.service import Control
from memesnipe.control.settings import ControlSettings
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.health import Health
from memesnipe.kernel.service import Running
from memesnipe.messages.bounds import HaltState
from memesnipe.testing.builders import a_halt
from memesnipe.testing.manifests import PORTFOLIO, a_strategy

HALTED = "spec: {killSwitch: {state: Halted, reason: looks wrong}}"
ACTIVE = "spec: {killSwitch: {state: Active, reason: looked at it}}"


def a_control(bus: RedisBus, folder: Path) -> Control:
    settings = ControlSettings(data_dir=str(folder), manifests=str(folder / "manifests"))
    return Control(settings, Running("control", SystemClock(), Health("control"), asyncio.Event()), bus)


def write(folder: Path, policy: str = "spec: {}") -> None:
    (folder / "manifests").mkdir(exist_ok=True)
    (folder / "manifests" / "all.yaml").write_text(f"{PORTFOLIO.replace('spec: {}', policy)}---\n{a_strategy()}")


async def folded(bus: RedisBus) -> Halts:
    return fold_halts(Halts(), await bus.fold(KILL_SWITCH.name))


async def test_a_kill_switch_that_is_written_halts_and_one_that_is_set_back_reopens(bus: RedisBus, tmp_path: Path) -> None:
    write(tmp_path, HALTED)
    control = a_control(bus, tmp_path)
    await control.turn()
    halted = await folded(bus)

    write(tmp_path, ACTIVE)
    await control.turn()

    assert (halted.portfolio, halted.reasons["*"]) == (HaltState.HALTED, "looks wrong")
    assert (await folded(bus)).portfolio is HaltState.ACTIVE


async def test_a_restart_does_not_say_again_what_stands_there(bus: RedisBus, tmp_path: Path) -> None:
    write(tmp_path, HALTED)
    await a_control(bus, tmp_path).turn()

    await a_control(bus, tmp_path).turn()

    assert (await folded(bus)).epoch == 1


async def test_a_kill_switch_that_could_not_be_said_is_said_at_the_next_turn(
    bus: RedisBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> str:
        raise Unavailable("redis", "away")

    write(tmp_path)
    control = a_control(bus, tmp_path)
    await control.turn()
    write(tmp_path, HALTED)
    with monkeypatch.context() as patch:
        patch.setattr(bus, "publish", away)
        with pytest.raises(Unavailable):
            await control.turn()

    await control.turn()

    assert (await folded(bus)).portfolio is HaltState.HALTED


async def test_what_stands_there_unchanged_does_not_undo_a_drawdown_halt(bus: RedisBus, tmp_path: Path) -> None:
    write(tmp_path, ACTIVE)
    control = a_control(bus, tmp_path)
    await control.turn()
    drawdown = a_halt(HaltState.HALTED, by="risk_guardian")
    await bus.publish(KILL_SWITCH.name, drawdown, drawdown.id)

    await control.turn()
    write(tmp_path, "spec: {killSwitch: {state: Active, reason: looked at it}, timeStopS: 900}")
    await control.turn()

    assert (await folded(bus)).portfolio is HaltState.HALTED


async def test_one_strategy_is_halted_alone(bus: RedisBus, tmp_path: Path) -> None:
    write(tmp_path, "spec: {killSwitch: {strategies: {momentum: ReduceOnly}}}")

    await a_control(bus, tmp_path).turn()

    assert (await folded(bus)).states == {"momentum": HaltState.REDUCE_ONLY}
