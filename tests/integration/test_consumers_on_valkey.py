"""data_consumers on a real server: published once, cursor after publication, replay one event at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from memesnipe.bus.api import Batch, Subscription
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import ALLOCATION, ALLOCATIONS, CONFIG, LAUNCH, PRICE, STREAMS, Kind, Reader
from memesnipe.consumers.api import Delivery
from memesnipe.consumers.decide import Bounds
from memesnipe.consumers.publisher import Publisher
from memesnipe.consumers.rejected import Rejected
from memesnipe.consumers.replay import DONE_KEY, Replay, events_of
from memesnipe.consumers.watch import Watch
from memesnipe.kernel.clock import EventClock, SystemClock
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.market import recording
from memesnipe.messages.control import AllocationDecision, ConfigApplied, RiskLimits, StrategyAllocation
from memesnipe.messages.market import Launch, MarketEvent, PriceTick
from memesnipe.testing.builders import a_strategy
from memesnipe.testing.buses import MakeBus

MINT = "8gQkv453h8zzwBNDvJdtVo74DYX5kqAAog1tdHNypump"
S = 10**9
BOUNDS = Bounds(3_600 * S, 60 * S)


def a_tick(n: int, **changes: Any) -> PriceTick:
    tick = PriceTick(f"t{n}", SystemClock().now_ns(), n, MINT, "pumpfun", 30 * S, 10**15, 6)
    return msgspec.structs.replace(tick, **changes)


def a_publisher(bus: Any, folder: Path, record: list[MarketEvent] | None = None) -> Publisher:
    taken = record if record is not None else []
    return Publisher(bus, SystemClock(), BOUNDS, Rejected(folder / "rejected.jsonl"), Watch(), taken.extend)


async def published(bus: RedisBus, stream: str = PRICE.name) -> list[MarketEvent]:
    return [event for entry in await bus.fold(stream) for event in entry.message.events]


async def test_a_cursor_is_there_only_after_what_it_covers(bus: RedisBus, tmp_path: Path) -> None:
    tick = a_tick(1)

    await a_publisher(bus, tmp_path).publish([Delivery("chain", (tick,), b"c1")])

    assert await published(bus) == [tick]
    assert await bus.get("cursor:chain") == b"c1"


async def test_what_was_published_before_a_crash_is_not_published_again(bus: RedisBus, tmp_path: Path) -> None:
    first, second = a_tick(1), a_tick(2)
    await a_publisher(bus, tmp_path).publish([Delivery("chain", (first,))])

    restarted = a_publisher(bus, tmp_path)
    await restarted.recall()
    await restarted.publish([Delivery("chain", (first, second), b"c2")])

    assert await published(bus) == [first, second]


async def test_a_bad_event_is_kept_and_the_good_one_beside_it_goes_out(bus: RedisBus, tmp_path: Path) -> None:
    good = a_tick(2)

    await a_publisher(bus, tmp_path).publish([Delivery("chain", (a_tick(1, quote_lamports=-5), good), b"c")])

    assert await published(bus) == [good]
    assert "quote_lamports=-5" in (tmp_path / "rejected.jsonl").read_text()


async def test_the_recorder_gets_exactly_what_was_published(bus: RedisBus, tmp_path: Path) -> None:
    record: list[MarketEvent] = []
    tick = a_tick(1)

    await a_publisher(bus, tmp_path, record).publish([Delivery("chain", (tick, tick, a_tick(2, decimals=99)))])

    assert record == [tick]


async def test_a_bus_that_is_away_costs_time_and_no_event(bus: RedisBus, tmp_path: Path) -> None:
    class Away:
        """Fails before the first write, and after the second one was done."""

        calls = 0

        async def publish(self, stream: str, message: Any, key: str = "") -> str:
            self.calls += 1
            if self.calls == 1:
                raise Unavailable("redis", "away", retry_after_s=0.0)
            written = await bus.publish(stream, message, key)
            if self.calls == 2:
                raise Unavailable("redis", "no answer", retry_after_s=0.0)
            return written

    await a_publisher(Away(), tmp_path).publish([Delivery("chain", (a_tick(1),))])

    assert len(await published(bus)) == 1


def a_limits() -> RiskLimits:
    fields = RiskLimits.__struct_fields__
    return msgspec.convert([1] * (len(fields) - len(RiskLimits.__struct_defaults__)), RiskLimits)


async def a_system(bus: RedisBus, make_bus: MakeBus) -> dict[str, RedisBus]:
    """Return one replaying bus for each group of the topology that has no strategy, with configuration and capital applied."""
    now_ns = SystemClock().now_ns()
    await bus.publish(CONFIG.name, ConfigApplied(1, now_ns, "p", a_limits(), (), 1))
    await bus.publish(ALLOCATIONS.name, AllocationDecision(1, now_ns, "i", "equal", "", ()))
    groups: dict[str, list[tuple[Any, Reader]]] = {}
    for stream in STREAMS:
        for reader in stream.readers if stream.kind is not Kind.FOLD and not stream.split else ():
            if not reader.per_strategy:
                groups.setdefault(reader.group, []).append((stream, reader))
    buses = {}
    for group, interests in groups.items():
        one = await make_bus(service=group, clock=EventClock())
        await one.subscribe([Subscription(stream, reader) for stream, reader in interests])
        buses[group] = one
    return buses


async def until(read: Callable[[], Awaitable[Batch | None]]) -> Batch:
    """Return the first batch that comes."""
    async with asyncio.timeout(60):
        while (batch := await read()) is None:
            pass
    return batch


async def test_the_next_event_waits_until_every_stage_is_done_with_the_last(bus: RedisBus, make_bus: MakeBus) -> None:
    buses = await a_system(bus, make_bus)
    clock = EventClock()
    source = await make_bus(clock=clock)
    events = [a_tick(n) for n in range(1, 4)]
    playing = asyncio.create_task(Replay(source, clock, events, 0.0, asyncio.Event()).run())

    for n in range(1, 4):
        for reader in [reader for reader in PRICE.readers if not reader.per_strategy]:
            batch = await until(partial(buses[reader.group].read, block_ms=100))
            assert len(await published(bus)) == n
            await buses[reader.group].commit(batch, [[] for _ in batch.entries])
    assert await asyncio.wait_for(playing, 60)

    assert await bus.get(DONE_KEY) == b"3"
    assert clock.now_ns() == events[-1].time_ns


async def test_no_event_goes_out_before_every_strategy_has_its_capital(bus: RedisBus, make_bus: MakeBus) -> None:
    now_ns = SystemClock().now_ns()
    config = ConfigApplied(1, now_ns, "p", a_limits(), (a_strategy(),), 1)
    await bus.publish(ALLOCATIONS.name, AllocationDecision(1, now_ns, "i", "equal", "", ()))
    replay = Replay(bus, EventClock(), [a_tick(1)], 0.0, asyncio.Event())

    before = await replay._funded(config)
    await bus.publish(ALLOCATION.of("momentum"), StrategyAllocation("momentum", 1, 10_000, 1, now_ns))

    assert (before, await replay._funded(config)) == (False, True)


async def test_a_replay_goes_on_where_it_was_killed(bus: RedisBus, make_bus: MakeBus) -> None:
    class Settled:
        """The bus with every stage at rest."""

        def __getattr__(self, name: str) -> Any:
            return getattr(bus, name)

        async def settled(self) -> bool:
            return True

    await a_system(bus, make_bus)
    events: list[MarketEvent] = [
        Launch("l", a_tick(1).time_ns, 1, MINT, MINT, "pumpfun", "", "", 6, 30 * S, 10**15),
        *(a_tick(n) for n in (1, 2, 3)),
    ]
    settled: Any = Settled()
    first = Replay(settled, EventClock(), events, 0.0, asyncio.Event())
    await first._publish(0)
    await first._publish(1)
    await bus.put("cursor:recording", b"1")  # killed before the second cursor was written

    await Replay(settled, EventClock(), events, 0.0, asyncio.Event()).run()

    assert await published(bus) == events[1:]
    assert await published(bus, LAUNCH.name) == events[:1]


@pytest.mark.parametrize("content", [None, b"no parquet"])
def test_a_recording_that_cannot_be_played_is_a_config_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.parquet"
    if content is None:
        recording.write(path, [])
    else:
        path.write_bytes(content)

    with pytest.raises(ConfigError, match="MEMESNIPE_RECORDING"):
        events_of(str(path))
