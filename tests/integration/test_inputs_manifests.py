"""Manifests that a person got wrong, as control meets them: the last good configuration stays, and it is said and counted."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from memesnipe.bus import topology
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.control.service import Control
from memesnipe.control.settings import ControlSettings
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.health import Health
from memesnipe.kernel.service import Running
from memesnipe.messages.bounds import HaltState
from memesnipe.testing.builders import a_halt

HEAD = "apiVersion: memesnipe.io/v1alpha1\nkind: %s\nmetadata: {name: %s}\nspec: %s\n"
BASE = HEAD % ("Allocation", "default", "{capitalSol: 20}") + "---\n" + HEAD % ("RiskPolicy", "default", "{}")
MOMENTUM = HEAD % ("Strategy", "momentum", "{strategy: momentum, mode: live}")
SNIPER = HEAD % ("Strategy", "launch-sniper", "{strategy: launch-sniper, mode: live}")
BOMB = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9) if n else 'x'}]\n" for n in range(9))

BROKEN: dict[str, tuple[str, str]] = {
    "YAML bomb": (BOMB, "aliases are not allowed"),
    "deep YAML": ("a: " + "[" * 5_000, "not valid YAML"),
    "a field that is not its own": (MOMENTUM + "status: {mode: live}\n", "status"),
    "mode asked for in the status": (HEAD % ("Strategy", "momentum", "{strategy: momentum}") + "status: {mode: live}\n", "status"),
    "a misspelt field": (MOMENTUM.replace("mode:", "Mode:"), "Mode"),
    "mode in capitals": (MOMENTUM.replace("live", "Live"), "mode"),
    "mode with a space": (MOMENTUM.replace("mode: live", "mode: 'live '"), "mode"),
    "mode with a Cyrillic letter": (MOMENTUM.replace("mode: live", "mode: liv\u0435"), "mode"),
    "mode with a zero-width space": (MOMENTUM.replace("mode: live", 'mode: "live\\u200b"'), "mode"),
    "a name that the server should make": (MOMENTUM.replace("name: momentum", "generateName: momentum-"), "name"),
    "a name with a bidi mark": (MOMENTUM.replace("name: momentum", 'name: "momentum\\u202e"'), "name"),
    "a name with a line feed": (MOMENTUM.replace("name: momentum", 'name: "momentum\\n"'), "name"),
    "a key twice": (MOMENTUM + "spec: {strategy: momentum}\n", "repeated"),
    "another code under the same name": (MOMENTUM.replace("strategy: momentum", "strategy: launch-sniper"), "cannot be changed"),
    "more documents than allowed": ("---\n".join([MOMENTUM] * 1_025), "documents"),
    "the YAML of a number that is none": (MOMENTUM.replace("mode: live", "paused: .nan"), "paused"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "manifests"
    made.mkdir()
    (made / "base.yaml").write_text(BASE)
    (made / "momentum.yaml").write_text(MOMENTUM)
    return made


@pytest.fixture
def control(folder: Path, tmp_path: Path, bus: RedisBus, monkeypatch: pytest.MonkeyPatch) -> Control:
    async def genesis(_: str) -> str:
        return "Localnet1"

    monkeypatch.setattr("memesnipe.control.service.genesis_of", genesis)
    settings = ControlSettings(data_dir=str(tmp_path / "data"), manifests=str(folder), rpc_url="http://chain", paper_trading_mode=False)
    return Control(settings, Running("control", SystemClock(), Health("control"), asyncio.Event()), bus)


def refusals() -> float:
    return REGISTRY.get_sample_value("memesnipe_config_errors_total") or 0.0


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_manifest_leaves_the_last_good_configuration_in_force(
    name: str, folder: Path, control: Control, bus: RedisBus, capsys: pytest.CaptureFixture[str]
) -> None:
    text, word = BROKEN[name]
    await control.turn()
    before = refusals()

    (folder / "momentum.yaml").write_text(text)
    await control.turn()
    await control.turn()

    said = capsys.readouterr()
    assert word in said.out + said.err
    assert refusals() == before + 1
    assert len(await bus.fold(topology.CONFIG.name)) == 1
    assert control.strategies() == ["momentum"]


async def test_a_broken_manifest_at_the_first_start_is_a_config_error(folder: Path, control: Control) -> None:
    (folder / "momentum.yaml").write_text(MOMENTUM.replace("live", "Live"))

    with pytest.raises(ConfigError, match="mode"):
        await control.turn()


async def test_a_change_while_live_ends_the_lease_of_the_spec_before_it(folder: Path, control: Control, bus: RedisBus) -> None:
    await control.turn()
    before = await bus.get(topology.LEASE_KEY.format(strategy="momentum"))

    (folder / "momentum.yaml").write_text(MOMENTUM.replace("mode: live", "mode: paper"))
    await control.turn()

    assert before
    assert await bus.get(topology.LEASE_KEY.format(strategy="momentum")) is None
    assert await bus.get(topology.EXIT_LEASE_KEY.format(strategy="momentum"))


async def test_a_strategy_deleted_with_an_open_position_can_still_sell(folder: Path, control: Control, bus: RedisBus) -> None:
    (folder / "sniper.yaml").write_text(SNIPER)
    await control.turn()
    (folder / "sniper.yaml").unlink()
    await bus.drop(topology.EXIT_LEASE_KEY.format(strategy="launch-sniper"))

    await control.turn()

    assert control.strategies() == ["momentum"]
    assert await bus.get(topology.LEASE_KEY.format(strategy="launch-sniper")) is None
    assert await bus.get(topology.EXIT_LEASE_KEY.format(strategy="launch-sniper"))


async def test_a_frozen_portfolio_takes_the_exit_lease_of_a_deleted_strategy_too(folder: Path, control: Control, bus: RedisBus) -> None:
    (folder / "sniper.yaml").write_text(SNIPER)
    await control.turn()
    (folder / "sniper.yaml").unlink()
    await control.turn()

    await bus.publish(topology.KILL_SWITCH.name, a_halt(HaltState.FROZEN))
    await control.turn()

    assert await bus.get(topology.EXIT_LEASE_KEY.format(strategy="launch-sniper")) is None
