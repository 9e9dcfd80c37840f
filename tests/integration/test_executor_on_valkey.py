"""The executor on a real server: what it reads, what it writes, and what is left when it is killed in between."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
import redis

from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.rows import FIELD
from memesnipe.bus.topology import ALLOCATION, FILLS, INTENTS, KILL_SWITCH, LAUNCH, PRICE
from memesnipe.executor.loop import StrategyLoop
from memesnipe.executor.settings import ExecutorSettings
from memesnipe.kernel.clock import Clock, SystemClock
from memesnipe.messages import codec
from memesnipe.messages.bounds import HaltState, Mode, Side
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import FillStatus, OrderIntent
from memesnipe.strategy.loading import load
from memesnipe.strategy.spec import StrategySpec
from memesnipe.testing.builders import a_fill, a_frame, a_halt, a_launch, a_rejection, a_tick, an_allocation, an_intent
from memesnipe.testing.buses import MakeBus
from memesnipe.testing.polling import until


class Quiet(Protocol):
    async def __call__(self, *loops: StrategyLoop) -> None: ...


SPEC = StrategySpec("eager", "eager", "abc123", {})
EAGER = '''
"""Buys every price it hears, once a token; sells what it holds; remembers how many prices it heard."""
from memesnipe.strategy.contract import Buy, EventType, Parameters, RiskProfile, Sell, Strategy, strategy


@strategy(
    id="eager", version="1", subscriptions={EventType.PRICE}, parameters=Parameters,
    risk_profile=RiskProfile(thesis="t", exposures=("e",), failure_modes=("f",), holding_time_s=1, loss_per_trade_bps_max=1),
)
class Eager(Strategy[Parameters]):
    heard = 0

    async def on_event(self, event):
        self.heard += 1
        held = self.view.holding(event.mint)
        if held:
            return Sell(event.mint, held.units, 100, event.quote_lamports, event.base_units, f"heard {self.heard}")
        return Buy(event.mint, 10**7, 100, event.quote_lamports, event.base_units, f"heard {self.heard}")

    def snapshot(self):
        return {"heard": self.heard}

    def restore(self, state):
        self.heard = state["heard"]
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "eager.py").write_text(EAGER)
    return tmp_path


def mint(number: int) -> str:
    return "abcdefghij"[number] * 40


def tick_now(number: int = 0, **changes: Any) -> PriceTick:
    return a_tick(**{"event_id": f"event-{number}", "time_ns": time.time_ns(), "mint": mint(number), **changes})


async def a_loop(bus: RedisBus, folder: Path, *, clock: Clock | None = None, **settings: Any) -> StrategyLoop:
    plugin = load("eager", [folder])
    loop = StrategyLoop(bus, clock or SystemClock(), ExecutorSettings(executor_fold_every_ms=0, **settings), SPEC, plugin)
    await loop.start()
    return loop


@pytest.fixture
def quiet(valkey_url: str) -> Iterator[Quiet]:
    """`await quiet(loop)`: turn until nothing is unread or unacknowledged."""
    with redis.Redis.from_url(valkey_url) as client:

        async def quiet(*loops: StrategyLoop) -> None:
            deadline = time.monotonic() + 60
            while unsettled(client):
                assert time.monotonic() < deadline, "it never became quiet"
                for loop in loops:
                    await loop.turn()

        yield quiet


def unsettled(client: redis.Redis) -> bool:
    groups = [group for stream in (PRICE.name, FILLS.of("eager")) for group in client.xinfo_groups(stream)]
    return any(group["pending"] or group["lag"] for group in groups if group["name"] == b"executor:eager")


async def intents(bus: RedisBus, strategy: str = "eager") -> list[OrderIntent]:
    return [entry.message for entry in await bus.fold(INTENTS.of(strategy))]


@pytest.fixture
async def bus(make_bus: MakeBus) -> RedisBus:
    bus = await make_bus(service="executor", consumer="eager")
    await bus.publish(ALLOCATION.of("eager"), an_allocation("eager"))
    return bus


async def test_a_price_becomes_an_intent_of_this_strategy(bus: RedisBus, folder: Path, quiet: Quiet) -> None:
    loop = await a_loop(bus, folder)
    await bus.publish(PRICE.name, a_frame(event := tick_now()))

    await quiet(loop)

    [intent] = await intents(bus)
    assert event.time_ns <= intent.wished_ns <= time.time_ns()
    assert (intent.strategy, intent.spec_hash, intent.event_id, intent.sequence, intent.side) == (
        "eager",
        "abc123",
        event.event_id,
        0,
        Side.BUY,
    )


async def test_events_that_were_not_subscribed_are_not_even_read(bus: RedisBus, folder: Path, quiet: Quiet) -> None:
    loop = await a_loop(bus, folder)
    await bus.publish(LAUNCH.name, a_frame(a_launch()))

    assert await loop.turn() == 0


async def test_a_fill_lets_it_sell_what_it_holds(bus: RedisBus, folder: Path, quiet: Quiet) -> None:
    loop = await a_loop(bus, folder)
    await bus.publish(PRICE.name, a_frame(tick_now()))
    await quiet(loop)
    [bought] = await intents(bus)
    await bus.publish(FILLS.of("eager"), fill := a_fill(bought))
    await quiet(loop)

    await bus.publish(PRICE.name, a_frame(tick_now(mint=bought.mint, event_id="later")))
    await quiet(loop)

    sold = (await intents(bus))[-1]
    assert (sold.side, sold.size_units, sold.sequence) == (Side.SELL, fill.token_delta_units, 1)


async def test_a_rejection_frees_the_token_and_the_capital(bus: RedisBus, folder: Path, quiet: Quiet) -> None:
    loop = await a_loop(bus, folder)
    await bus.publish(PRICE.name, a_frame(tick_now()))
    await quiet(loop)
    [first] = await intents(bus)

    await bus.publish(FILLS.of("eager"), a_rejection(first))
    await quiet(loop)
    await bus.publish(PRICE.name, a_frame(tick_now(event_id="later")))
    await quiet(loop)

    assert [intent.event_id for intent in await intents(bus)] == ["event-0", "later"]


async def test_a_failed_attempt_is_not_the_end_of_an_order(bus: RedisBus, folder: Path, quiet: Quiet) -> None:
    loop = await a_loop(bus, folder)
    await bus.publish(PRICE.name, a_frame(tick_now()))
    await quiet(loop)
    [first] = await intents(bus)

    await bus.publish(FILLS.of("eager"), a_fill(first, status=FillStatus.FAILED, token_delta_units=0))
    await bus.publish(PRICE.name, a_frame(tick_now(event_id="later")))
    await quiet(loop)

    assert len(await intents(bus)) == 1


async def test_the_outcomes_of_another_strategy_are_never_seen(bus: RedisBus, folder: Path, quiet: Quiet) -> None:
    loop = await a_loop(bus, folder)
    theirs = an_intent(strategy="other", mint=mint(0))
    await bus.publish(FILLS.of("other"), a_fill(theirs))

    assert await loop.turn() == 0
    await bus.publish(PRICE.name, a_frame(tick_now()))
    await quiet(loop)

    assert [intent.side for intent in await intents(bus)] == [Side.BUY]


async def test_a_halt_silences_it_and_a_resume_reopens_it(bus: RedisBus, folder: Path, quiet: Quiet) -> None:
    loop = await a_loop(bus, folder)
    await bus.publish(KILL_SWITCH.name, a_halt(HaltState.HALTED))
    await bus.publish(PRICE.name, a_frame(tick_now(0)))
    await quiet(loop)
    assert await intents(bus) == []

    await bus.publish(KILL_SWITCH.name, a_halt(HaltState.ACTIVE))
    await bus.publish(PRICE.name, a_frame(tick_now(1)))
    await quiet(loop)

    assert [(intent.event_id, intent.reason) for intent in await intents(bus)] == [("event-1", "heard 2")]


async def test_the_halt_of_another_strategy_is_not_its_own(bus: RedisBus, folder: Path, quiet: Quiet) -> None:
    loop = await a_loop(bus, folder)
    await bus.publish(KILL_SWITCH.name, a_halt(HaltState.FROZEN, scope="other"))
    await bus.publish(PRICE.name, a_frame(tick_now()))

    await quiet(loop)

    assert len(await intents(bus)) == 1


async def test_without_capital_nothing_is_bought_and_the_newest_allocation_counts(make_bus: MakeBus, folder: Path, quiet: Quiet) -> None:
    bus = await make_bus(service="executor", consumer="eager")
    loop = await a_loop(bus, folder)
    await bus.publish(PRICE.name, a_frame(tick_now(0)))
    await quiet(loop)
    assert await intents(bus) == []

    await bus.publish(ALLOCATION.of("eager"), an_allocation("eager", capital_sol=0.001))
    await bus.publish(ALLOCATION.of("eager"), an_allocation("eager", capital_sol=1.0))
    await bus.publish(PRICE.name, a_frame(tick_now(1)))
    await quiet(loop)

    assert [intent.event_id for intent in await intents(bus)] == ["event-1"]


async def test_another_instance_takes_up_memory_and_numbering(make_bus: MakeBus, bus: RedisBus, folder: Path, quiet: Quiet) -> None:
    loop = await a_loop(bus, folder)
    await bus.publish(PRICE.name, a_frame(tick_now(0), tick_now(1)))
    await quiet(loop)

    later = await a_loop(await make_bus(service="executor", consumer="eager"), folder)
    await bus.publish(PRICE.name, a_frame(tick_now(2)))
    await quiet(later)

    assert [(intent.sequence, intent.reason) for intent in await intents(bus)] == [(0, "heard 1"), (1, "heard 2"), (2, "heard 3")]


async def test_two_instances_at_once_neither_double_nor_lose_an_intent(
    make_bus: MakeBus, bus: RedisBus, folder: Path, quiet: Quiet
) -> None:
    loops = [await a_loop(bus, folder), await a_loop(await make_bus(service="executor", consumer="eager-2"), folder)]
    for number in range(8):
        await bus.publish(PRICE.name, a_frame(tick_now(number)))
        await loops[number % 2].turn()
    await quiet(*loops)

    written = await intents(bus)
    assert sorted(intent.event_id for intent in written) == [f"event-{number}" for number in range(8)]
    assert [intent.sequence for intent in written] == list(range(8))


async def test_a_fill_that_is_delivered_twice_counts_once(bus: RedisBus, folder: Path, quiet: Quiet) -> None:
    loop = await a_loop(bus, folder)
    await bus.publish(PRICE.name, a_frame(tick_now()))
    await quiet(loop)
    [bought] = await intents(bus)

    for _ in range(2):
        await bus.publish(FILLS.of("eager"), fill := a_fill(bought))
    await bus.publish(PRICE.name, a_frame(tick_now(event_id="later")))
    await quiet(loop)

    assert (await intents(bus))[-1].size_units == fill.token_delta_units


async def test_going_live_puts_paper_tokens_out_of_view(bus: RedisBus, folder: Path, quiet: Quiet) -> None:
    loop = await a_loop(bus, folder)
    for number, mode in enumerate([Mode.PAPER, Mode.LIVE]):
        await bus.publish(PRICE.name, a_frame(tick_now(number)))
        await quiet(loop)
        await bus.publish(FILLS.of("eager"), a_fill((await intents(bus))[-1], mode=mode))
        await quiet(loop)

    await bus.publish(PRICE.name, a_frame(tick_now(0, event_id="a"), tick_now(1, event_id="b")))
    await quiet(loop)

    assert [(intent.event_id, intent.side) for intent in (await intents(bus))[2:]] == [("a", Side.BUY), ("b", Side.SELL)]


def executor_process(folder: Path, url: str, **environment: str) -> "subprocess.Popen[bytes]":
    spec = folder / "spec.json"
    spec.write_text('{"id": "eager", "plugin": "eager", "spec_hash": "abc123", "parameters": {}}')
    settings = {
        "MEMESNIPE_REDIS_URL": url,
        "MEMESNIPE_STRATEGY_FILE": str(spec),
        "MEMESNIPE_STRATEGIES_PATH": str(folder),
        "MEMESNIPE_EXECUTOR_READ_COUNT_MAX": "1",
        "MEMESNIPE_EXECUTOR_EVENT_AGE_MS_MAX": "3600000",
        **environment,
    }
    return subprocess.Popen([sys.executable, "-m", "memesnipe", "executor"], env={**os.environ, **settings}, stderr=subprocess.PIPE)


def publish_ahead(url: str, count: int) -> None:
    """Write frames with entry ids of the next minutes: while a slow machine starts processes, none becomes too old to be read."""
    ahead_ms = time.time_ns() // 10**6 + 300_000
    with redis.Redis.from_url(url) as client:
        for number in range(count):
            client.xadd(PRICE.name, {FIELD: codec.encode(a_frame(tick_now(number)))}, id=f"{ahead_ms + number}-0")


@pytest.mark.parametrize("step", ["executor.before_commit:2", "executor.after_commit:2", "bus.before_commit:3", "bus.after_commit:3"])
async def test_a_kill_at_any_step_neither_loses_nor_doubles_an_intent(bus: RedisBus, valkey_url: str, folder: Path, step: str) -> None:
    publish_ahead(valkey_url, 6)
    first = executor_process(folder, valkey_url, MEMESNIPE_FAILPOINT=step)
    assert first.wait(60) == -9

    second = executor_process(folder, valkey_url)
    try:

        async def all_written() -> bool:
            return len(await intents(bus)) >= 6

        await until(all_written)
    finally:
        second.terminate()
        assert second.wait(60) == 0

    written = await intents(bus)
    assert [(intent.event_id, intent.sequence, intent.reason) for intent in written] == [
        (f"event-{number}", number, f"heard {number + 1}") for number in range(6)
    ]
    assert len({intent.id for intent in written}) == 6


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ('{"id": "eager", "plugin": "nothing", "spec_hash": "a", "parameters": {}}', "nothing"),
        ('{"id": "eager", "plugin": "momentum", "spec_hash": "a", "parameters": {"fast_s": -1}}', "parameters.fast_s"),
        ('{"id": "eager", "plugin": "momentum", "spec_hash": "a", "parameters": {"no_such": 1}}', "parameters.no_such"),
        ('{"id": "UPPER", "plugin": "momentum", "spec_hash": "a", "parameters": {}}', "id"),
        ("{", "spec.json"),
    ],
)
def test_a_spec_that_cannot_run_is_a_config_error_that_names_the_field(valkey_url: str, tmp_path: Path, spec: str, field: str) -> None:
    (tmp_path / "spec.json").write_text(spec)
    settings = {"MEMESNIPE_REDIS_URL": valkey_url, "MEMESNIPE_STRATEGY_FILE": str(tmp_path / "spec.json")}

    done = subprocess.run([sys.executable, "-m", "memesnipe", "executor"], env={**os.environ, **settings}, capture_output=True, timeout=120)

    assert done.returncode == 78
    assert field in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


async def test_events_that_waited_for_their_commit_in_a_crash_are_heard_once(
    make_bus: MakeBus, bus: RedisBus, folder: Path, quiet: Quiet
) -> None:
    await bus.publish(KILL_SWITCH.name, a_halt(HaltState.HALTED))
    dying = await make_bus(service="executor", consumer="eager")
    crashing = await a_loop(dying, folder)
    await bus.publish(PRICE.name, a_frame(tick_now(0), tick_now(1)))
    while not await crashing.turn():
        pass
    await dying.close()

    later = await a_loop(await make_bus(service="executor", consumer="eager"), folder)
    await quiet(later)
    await bus.publish(KILL_SWITCH.name, a_halt(HaltState.ACTIVE))
    await bus.publish(PRICE.name, a_frame(tick_now(2)))
    await quiet(later)

    assert [intent.reason for intent in await intents(bus)] == ["heard 3"]


async def test_events_without_orders_are_acknowledged_when_it_is_quiet(bus: RedisBus, folder: Path, quiet: Quiet) -> None:
    await bus.publish(KILL_SWITCH.name, a_halt(HaltState.HALTED))
    loop = await a_loop(bus, folder)
    await bus.publish(PRICE.name, a_frame(tick_now(0)))

    await quiet(loop)

    assert (await bus.load("strategy:eager:state")).version == 1


async def test_an_event_held_while_the_connection_is_lost_is_heard_once(bus: RedisBus, folder: Path, quiet: Quiet, valkey_url: str) -> None:
    loop = await a_loop(bus, folder)
    await bus.publish(KILL_SWITCH.name, a_halt(HaltState.HALTED))
    await bus.publish(PRICE.name, a_frame(tick_now(0)))
    assert await loop.turn() == 1  # heard, refused for the halt, and held
    with redis.Redis.from_url(valkey_url) as client:
        client.client_kill_filter(_type="normal", skipme=True)
    await bus.publish(PRICE.name, a_frame(tick_now(1)))

    await quiet(loop)
    await bus.publish(KILL_SWITCH.name, a_halt(HaltState.ACTIVE))
    await bus.publish(PRICE.name, a_frame(tick_now(2)))
    await quiet(loop)

    assert [(intent.event_id, intent.reason) for intent in await intents(bus)] == [("event-2", "heard 3")]
