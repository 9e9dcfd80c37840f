"""The registry holds what is installed and documented, once for each content, and survives any plugin."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import REGISTRY
from memesnipe.factory.registrar import Registrar
from memesnipe.kernel.clock import SystemClock
from memesnipe.messages.control import StrategyRegistered
from memesnipe.scaffold.strategy import create
from memesnipe.strategy.document import SECTIONS

FULL = "\n".join(f"## {section}\n\nEight words are what every section needs here.\n" for section in SECTIONS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create("my-idea", tmp_path)
    (tmp_path / "my_idea.md").write_text(FULL)
    return tmp_path


async def registered(bus: RedisBus, plugin: str = "my-idea") -> list[StrategyRegistered]:
    return [entry.message for entry in await bus.fold(REGISTRY.name) if entry.message.plugin == plugin]


def a_registrar(bus: RedisBus, *folders: Path) -> Registrar:
    return Registrar(bus, SystemClock(), folders)


async def test_what_ships_is_registered_with_its_risk_profile_and_parameters(bus: RedisBus) -> None:
    await a_registrar(bus).look()

    [momentum], [sniper] = await registered(bus, "momentum"), await registered(bus, "launch-sniper")
    assert (momentum.subscriptions, sniper.subscriptions) == (("price",), ("launch", "price"))
    assert {"thesis", "exposures", "failure_modes", "holding_time_s", "loss_per_trade_bps_max", "document_sha256"} <= set(
        json.loads(sniper.risk_profile)
    )
    assert "fast_s" in json.loads(momentum.parameters_schema)["properties"]


async def test_the_same_content_is_registered_once_over_looks_and_restarts(bus: RedisBus, folder: Path) -> None:
    registrar = a_registrar(bus, folder)
    for _ in range(2):
        await registrar.look()
    await a_registrar(bus, folder).look()

    assert len(await registered(bus)) == 1


async def test_changed_code_is_registered_again_and_so_is_the_way_back(bus: RedisBus, folder: Path) -> None:
    file, registrar = folder / "my_idea.py", a_registrar(bus, folder)
    original = file.read_text()
    for text in (original, original + "\n# a change\n", original):
        file.write_text(text)
        await registrar.look()

    first, second, third = await registered(bus)
    assert first.code_hash == third.code_hash != second.code_hash


async def test_a_changed_document_is_registered_again(bus: RedisBus, folder: Path) -> None:
    registrar = a_registrar(bus, folder)
    await registrar.look()

    (folder / "my_idea.md").write_text(FULL + "\nMore is known now.\n")
    await registrar.look()

    assert len(await registered(bus)) == 2


@pytest.mark.parametrize(
    "document", [None, "", FULL.replace("## Failure modes", "## Something else"), FULL.replace("Eight words", "TODO Eight")]
)
async def test_a_strategy_without_a_document_that_is_filled_in_is_not_registered(bus: RedisBus, folder: Path, document: str | None) -> None:
    path = folder / "my_idea.md"
    path.unlink()
    if document is not None:
        path.write_text(document)

    found = await a_registrar(bus, folder).look()

    assert [(broken.name, "my_idea.md" in broken.reason) for broken in found.broken] == [("my-idea", True)]
    assert await registered(bus) == []


@pytest.mark.parametrize("gone", ["my_idea.md", "my_idea.py"])
async def test_what_may_not_be_registered_any_more_has_no_hash_until_it_may_be_again(bus: RedisBus, folder: Path, gone: str) -> None:
    registrar, path = a_registrar(bus, folder), folder / gone
    text = path.read_text()
    await registrar.look()

    path.unlink()
    for _ in range(2):
        await registrar.look()
    path.write_text(text)
    await registrar.look()

    hashes = [one.code_hash for one in await registered(bus)]
    assert hashes == [hashes[0], "", hashes[0]]
    assert len(await registered(bus, "momentum")) == 1


async def test_a_file_that_is_just_being_written_costs_a_live_strategy_nothing(bus: RedisBus, folder: Path) -> None:
    registrar, path = a_registrar(bus, folder), folder / "my_idea.py"
    text = path.read_text()
    await registrar.look()

    for half in (text[:20], text, "", text):
        path.write_text(half)
        await registrar.look()

    assert len(await registered(bus)) == 1


async def test_a_registry_that_was_lost_is_filled_again_without_a_restart(bus: RedisBus, valkey_url: str, folder: Path) -> None:
    registrar = a_registrar(bus, folder)
    await registrar.look()

    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    for _ in range(2):
        await registrar.look()

    assert [len(await registered(bus, plugin)) for plugin in ("launch-sniper", "momentum", "my-idea")] == [1, 1, 1]


@pytest.mark.parametrize("code", ["1 / 0", "raise SystemExit", "x =", "import nowhere", "", "class Half: pass"])
async def test_a_broken_plugin_stops_neither_the_others_nor_the_factory(bus: RedisBus, folder: Path, code: str) -> None:
    (folder / "broken_one.py").write_text(code)

    found = await a_registrar(bus, folder).look()

    assert [broken.name for broken in found.broken] == ["broken-one"]
    assert len(await registered(bus)) == len(await registered(bus, "momentum")) == 1


def factory_process(url: str, folder: Path, **environment: str) -> "subprocess.Popen[bytes]":
    settings = {"MEMESNIPE_REDIS_URL": url, "MEMESNIPE_STRATEGIES_PATH": str(folder), "MEMESNIPE_FACTORY_INTERVAL_S": "3600", **environment}
    return subprocess.Popen([sys.executable, "-m", "memesnipe", "strategy_factory"], env={**os.environ, **settings}, stderr=subprocess.PIPE)


async def until_registered(bus: RedisBus, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(await registered(bus)) < count:
        assert time.monotonic() < deadline, "it was never registered"


async def test_the_service_looks_again_on_sighup_and_stops_on_sigterm(bus: RedisBus, valkey_url: str, folder: Path) -> None:
    process = factory_process(valkey_url, folder)
    try:
        await until_registered(bus, 1)
        (folder / "my_idea.md").write_text(FULL + "\nMore is known now.\n")

        process.send_signal(signal.SIGHUP)

        await until_registered(bus, 2)
    finally:
        process.terminate()
        assert process.wait(30) == 0


@pytest.mark.parametrize("step", ["factory.before_publish", "factory.after_publish"])
async def test_a_kill_at_any_step_registers_everything_once(bus: RedisBus, valkey_url: str, folder: Path, step: str) -> None:
    assert factory_process(valkey_url, folder, MEMESNIPE_FAILPOINT=step).wait(30) == -9

    process = factory_process(valkey_url, folder)
    try:
        await until_registered(bus, 1)
    finally:
        process.terminate()
        assert process.wait(30) == 0

    assert [len(await registered(bus, plugin)) for plugin in ("launch-sniper", "momentum", "my-idea")] == [1, 1, 1]
