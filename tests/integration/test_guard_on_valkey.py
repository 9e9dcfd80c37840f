"""wallet_guard as a service on a real Valkey, on paper: what it reads ends as outcomes, once, whatever happens to the process."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from memesnipe.bus import topology
from memesnipe.bus.api import Bus, Entry
from memesnipe.guard.book import from_bytes
from memesnipe.guard.paper import draw
from memesnipe.guard.paper_desk import STATE
from memesnipe.guard.service import serve, terms_of
from memesnipe.guard.settings import GuardSettings
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.health import Health
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.kernel.service import Running
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.market import MarketFrame
from memesnipe.messages.orders import ApprovedOrder, Fill, Outcome, Rejection, way_of
from memesnipe.testing.builders import STRATEGY, a_config, a_halt, a_tick, an_approved, an_exit, an_intent
from memesnipe.testing.buses import MakeBus

FILLS = topology.FILLS.of(STRATEGY)


@pytest.fixture
async def guard(valkey_url: str, bus: Bus) -> AsyncIterator["RunningGuard"]:
    """A configured guard that fills at once."""
    await bus.publish(topology.CONFIG.name, a_config())
    running = RunningGuard(GuardSettings(redis_url=valkey_url, paper_slots_max=0, paper_failure_bps=0))
    await running.start()
    yield running
    await running.stop()


class RunningGuard:
    """A guard in this process that can be cut off and started again."""

    def __init__(self, settings: GuardSettings) -> None:
        self.settings = settings
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.running = Running("wallet_guard", SystemClock(), Health("wallet_guard"), asyncio.Event())
        self._task = asyncio.create_task(serve(self.running, self.settings))
        await until(lambda: _true(self.running.health.answer("/readyz")[0] == 200))

    async def stop(self) -> None:
        self.running.stop.set()
        if self._task is not None:
            await self._task
            self._task = None

    async def cut(self) -> None:
        """End it as a crash would: nothing is finished."""
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None


async def _true(value: bool) -> bool:
    return value


async def until(condition: Callable[[], Awaitable[Any]], timeout_s: float = 30.0) -> Any:
    """Return the condition's first true value."""
    async with asyncio.timeout(timeout_s):
        while not (value := await condition()):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.01)
    return value


async def outcomes(bus: Bus, count: int = 1) -> list[Outcome]:
    """Return the strategy's outcomes once there are `count`."""

    async def enough() -> list[Entry]:
        entries = await bus.fold(FILLS)
        return entries if len(entries) >= count else []

    return [entry.message for entry in await until(enough)]


def pool(**changes: Any) -> MarketFrame:
    return MarketFrame((a_tick(venue="raydium", fee_bps=25, **changes),))


async def test_a_paper_order_becomes_one_fill_on_its_strategy_s_stream(bus: Bus, guard: RunningGuard) -> None:
    order = an_approved(an_intent(size_sol=0.1))
    await bus.publish(topology.PRICE.name, pool())
    await until(lambda: bus.load(STATE))
    began_ns = SystemClock().now_ns()

    await bus.publish(topology.APPROVED.name, order, order.intent.id)

    (fill,) = await outcomes(bus)
    assert isinstance(fill, Fill)
    assert (fill.intent_id, fill.signature) == (order.intent.id, f"paper:{order.intent.id}:1")
    assert fill.way is not None
    assert fill.way == way_of(order.intent, order, taken_ns=fill.way.taken_ns)
    assert began_ns <= fill.way.taken_ns <= SystemClock().now_ns()


async def test_a_refusal_is_told_to_the_strategy_and_to_everyone(bus: Bus, guard: RunningGuard) -> None:
    order = an_approved(an_intent(size_sol=400))

    await bus.publish(topology.APPROVED.name, order, order.intent.id)

    (rejection,) = await outcomes(bus)
    assert isinstance(rejection, Rejection)
    assert rejection.reason is ReasonCode.GUARD_TRADE_SIZE
    assert [entry.message for entry in await bus.fold(topology.REJECTED.name)] == [rejection]


async def test_a_halt_stops_new_risk_and_lets_exits_through(bus: Bus, guard: RunningGuard) -> None:
    await bus.publish(topology.PRICE.name, pool())
    await bus.publish(topology.KILL_SWITCH.name, a_halt(state=HaltState.HALTED))

    async def refused() -> bool:
        order = an_approved(halt_epoch=1)
        await bus.publish(topology.APPROVED.name, order, order.intent.id)
        found = [entry.message for entry in await bus.fold(FILLS)]
        return any(isinstance(one, Rejection) and one.reason is ReasonCode.HALTED for one in found)

    await until(refused)  # within a second, which test_halt_latency.py measures often enough for a busy machine
    stop_loss = an_approved(an_exit())
    await bus.publish(topology.APPROVED.name, stop_loss, stop_loss.intent.id)

    async def closed() -> bool:
        return any(isinstance(e.message, Fill) and e.message.intent_id == stop_loss.intent.id for e in await bus.fold(FILLS))

    assert await until(closed)


async def test_a_waiting_order_survives_a_crash_and_fills_once(bus: Bus, valkey_url: str) -> None:
    await bus.publish(topology.CONFIG.name, a_config())
    guard = RunningGuard(GuardSettings(redis_url=valkey_url, paper_slots_max=50, paper_failure_bps=0, paper_timeout_ms=600_000))
    await guard.start()
    order = _one_that_waits(guard.settings)
    await bus.publish(topology.PRICE.name, pool(slot=1_001))
    await bus.publish(topology.APPROVED.name, order, order.intent.id)
    await until(lambda: _waits(bus))

    await guard.cut()
    cut_ns = SystemClock().now_ns()
    await guard.start()
    await bus.publish(topology.PRICE.name, pool(slot=2_000))

    (fill,) = await outcomes(bus)
    await guard.stop()
    assert isinstance(fill, Fill)
    assert fill.slot == 2_000
    assert fill.way is not None
    assert 0 < fill.way.taken_ns < cut_ns


async def test_an_order_without_market_data_ends_after_the_time_out(bus: Bus, make_bus: MakeBus, valkey_url: str) -> None:
    await bus.publish(topology.CONFIG.name, a_config())
    guard = RunningGuard(GuardSettings(redis_url=valkey_url, paper_slots_max=0, paper_timeout_ms=50))
    await guard.start()
    order = an_approved()

    await bus.publish(topology.APPROVED.name, order, order.intent.id)

    (rejection,) = await outcomes(bus)
    await guard.stop()
    assert isinstance(rejection, Rejection)
    assert rejection.reason is ReasonCode.QUOTE_MISSING


async def test_a_guard_without_configuration_takes_no_work(bus: Bus, valkey_url: str) -> None:
    health = Health("wallet_guard")
    running = Running("wallet_guard", SystemClock(), health, asyncio.Event())
    task = asyncio.create_task(serve(running, GuardSettings(redis_url=valkey_url)))
    order = an_approved()
    await bus.publish(topology.APPROVED.name, order, order.intent.id)

    await until(lambda: _true("configuration" in str(health.answer("/readyz")[1]["why"])))

    assert health.answer("/readyz")[0] == 503
    assert await bus.fold(FILLS) == []
    running.stop.set()
    await task


def _one_that_waits(settings: GuardSettings) -> ApprovedOrder:
    """Return an order that is not drawn to fill at once."""
    return next(order for order in iter(an_approved, None) if draw(order.intent.id, terms_of(settings)).slots > 0)


async def _waits(bus: Bus) -> bool:
    return from_bytes((await bus.load(STATE)).data).waits == 1


@pytest.mark.parametrize("failpoint", ["guard.before_commit", "bus.before_commit", "bus.after_commit", "guard.after_commit"])
async def test_a_guard_killed_around_its_commit_fills_a_paper_order_once(bus: Bus, valkey_url: str, tmp_path: Path, failpoint: str) -> None:
    await bus.publish(topology.CONFIG.name, a_config())
    order = an_approved()
    await bus.publish(topology.PRICE.name, pool())
    await bus.publish(topology.APPROVED.name, order, order.intent.id)
    env = {"MEMESNIPE_REDIS_URL": valkey_url, "MEMESNIPE_PAPER_SLOTS_MAX": "0", "MEMESNIPE_PAPER_FAILURE_BPS": "0"}

    first = await _process({**env, "MEMESNIPE_FAILPOINT": failpoint}, tmp_path)
    assert await first.wait() == -signal.SIGKILL
    second = await _process(env, tmp_path)
    found = await outcomes(bus)
    await until(lambda: _nothing_pending(valkey_url))
    second.terminate()
    await second.wait()

    assert [type(one) for one in found] == [Fill]
    assert len(await bus.fold(FILLS)) == 1


async def _process(env: dict[str, str], folder: Path) -> asyncio.subprocess.Process:
    code = "from memesnipe.guard.service import main; raise SystemExit(main())"
    with (folder / "guard.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(sys.executable, "-c", code, env={**os.environ, **env}, stderr=log)


async def _nothing_pending(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        pending: Any = client.xpending(topology.APPROVED.name, "wallet_guard")
        return bool(pending["pending"] == 0)
