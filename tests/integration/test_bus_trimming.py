"""Redis stays small, and no order is ever trimmed before everyone has dealt with it."""

from collections.abc import AsyncIterator

import pytest
import redis

from memesnipe.bus.api import Subscription
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.rows import FIELD, row_of
from memesnipe.bus.topology import FILLS, INTENTS, KILL_SWITCH, PRICE, Reader, Stream
from memesnipe.bus.trim import Trimmer
from memesnipe.kernel.settings import CommonSettings
from memesnipe.testing.builders import a_fill, a_frame, a_halt, an_intent
from memesnipe.testing.buses import MakeBus

MINE = INTENTS.of("momentum")


def reader(stream: Stream, group: str) -> Reader:
    return next(one for one in stream.readers if one.group == group)


@pytest.fixture
async def trimmer(valkey_url: str) -> AsyncIterator[Trimmer]:
    trimmer = Trimmer(CommonSettings(redis_url=valkey_url), folded_ms=0)
    yield trimmer
    await trimmer.close()


@pytest.fixture
def client(valkey_url: str) -> redis.Redis:
    return redis.Redis.from_url(valkey_url)


async def read_some(bus: RedisBus, count: int) -> None:
    batch = await bus.read(count_max=count, block_ms=2_000)
    assert batch is not None
    await bus.commit(batch, [[]] * len(batch.entries))


async def test_entries_that_a_group_has_not_read_stay(bus: RedisBus, trimmer: Trimmer, client: redis.Redis) -> None:
    await bus.subscribe([Subscription(INTENTS, INTENTS.readers[0], ("momentum",))])
    for _ in range(10):
        await bus.publish(MINE, an_intent())
    await bus.read(count_max=4, block_ms=2_000)

    await trimmer.trim(["momentum"])

    assert client.xlen(MINE) == 10


async def test_entries_that_all_groups_acknowledged_go(make_bus: MakeBus, trimmer: Trimmer, client: redis.Redis) -> None:
    groups = ("position_manager", "risk_guardian", "autonomous_allocator", "executor")
    buses = [await make_bus(service=group) for group in groups]
    for group, bus in zip(groups, buses, strict=True):
        await bus.subscribe([Subscription(FILLS, reader(FILLS, group), ("momentum",))])
    for _ in range(10):
        await buses[0].publish(FILLS.of("momentum"), a_fill())
    for bus in buses:
        await read_some(bus, 256)

    await trimmer.trim(["momentum"])

    assert client.xlen(FILLS.of("momentum")) == 1


async def test_what_is_read_without_a_group_stays_a_while_for_whoever_comes_by(
    make_bus: MakeBus, valkey_url: str, client: redis.Redis
) -> None:
    for group in ("position_manager", "risk_guardian", "autonomous_allocator", "executor"):
        bus = await make_bus(service=group)
        await bus.subscribe([Subscription(FILLS, reader(FILLS, group), ("momentum",))])
        if group == "position_manager":
            client.xadd(FILLS.of("momentum"), {FIELD: row_of(FILLS.of("momentum")).encode(a_fill())}, id="1-0")
            for _ in range(3):
                await bus.publish(FILLS.of("momentum"), a_fill())
        await read_some(bus, 256)
    trimmer = Trimmer(CommonSettings(redis_url=valkey_url))

    await trimmer.trim(["momentum"])

    await trimmer.close()
    assert client.xlen(FILLS.of("momentum")) == 3


async def test_nothing_goes_while_a_group_that_must_read_it_is_missing(bus: RedisBus, trimmer: Trimmer, client: redis.Redis) -> None:
    await bus.subscribe([Subscription(FILLS, reader(FILLS, "position_manager"), ("momentum",))])
    for _ in range(3):
        await bus.publish(FILLS.of("momentum"), a_fill())
    await read_some(bus, 256)

    await trimmer.trim(["momentum"])

    assert client.xlen(FILLS.of("momentum")) == 3


async def test_old_market_data_goes_although_nobody_read_it(bus: RedisBus, trimmer: Trimmer, client: redis.Redis) -> None:
    for number in range(300):
        client.xadd(PRICE.name, {"m": b"x"}, id=f"{number + 1}-0")
    await bus.publish(PRICE.name, a_frame())

    await trimmer.trim([])

    assert client.xlen(PRICE.name) < 150


async def test_the_kill_switch_keeps_every_command_since_their_number_is_the_epoch(
    bus: RedisBus, trimmer: Trimmer, client: redis.Redis
) -> None:
    for _ in range(5):
        await bus.publish(KILL_SWITCH.name, a_halt())

    await trimmer.trim([])

    assert client.xlen(KILL_SWITCH.name) == 5


async def test_the_group_of_a_gone_strategy_is_removed_from_market_streams(
    make_bus: MakeBus, trimmer: Trimmer, client: redis.Redis
) -> None:
    for strategy in ("momentum", "gone"):
        executor = await make_bus(service="executor")
        await executor.subscribe([Subscription(PRICE, reader(PRICE, "executor"), (strategy,))])

    await trimmer.trim(["momentum"])

    assert [group["name"] for group in client.xinfo_groups(PRICE.name)] == [b"executor:momentum"]


async def test_a_gone_strategys_streams_go_once_everyone_has_read_them(bus: RedisBus, trimmer: Trimmer, client: redis.Redis) -> None:
    await bus.subscribe([Subscription(INTENTS, INTENTS.readers[0], ("momentum",))])
    await bus.publish(MINE, an_intent())

    while_unread = await trimmer.remove("momentum")
    await read_some(bus, 256)
    after = await trimmer.remove("momentum")

    assert (while_unread, after) == (False, True)
    assert client.exists(MINE) == 0


async def test_trimming_an_empty_server_is_nothing(trimmer: Trimmer) -> None:
    assert await trimmer.trim(["momentum"]) == 0


async def test_strategies_that_have_no_stream_yet_are_not_asked_for_one_by_one(
    bus: RedisBus, trimmer: Trimmer, client: redis.Redis
) -> None:
    await bus.subscribe([Subscription(INTENTS, one, ("momentum",)) for one in INTENTS.readers])
    for _ in range(10):
        await bus.publish(MINE, an_intent())
    await read_some(bus, 256)
    client.config_resetstat()

    gone = await trimmer.trim(["momentum", *(f"s-{number:05d}" for number in range(1_000))])

    asked = sum(int(stats["calls"]) for stats in client.info("commandstats").values())
    assert gone == 9
    assert asked < 250
