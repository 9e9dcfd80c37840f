"""All of Redis is gone: what is held comes back out of the ledger before the risk guardian decides on anything."""

import asyncio
from pathlib import Path

import pytest
import redis

from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import ALLOCATIONS, APPROVED, CONFIG, EXITS, FILLS, HOLDINGS_KEY, INTENTS, REJECTED
from memesnipe.kernel.clock import EventClock
from memesnipe.kernel.health import Health
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.kernel.service import Running
from memesnipe.messages.bounds import Mode
from memesnipe.messages.codec import decode, encode
from memesnipe.messages.control import HeldAccount, Holding, Holdings
from memesnipe.messages.orders import ExitIntent, Fill, FillStatus
from memesnipe.risk.seal import RiskSeal
from memesnipe.risk.service import Guardian
from memesnipe.risk.settings import RiskSettings
from memesnipe.testing.builders import MINT, OTHER_MINT, SOL, STRATEGY, a_config, a_strategy, an_exit
from memesnipe.testing.buses import MakeBus
from memesnipe.testing.risk_cases import NOW_NS, a_decision, moved, roomy, wish

UNITS = 1_000_000


def held(*settled: str, units: int = UNITS, mode: Mode = Mode.PAPER) -> Holdings:
    return Holdings((HeldAccount(STRATEGY, mode, 0, (Holding(MINT, units, 2 * SOL, 2 * SOL),), settled),))


def an_exit_of(units: int) -> ExitIntent:
    return an_exit(size_units=units, mode=Mode.PAPER)


async def configured(bus: RedisBus, **limits: int) -> None:
    await bus.publish(CONFIG.name, a_config(a_strategy(), limits=roomy(**limits), capital_lamports=100 * SOL))
    await bus.publish(ALLOCATIONS.name, a_decision())


async def a_guardian(bus: RedisBus, data_dir: Path, health: Health | None = None) -> Guardian:
    running = Running("risk_guardian", EventClock(NOW_NS), health or Health("risk_guardian"), asyncio.Event())
    guardian = Guardian(bus, running, RiskSeal(RiskSettings(data_dir=str(data_dir))))
    await guardian.reload()
    return guardian


async def turns(guardian: Guardian, count: int = 4) -> None:
    for _ in range(count):
        await guardian.turn()


@pytest.fixture
async def bus(make_bus: MakeBus) -> RedisBus:
    return await make_bus(service="risk_guardian")


async def test_an_exit_of_what_was_held_before_passes(bus: RedisBus, tmp_path: Path) -> None:
    await configured(bus)
    await bus.put(HOLDINGS_KEY, encode(held()))
    intent = an_exit_of(UNITS)
    await bus.publish(EXITS.of(STRATEGY), intent, intent.id)

    await turns(await a_guardian(bus, tmp_path))

    assert [entry.message.intent for entry in await bus.fold(APPROVED.name)] == [intent]


async def test_what_was_held_before_counts_as_exposure(bus: RedisBus, tmp_path: Path) -> None:
    await configured(bus, portfolio_exposure_lamports_max=3 * SOL)
    await bus.put(HOLDINGS_KEY, encode(held()))
    await bus.publish(INTENTS.of(STRATEGY), wish(sol=2, mint=OTHER_MINT))

    await turns(await a_guardian(bus, tmp_path))

    assert [entry.message.reason for entry in await bus.fold(REJECTED.name)] == [ReasonCode.PORTFOLIO_EXPOSURE]


async def test_nothing_is_decided_before_position_manager_has_spoken(bus: RedisBus, tmp_path: Path) -> None:
    await configured(bus)
    exit_intent, health = an_exit_of(UNITS), Health("risk_guardian")
    await bus.publish(EXITS.of(STRATEGY), exit_intent, exit_intent.id)
    guardian = await a_guardian(bus, tmp_path, health)

    await turns(guardian, 2)
    before = await bus.fold(REJECTED.name), "waiting for position_manager" in str(health.answer("/readyz"))
    await bus.put(HOLDINGS_KEY, encode(held()))
    await turns(guardian)

    assert before == ([], True)
    assert [entry.message.intent for entry in await bus.fold(APPROVED.name)] == [exit_intent]


@pytest.mark.parametrize("raw", [b"", b"\xc1", encode([1, 2, 3])])
async def test_a_word_that_cannot_be_read_is_no_word(bus: RedisBus, tmp_path: Path, raw: bytes) -> None:
    await configured(bus)
    await bus.put(HOLDINGS_KEY, raw)
    await bus.publish(INTENTS.of(STRATEGY), wish())

    await turns(await a_guardian(bus, tmp_path), 2)

    assert (await bus.load("state:risk_guardian")).version == 0


async def test_a_fill_that_is_said_again_is_not_counted_again(bus: RedisBus, tmp_path: Path) -> None:
    await configured(bus)
    known, failed = moved("known", lamports=-2 * SOL, units=UNITS), moved("failed", lamports=-5_000, units=0, status=FillStatus.FAILED)
    await bus.put(HOLDINGS_KEY, encode(held(known.settled_key, failed.settled_key)))
    for fill in (known, failed, moved("new", lamports=-SOL, units=UNITS)):
        await bus.publish(FILLS.of(STRATEGY), fill, fill.signature)
    fits, too_much = an_exit_of(2 * UNITS), an_exit_of(2 * UNITS + 1)
    for intent in (too_much, fits):
        await bus.publish(EXITS.of(STRATEGY), intent, intent.id)

    await turns(await a_guardian(bus, tmp_path), 8)

    assert [entry.message.intent for entry in await bus.fold(APPROVED.name)] == [fits]


async def test_a_stored_book_is_exact_and_hears_no_other_word(bus: RedisBus, tmp_path: Path) -> None:
    await configured(bus)
    await bus.put(HOLDINGS_KEY, encode(held()))
    await turns(await a_guardian(bus, tmp_path))
    await bus.put(HOLDINGS_KEY, encode(held(units=5 * UNITS)))
    intent = an_exit_of(5 * UNITS)
    await bus.publish(EXITS.of(STRATEGY), intent, intent.id)

    await turns(await a_guardian(bus, tmp_path))

    assert [entry.message.reason for entry in await bus.fold(REJECTED.name)] == [ReasonCode.NO_POSITION]


async def test_a_guardian_that_runs_while_everything_is_lost_takes_it_up_again(bus: RedisBus, valkey_url: str, tmp_path: Path) -> None:
    await configured(bus)
    await bus.put(HOLDINGS_KEY, encode(Holdings(())))
    guardian = await a_guardian(bus, tmp_path)
    await bus.publish(FILLS.of(STRATEGY), moved("bought", lamports=-2 * SOL, units=UNITS))
    await turns(guardian)

    with redis.Redis.from_url(valkey_url) as client:
        client.flushall()
    await configured(bus)
    await bus.put(HOLDINGS_KEY, encode(held("bought")))
    intent = an_exit_of(UNITS)
    await bus.publish(EXITS.of(STRATEGY), intent, intent.id)
    async with asyncio.timeout(60):
        while not await bus.fold(APPROVED.name):
            await guardian.turn()

    assert [entry.message.intent for entry in await bus.fold(APPROVED.name)] == [intent]


def test_the_word_comes_back_as_it_was_said() -> None:
    said = held("one", "two:1")

    assert decode(Holdings, encode(said)) == said


def test_a_failed_attempt_and_the_fill_that_follows_are_two() -> None:
    keys: list[Fill] = [moved("order", lamports=-1, units=0, attempt=1, status=FillStatus.FAILED), moved("order", lamports=-1, units=1)]

    assert [fill.settled_key for fill in keys] == ["order:1", "order"]
