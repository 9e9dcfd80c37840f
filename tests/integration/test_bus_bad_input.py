"""What cannot be decoded is kept, counted and never acted on; what is behind is skipped; what is new is understood."""

import time
from typing import Any, cast

import msgspec
import pytest
import redis

from memesnipe.bus.api import Subscription
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import DEAD_LETTERS, INTENTS, KILL_SWITCH, PRICE
from memesnipe.kernel import metrics
from memesnipe.kernel.errors import Bug
from memesnipe.messages.codec import encode
from memesnipe.testing.builders import a_frame, a_halt, a_tick, an_approved, an_intent
from memesnipe.testing.buses import MakeBus

MINE = INTENTS.of("momentum")
SUBSCRIPTION = Subscription(INTENTS, INTENTS.readers[0], ("momentum",))


def _fields(**changes: object) -> list[object]:
    intent = an_intent()
    values = [getattr(intent, name) for name in intent.__struct_fields__]
    for name, value in changes.items():
        values[intent.__struct_fields__.index(name)] = value
    return ["order_intent", *values]


DEEP = b"\x91" * 100_000 + b"\xc0"
POISON: dict[str, bytes] = {
    "empty": b"",
    "no msgpack": b"\xc1",
    "truncated": encode(an_intent())[:-5],
    "trailing bytes": encode(an_intent()) + b"\x00",
    "deeply nested": DEEP,
    "two megabytes": b"\x00" * (2 << 20),
    "wrong tag": encode(an_approved()),
    "a map instead of an array": msgspec.msgpack.encode({"type": "order_intent", "id": "x", "id2": "x"}),
    "a map with a key twice": b"\x82\xa2id\xa1a\xa2id\xa1b",
    "NaN as size": msgspec.msgpack.encode(_fields(size_lamports=float("nan"))),
    "negative size": msgspec.msgpack.encode(_fields(size_lamports=-1)),
    "size past 2**63": msgspec.msgpack.encode(_fields(size_lamports=2**64 - 1)),
    "true as size": msgspec.msgpack.encode(_fields(size_lamports=True)),
    "half a lamport": msgspec.msgpack.encode(_fields(size_lamports=0.5)),
    "milliseconds as time": msgspec.msgpack.encode(_fields(time_ns=1_760_000_000_000)),
    "another strategy's name": msgspec.msgpack.encode(_fields(strategy="other")),
    "zero-width space in the mint": msgspec.msgpack.encode(_fields(mint="\u200bDezXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB26")),
    "Cyrillic letter in the mint": msgspec.msgpack.encode(_fields(mint="D\u0435zXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263")),
}


@pytest.fixture
def client(valkey_url: str) -> redis.Redis:
    return redis.Redis.from_url(valkey_url)


@pytest.mark.parametrize("raw", POISON.values(), ids=POISON.keys())
async def test_poison_is_kept_as_a_dead_letter_and_the_next_entry_is_read(bus: RedisBus, client: redis.Redis, raw: bytes) -> None:
    await bus.subscribe([SUBSCRIPTION])
    poison_id = client.xadd(MINE, {"m": raw})
    good = an_intent()
    await bus.publish(MINE, good)

    batch = await bus.read(block_ms=2_000)

    [(_, letter)] = cast("list[Any]", client.xrange(DEAD_LETTERS))
    assert batch is not None
    assert [entry.message for entry in batch.entries] == [good]
    assert (letter[b"stream"], letter[b"id"], letter[b"raw"]) == (MINE.encode(), poison_id, raw[:65_536])
    assert letter[b"field"]
    assert letter[b"reason"]
    assert client.xpending(MINE, "risk_guardian")["pending"] == 1


async def test_dead_letters_are_counted_by_stream_and_field(bus: RedisBus, client: redis.Redis) -> None:
    await bus.subscribe([SUBSCRIPTION])
    before = metrics.DEAD_LETTERS.labels(INTENTS.name)._value.get()
    client.xadd(MINE, {"m": b"\xc1"})

    await bus.read(block_ms=50)

    assert metrics.DEAD_LETTERS.labels(INTENTS.name)._value.get() == before + 1


async def test_an_entry_with_other_fields_than_m_is_a_dead_letter(bus: RedisBus, client: redis.Redis) -> None:
    await bus.subscribe([SUBSCRIPTION])
    client.xadd(MINE, {"size": "1", "side": "buy"})

    assert await bus.read(block_ms=50) is None
    assert client.xlen(DEAD_LETTERS) == 1


async def test_a_dead_letter_is_written_once_when_two_readers_meet_it(make_bus: MakeBus, client: redis.Redis) -> None:
    first = await make_bus(consumer="a")
    second = await make_bus(consumer="b")
    client.xadd(KILL_SWITCH.name, {"m": b"\xc1"})

    await first.fold(KILL_SWITCH.name)
    await second.fold(KILL_SWITCH.name)

    assert client.xlen(DEAD_LETTERS) == 1


async def test_a_fold_goes_on_after_what_it_cannot_read(bus: RedisBus, client: redis.Redis) -> None:
    client.xadd(KILL_SWITCH.name, {"m": b"\xc1"})
    halt = a_halt()
    await bus.publish(KILL_SWITCH.name, halt)

    assert [entry.message for entry in await bus.fold(KILL_SWITCH.name)] == [halt]


async def test_a_message_of_another_streams_type_is_a_bug_of_ours(bus: RedisBus) -> None:
    with pytest.raises(Bug, match="does not carry"):
        await bus.publish(MINE, an_approved())


async def test_a_stream_outside_the_table_is_a_bug_of_ours(bus: RedisBus) -> None:
    with pytest.raises(Bug, match="not a stream of the topology"):
        await bus.publish("orders:surprise", an_intent())


def old_frame(client: redis.Redis, age_ms: int, sequence: int) -> None:
    client.xadd(PRICE.name, {"m": encode(a_frame(a_tick()))}, id=f"{time.time_ns() // 1_000_000 - age_ms}-{sequence}")


PRICE_READER = next(one for one in PRICE.readers if one.group == "position_manager")


async def test_a_market_reader_that_fell_behind_gets_the_newest_and_counts_the_gap(bus: RedisBus, client: redis.Redis) -> None:
    for sequence in range(50):
        old_frame(client, 60_000, sequence)
    newest = a_frame()
    await bus.publish(PRICE.name, newest)
    before = metrics.STREAM_GAPS.labels(PRICE.name)._value.get()
    await bus.subscribe([Subscription(PRICE, PRICE_READER)])

    batch = await bus.read(block_ms=2_000)

    assert batch is not None
    assert [entry.message for entry in batch.entries] == [newest]
    assert metrics.STREAM_GAPS.labels(PRICE.name)._value.get() == before + 1


async def test_stale_prices_held_by_a_crashed_reader_are_given_up(make_bus: MakeBus, client: redis.Redis) -> None:
    crashed = await make_bus(consumer="crashed")
    await crashed.subscribe([Subscription(PRICE, PRICE_READER)])
    old_frame(client, 60_000, 0)
    client.xreadgroup("position_manager", "crashed", {PRICE.name: ">"})

    again = await make_bus(consumer="crashed")
    await again.subscribe([Subscription(PRICE, PRICE_READER)])

    assert await again.read(block_ms=50) is None
    assert client.xpending(PRICE.name, "position_manager")["pending"] == 0


async def test_an_order_stream_is_never_skipped(bus: RedisBus, client: redis.Redis) -> None:
    for sequence in range(5):
        client.xadd(MINE, {"m": encode(an_intent())}, id=f"{1_000 + sequence}-0")
    await bus.subscribe([SUBSCRIPTION])

    batch = await bus.read(block_ms=2_000)

    assert batch is not None
    assert len(batch.entries) == 5
