"""Risk guardian and allocator as processes, killed at each durable step: nothing is decided twice, nothing is lost."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import ALLOCATION, ALLOCATIONS, APPROVED, CONFIG, FILLS, INTENTS, KILL_SWITCH, REJECTED
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.orders import OrderIntent
from memesnipe.testing.builders import OTHER_MINT, SOL, a_config, a_fill, a_halt
from memesnipe.testing.buses import nothing_held
from memesnipe.testing.risk_cases import a_decision, loose, moved, roomy, wish

WAIT_S = 60.0


@pytest.fixture
async def processes() -> AsyncIterator[list[asyncio.subprocess.Process]]:
    started: list[asyncio.subprocess.Process] = []
    yield started
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def start(
    processes: list[asyncio.subprocess.Process], service: str, url: str, data_dir: Path, failpoint: str = ""
) -> asyncio.subprocess.Process:
    env = {**os.environ, "MEMESNIPE_REDIS_URL": url, "MEMESNIPE_DATA_DIR": str(data_dir), "MEMESNIPE_FAILPOINT": failpoint}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "memesnipe", service, env=env, stderr=asyncio.subprocess.DEVNULL)
    processes.append(process)
    return process


async def until(bus: RedisBus, stream: str, count: int) -> list[Any]:
    async with asyncio.timeout(WAIT_S):
        while len(entries := await bus.fold(stream)) < count:  # noqa: ASYNC110 - the condition is in another process
            await asyncio.sleep(0.02)
    return [entry.message for entry in entries]


def fresh(**changes: Any) -> OrderIntent:
    return wish(time_ns=time.time_ns(), **changes)


async def applied(bus: RedisBus, **limits: Any) -> None:
    await bus.publish(CONFIG.name, a_config(limits=roomy(event_age_ms_max=60_000, **limits), capital_lamports=100 * SOL))
    await bus.publish(ALLOCATIONS.name, a_decision())
    await nothing_held(bus)


@pytest.mark.parametrize(
    "failpoint",
    ["risk.before_adopted", "risk.after_adopted", "risk.before_commit", "risk.after_commit", "bus.before_commit", "bus.after_commit"],
)
async def test_a_killed_risk_guardian_decides_every_intent_once(
    bus: RedisBus, valkey_url: str, tmp_path: Path, processes: list[asyncio.subprocess.Process], failpoint: str
) -> None:
    await applied(bus, portfolio_exposure_lamports_max=3 * SOL)
    first, second = fresh(sol=2), fresh(sol=2, mint=OTHER_MINT)
    for intent in (first, second):
        await bus.publish(INTENTS.of("momentum"), intent, intent.id)

    killed = await start(processes, "risk_guardian", valkey_url, tmp_path, failpoint)
    assert await asyncio.wait_for(killed.wait(), WAIT_S) == -signal.SIGKILL
    await start(processes, "risk_guardian", valkey_url, tmp_path)

    approved, refused = await until(bus, APPROVED.name, 1), await until(bus, REJECTED.name, 1)
    assert [order.intent.id for order in approved] == [first.id]
    assert [rejection.intent_id for rejection in refused] == [second.id]
    assert len(await bus.fold(FILLS.of("momentum"))) == 1


async def test_a_breaker_that_tripped_stays_tripped_when_the_guardian_is_killed(
    bus: RedisBus, valkey_url: str, tmp_path: Path, processes: list[asyncio.subprocess.Process]
) -> None:
    await applied(bus, breakers=loose(strategy_day_drawdown_bps_max=0, strategy_week_drawdown_bps_max=0))
    for fill in (moved("bought", lamports=-SOL, units=1_000), moved("sold", lamports=SOL // 2, units=-1_000)):
        await bus.publish(FILLS.of("momentum"), fill, fill.settled_key)
    tripping = await start(processes, "risk_guardian", valkey_url, tmp_path, "risk.after_commit")
    assert await asyncio.wait_for(tripping.wait(), WAIT_S) == -signal.SIGKILL

    await start(processes, "risk_guardian", valkey_url, tmp_path)
    await bus.publish(INTENTS.of("momentum"), fresh(sol=0.1, mint=OTHER_MINT))

    (refused,) = await until(bus, REJECTED.name, 1)
    assert refused.reason.value in {"strategy_day_drawdown", "strategy_week_drawdown"}  # the week's, where midnight came between


async def test_a_halt_stops_new_risk_within_a_second(
    bus: RedisBus, valkey_url: str, tmp_path: Path, processes: list[asyncio.subprocess.Process]
) -> None:
    await applied(bus, orders_per_minute_max=10_000)
    await start(processes, "risk_guardian", valkey_url, tmp_path)
    await bus.publish(INTENTS.of("momentum"), fresh(sol=0.01))
    await until(bus, APPROVED.name, 1)

    await bus.publish(KILL_SWITCH.name, a_halt(HaltState.HALTED))
    await asyncio.sleep(1.0)  # the promise itself is a time
    await bus.publish(INTENTS.of("momentum"), fresh(sol=0.01, mint=OTHER_MINT))

    (refused,) = await until(bus, REJECTED.name, 1)
    assert refused.reason.value == "halted"


@pytest.mark.parametrize("failpoint", ["allocator.before_decision", "allocator.after_decision"])
async def test_a_killed_allocator_decides_once_and_finishes_its_projections(
    bus: RedisBus, valkey_url: str, tmp_path: Path, processes: list[asyncio.subprocess.Process], failpoint: str
) -> None:
    await bus.publish(CONFIG.name, a_config())

    killed = await start(processes, "autonomous_allocator", valkey_url, tmp_path, failpoint)
    assert await asyncio.wait_for(killed.wait(), WAIT_S) == -signal.SIGKILL
    await start(processes, "autonomous_allocator", valkey_url, tmp_path)

    await until(bus, ALLOCATION.of("momentum"), 1)
    assert len(await bus.fold(ALLOCATIONS.name)) == 1


@pytest.mark.parametrize("failpoint", ["allocator.before_commit", "allocator.after_commit"])
async def test_a_killed_allocator_counts_every_outcome_once(
    bus: RedisBus, valkey_url: str, tmp_path: Path, processes: list[asyncio.subprocess.Process], failpoint: str
) -> None:
    await bus.publish(CONFIG.name, a_config())
    await bus.publish(FILLS.of("momentum"), a_fill())

    killed = await start(processes, "autonomous_allocator", valkey_url, tmp_path, failpoint)
    assert await asyncio.wait_for(killed.wait(), WAIT_S) == -signal.SIGKILL
    await start(processes, "autonomous_allocator", valkey_url, tmp_path)

    async with asyncio.timeout(WAIT_S):
        while not (await bus.load("state:autonomous_allocator")).data:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
    assert (await bus.load("state:autonomous_allocator")).version == 1
