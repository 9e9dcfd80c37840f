"""The allocator on a real server: decisions, their projections, and what a restart makes of them."""

import asyncio
from typing import Any

import pytest
import redis
from prometheus_client import REGISTRY as METRICS

from memesnipe.allocator.decide import decide
from memesnipe.allocator.records import again, differences
from memesnipe.allocator.service import STATE, Allocator
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import ALLOCATION, ALLOCATIONS, CONFIG, DECISIONS, FILLS, REGISTRY
from memesnipe.kernel.clock import EventClock
from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.health import Health
from memesnipe.kernel.service import Running
from memesnipe.messages.control import StrategyRegistered
from memesnipe.testing.builders import SOL, START_NS, a_config, a_fill, a_strategy
from memesnipe.testing.buses import MakeBus

TWO = (a_strategy("alpha"), a_strategy("beta"))


@pytest.fixture
async def bus(make_bus: MakeBus) -> RedisBus:
    return await make_bus(service="autonomous_allocator")


async def started(bus: RedisBus) -> Allocator:
    allocator = Allocator(bus, Running("autonomous_allocator", EventClock(START_NS), Health("autonomous_allocator"), asyncio.Event()))
    await allocator.reload()
    return allocator


async def test_a_config_becomes_one_decision_and_a_share_for_each_strategy(bus: RedisBus) -> None:
    await bus.publish(CONFIG.name, a_config(*TWO))
    allocator = await started(bus)

    for _ in range(3):
        await allocator.turn()

    (decision,) = await bus.fold(ALLOCATIONS.name)
    shares = [entry.message for name in ("alpha", "beta") for entry in await bus.fold(ALLOCATION.of(name))]
    assert tuple(shares) == decision.message.shares


async def test_code_that_was_taken_back_counts_as_not_registered(bus: RedisBus) -> None:
    await bus.publish(CONFIG.name, a_config(*TWO))
    allocator, counted = await started(bus), list[float | None]()
    for code_hash in ("c0de", ""):
        await bus.publish(REGISTRY.name, StrategyRegistered("alpha", "1", code_hash, ("price",), b"{}", b"{}", START_NS))
        await allocator.turn()
        counted.append(METRICS.get_sample_value("memesnipe_allocator_unregistered_strategies"))

    assert counted == [1.0, 2.0]


async def test_a_decision_is_recorded_with_inputs_that_make_it_again(bus: RedisBus) -> None:
    await bus.publish(CONFIG.name, a_config(*TWO))

    await (await started(bus)).turn()

    (record,), (decision,) = [await bus.fold(stream.name) for stream in (DECISIONS, ALLOCATIONS)]
    assert again(record.message) == decision.message
    assert differences(record.message) == []


async def test_a_decision_whose_record_cannot_be_written_is_not_in_force(bus: RedisBus, monkeypatch: pytest.MonkeyPatch) -> None:
    await bus.publish(CONFIG.name, a_config(*TWO))
    allocator = await started(bus)
    publish = bus.publish

    async def failing(stream: str, message: Any, key: str = "") -> str:
        if stream == DECISIONS.name:
            raise Unavailable("redis", "away")
        return await publish(stream, message, key)

    monkeypatch.setattr(bus, "publish", failing)
    with pytest.raises(Unavailable):
        await allocator.turn()

    assert await bus.fold(ALLOCATIONS.name) == []


async def test_a_restart_decides_nothing_again(bus: RedisBus) -> None:
    await bus.publish(CONFIG.name, a_config(*TWO))
    await (await started(bus)).turn()

    await (await started(bus)).turn()

    assert len(await bus.fold(ALLOCATIONS.name)) == len(await bus.fold(ALLOCATION.of("alpha"))) == 1


async def test_a_decision_whose_projections_a_crash_cut_off_is_finished_at_the_next_start(bus: RedisBus) -> None:
    decision = decide(None, a_config(*TWO), START_NS)
    assert decision is not None
    await bus.publish(ALLOCATIONS.name, decision)

    await started(bus)

    assert [entry.message for entry in await bus.fold(ALLOCATION.of("beta"))] == [decision.shares[1]]


async def test_weights_that_do_not_fit_leave_the_last_decision_in_force(bus: RedisBus) -> None:
    await bus.publish(CONFIG.name, a_config(*TWO))
    allocator = await started(bus)
    await allocator.turn()

    await bus.publish(CONFIG.name, a_config(*TWO, version=2, weights_bps=(1,)))
    await allocator.turn()

    assert len(await bus.fold(ALLOCATIONS.name)) == 1


async def test_outcomes_are_counted_once_and_acknowledged(bus: RedisBus) -> None:
    await bus.publish(CONFIG.name, a_config(*TWO))
    await bus.publish(FILLS.of("alpha"), a_fill(strategy="alpha", sol_delta_lamports=-7))
    allocator = await started(bus)

    async with asyncio.timeout(60):
        while not (await bus.load(STATE)).data:
            await allocator.turn()
    restarted = await started(bus)
    await restarted.turn()

    assert (await bus.load(STATE)).version == 1


async def test_capital_is_given_again_after_everything_was_lost(bus: RedisBus, valkey_url: str) -> None:
    await bus.publish(CONFIG.name, a_config(*TWO))
    allocator = await started(bus)
    await allocator.turn()
    (before,) = await bus.fold(ALLOCATIONS.name)

    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    await bus.publish(CONFIG.name, a_config(*TWO))
    await allocator.turn()

    assert [entry.message for entry in await bus.fold(ALLOCATIONS.name)] == [before.message]
    assert [entry.message.version for entry in await bus.fold(DECISIONS.name)] == [before.message.version]
    assert [entry.message for entry in await bus.fold(ALLOCATION.of("beta"))] == [before.message.shares[1]]


async def test_capital_is_given_again_after_redis_fell_back_to_an_older_copy(bus: RedisBus, valkey_url: str) -> None:
    allocator = await started(bus)
    for version, capital_lamports in ((1, 10 * SOL), (2, SOL)):
        await bus.publish(CONFIG.name, a_config(*TWO, version=version, capital_lamports=capital_lamports))
        await allocator.turn()
    older, newest = [entry.message for entry in await bus.fold(ALLOCATIONS.name)]

    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    await bus.publish(ALLOCATIONS.name, older)
    await bus.publish(CONFIG.name, a_config(*TWO, version=2, capital_lamports=SOL))
    await allocator.turn()
    await allocator.turn()

    assert [entry.message for entry in await bus.fold(ALLOCATIONS.name)] == [older, newest]
