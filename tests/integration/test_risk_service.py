"""The risk guardian on a real server: what it reads, what it writes, and what is left when it is killed in between."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from memesnipe.approvals.approve import check_risk
from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.bus.api import Bus, Entry
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import ALLOCATIONS, APPROVED, CONFIG, FILLS, INTENTS, KILL_SWITCH, PRICE, REJECTED
from memesnipe.kernel.clock import EventClock
from memesnipe.kernel.health import Health
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.kernel.service import Running
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import ConfigApplied
from memesnipe.risk.seal import RiskSeal
from memesnipe.risk.service import Guardian
from memesnipe.risk.settings import RiskSettings
from memesnipe.testing.builders import OTHER_MINT, SOL, a_config, a_frame, a_halt, a_strategy, a_tick
from memesnipe.testing.buses import MakeBus, nothing_held
from memesnipe.testing.risk_cases import NOW_NS, a_decision, loose, moved, roomy, wish

UNITS = 1_000_000


def config(*, mode: Mode = Mode.PAPER, **limits: Any) -> ConfigApplied:
    return a_config(a_strategy(mode=mode), limits=roomy(**limits), capital_lamports=100 * SOL)


async def a_guardian(bus: RedisBus, data_dir: Path, applied: ConfigApplied) -> Guardian:
    await bus.publish(CONFIG.name, applied)
    await bus.publish(ALLOCATIONS.name, a_decision())
    await nothing_held(bus)
    return await started(bus, data_dir)


async def started(bus: RedisBus, data_dir: Path, health: Health | None = None) -> Guardian:
    running = Running("risk_guardian", EventClock(NOW_NS), health or Health("risk_guardian"), asyncio.Event())
    guardian = Guardian(bus, running, RiskSeal(RiskSettings(data_dir=str(data_dir))))
    await guardian.reload()
    return guardian


async def turn_until_quiet(guardian: Guardian) -> None:
    for _ in range(4):
        await guardian.turn()


async def written(bus: Bus, stream: str) -> list[Entry]:
    """Return everything on a stream; `fold` reads any stream without touching its groups."""
    return await bus.fold(stream)


@pytest.fixture
async def bus(make_bus: MakeBus) -> RedisBus:
    return await make_bus(service="risk_guardian")


async def test_an_intent_ends_as_an_approved_order(bus: RedisBus, tmp_path: Path) -> None:
    guardian = await a_guardian(bus, tmp_path, config())
    intent = wish()
    await bus.publish(INTENTS.of("momentum"), intent, intent.id)

    await turn_until_quiet(guardian)

    assert [entry.message.intent for entry in await written(bus, APPROVED.name)] == [intent]


async def test_a_refusal_reaches_the_ledger_and_the_strategy(bus: RedisBus, tmp_path: Path) -> None:
    guardian = await a_guardian(bus, tmp_path, config(trade_size_lamports_max=1))
    intent = wish()
    await bus.publish(INTENTS.of("momentum"), intent, intent.id)

    await turn_until_quiet(guardian)

    outcomes = [(await written(bus, stream))[0].message for stream in (REJECTED.name, FILLS.of("momentum"))]
    assert [(o.intent_id, o.reason) for o in outcomes] == [(intent.id, ReasonCode.TRADE_SIZE)] * 2


async def test_the_room_of_an_order_in_flight_is_still_taken_after_a_restart(bus: RedisBus, tmp_path: Path) -> None:
    first = await a_guardian(bus, tmp_path, config(portfolio_exposure_lamports_max=3 * SOL))
    await bus.publish(INTENTS.of("momentum"), wish(sol=2))
    await turn_until_quiet(first)

    second = await started(bus, tmp_path)
    await bus.publish(INTENTS.of("momentum"), wish(sol=2, mint=OTHER_MINT))
    await turn_until_quiet(second)

    assert len(await written(bus, APPROVED.name)) == 1
    assert (await written(bus, REJECTED.name))[0].message.reason is ReasonCode.PORTFOLIO_EXPOSURE


async def test_two_instances_on_one_book_cannot_both_spend_the_same_room(make_bus: MakeBus, bus: RedisBus, tmp_path: Path) -> None:
    limits = config(portfolio_exposure_lamports_max=3 * SOL)
    first = await a_guardian(bus, tmp_path, limits)
    second = await started(await make_bus(service="risk_guardian", consumer="second"), tmp_path)
    for mint in (wish().mint, OTHER_MINT):
        await bus.publish(INTENTS.of("momentum"), wish(sol=2, mint=mint))
        await first.turn()
        await second.turn()

    await asyncio.gather(turn_until_quiet(first), turn_until_quiet(second))

    assert len(await written(bus, APPROVED.name)) == 1


async def test_a_halt_stops_the_next_intent(bus: RedisBus, tmp_path: Path) -> None:
    guardian = await a_guardian(bus, tmp_path, config())
    await guardian.turn()
    await bus.publish(KILL_SWITCH.name, a_halt(HaltState.HALTED))
    await bus.publish(INTENTS.of("momentum"), wish())

    await turn_until_quiet(guardian)

    assert (await written(bus, REJECTED.name))[0].message.reason is ReasonCode.HALTED


async def test_a_crash_of_what_is_held_orders_one_halt(bus: RedisBus, tmp_path: Path) -> None:
    guardian = await a_guardian(bus, tmp_path, config(drawdown_bps_max=50))
    await bus.publish(FILLS.of("momentum"), moved("bought", lamports=-SOL, units=UNITS))
    await turn_until_quiet(guardian)

    for _ in range(2):
        await bus.publish(PRICE.name, a_frame(a_tick(quote_lamports=1)))
        await turn_until_quiet(guardian)

    assert [entry.message.state for entry in await written(bus, KILL_SWITCH.name)] == [HaltState.HALTED]


async def test_a_live_order_carries_an_approval_that_the_signer_can_check(bus: RedisBus, tmp_path: Path) -> None:
    key = SigningKey.create(tmp_path / "keys" / "risk.key")
    others = [SigningKey.create(tmp_path / "keys" / f"{name}.key").public_hex for name in ("guard", "lease")]
    guardian = await a_guardian(bus, tmp_path, config(mode=Mode.LIVE))
    intent = wish()
    await bus.publish(INTENTS.of("momentum"), intent)

    await turn_until_quiet(guardian)

    order = (await written(bus, APPROVED.name))[0].message
    trusted = TrustedKeys.of(risk=key.public_hex, guard=others[0], lease=others[1])
    assert check_risk(order.approval, intent, trusted, NOW_NS).mode is Mode.LIVE


async def test_a_live_order_without_a_key_is_refused(bus: RedisBus, tmp_path: Path) -> None:
    guardian = await a_guardian(bus, tmp_path, config(mode=Mode.LIVE))
    await bus.publish(INTENTS.of("momentum"), wish())

    await turn_until_quiet(guardian)

    assert (await written(bus, REJECTED.name))[0].message.reason is ReasonCode.APPROVAL_INVALID


async def test_a_strategy_applied_later_is_heard(bus: RedisBus, tmp_path: Path) -> None:
    guardian = await a_guardian(bus, tmp_path, config())
    await guardian.turn()
    await bus.publish(CONFIG.name, a_config(a_strategy(), a_strategy("late"), limits=roomy()))
    await bus.publish(ALLOCATIONS.name, a_decision("momentum", "late"))
    await bus.publish(INTENTS.of("late"), wish(strategy="late"))

    async with asyncio.timeout(60):
        while not await written(bus, APPROVED.name):
            await guardian.turn()

    assert [entry.message.intent.strategy for entry in await written(bus, APPROVED.name)] == ["late"]


async def test_it_is_not_ready_before_the_first_config(bus: RedisBus, tmp_path: Path) -> None:
    health = Health("risk_guardian")
    guardian = await started(bus, tmp_path, health)

    await guardian.turn()

    assert health.answer("/readyz")[1]["why"] == "waiting for the first applied config"


async def test_limits_of_breakers_and_of_markets_are_shown_from_the_first_turn_on(bus: RedisBus, tmp_path: Path) -> None:
    guardian = await a_guardian(bus, tmp_path, config(breakers=loose(rate_breaches_max=321), strategy_exposure_lamports_max=17 * SOL))

    await guardian.turn()

    labels = {"mode": "paper", "scope": "momentum", "breaker": ReasonCode.ORDER_LOOP.value}
    assert REGISTRY.get_sample_value("memesnipe_risk_breaker_headroom", labels) == 321
    assert REGISTRY.get_sample_value("memesnipe_risk_limit_lamports", {"limit": "strategy"}) == 17 * SOL
