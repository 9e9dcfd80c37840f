"""What a stage may rely on when it reads a batch and commits what the batch caused."""

import pytest
import redis

from memesnipe.bus.api import Batch, Output, StaleState, State, Subscription
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import APPROVED, INTENTS, KILL_SWITCH, PRICE, STATE_KEY
from memesnipe.kernel.clock import EventClock
from memesnipe.kernel.errors import Bug
from memesnipe.messages.bounds import HaltState
from memesnipe.testing.builders import a_frame, a_halt, a_tick, an_approved, an_intent
from memesnipe.testing.buses import MakeBus

RISK = INTENTS.readers[0]
GUARD = APPROVED.readers[0]
SUBSCRIPTION = Subscription(INTENTS, RISK, ("momentum",))
MINE = INTENTS.of("momentum")
BOOK = STATE_KEY.format(stage="risk_guardian")


async def read(bus: RedisBus) -> Batch:
    batch = await bus.read(block_ms=3_000)
    assert batch is not None
    return batch


async def test_a_message_published_before_the_group_existed_is_read(bus: RedisBus) -> None:
    intent = an_intent()
    await bus.publish(MINE, intent, key=intent.id)

    await bus.subscribe([SUBSCRIPTION])
    batch = await read(bus)

    assert [(e.message, e.strategy) for e in batch.entries] == [(intent, "momentum")]


async def test_a_quiet_stream_gives_none_after_the_wait(bus: RedisBus) -> None:
    await bus.subscribe([SUBSCRIPTION])

    assert await bus.read(block_ms=20) is None


async def test_before_the_first_strategy_is_applied_there_is_nothing_to_read_and_that_is_no_fault(bus: RedisBus) -> None:
    await bus.subscribe([Subscription(INTENTS, RISK, ())])

    assert await bus.read(block_ms=20) is None


async def test_a_commit_writes_what_the_batch_caused(bus: RedisBus, make_bus: MakeBus) -> None:
    await bus.subscribe([SUBSCRIPTION])
    intent = an_intent()
    await bus.publish(MINE, intent, key=intent.id)
    batch = await read(bus)

    await bus.commit(batch, [[Output(APPROVED.name, an_approved(intent), intent.id)]])

    guard = await make_bus(service="wallet_guard")
    await guard.subscribe([Subscription(APPROVED, GUARD)])
    assert [(e.message, e.strategy) for e in (await read(guard)).entries] == [(an_approved(intent), "momentum")]


async def test_the_second_message_with_a_business_key_is_dropped(bus: RedisBus) -> None:
    intent = an_intent()

    first = await bus.publish(MINE, intent, key=intent.id)
    second = await bus.publish(MINE, intent, key=intent.id)

    assert first != ""
    assert second == ""


async def test_what_was_read_and_not_committed_comes_again_after_a_restart(bus: RedisBus, make_bus: MakeBus) -> None:
    await bus.subscribe([SUBSCRIPTION])
    intent = an_intent()
    await bus.publish(MINE, intent)
    await read(bus)
    await bus.close()

    again = await make_bus()
    await again.subscribe([SUBSCRIPTION])

    assert [e.message for e in (await read(again)).entries] == [intent]


async def test_effects_of_an_entry_that_another_acknowledged_are_dropped(bus: RedisBus) -> None:
    await bus.subscribe([SUBSCRIPTION])
    await bus.publish(MINE, an_intent())
    batch = await read(bus)
    await bus.commit(batch, [[]])

    await bus.commit(batch, [[Output(APPROVED.name, an_approved(), "late")]])

    assert await bus.fold(APPROVED.name) == []


async def test_state_and_its_version_come_back(bus: RedisBus) -> None:
    empty = await bus.load(BOOK)

    version = await bus.commit(Batch("risk_guardian", ()), [], State(BOOK, empty.version, b"book"))

    assert empty == State(BOOK, 0, b"")
    assert await bus.load(BOOK) == State(BOOK, version, b"book")


async def test_a_commit_on_a_stale_state_writes_nothing_at_all(bus: RedisBus) -> None:
    await bus.subscribe([SUBSCRIPTION])
    intent = an_intent()
    await bus.publish(MINE, intent)
    batch = await read(bus)
    await bus.commit(Batch("risk_guardian", ()), [], State(BOOK, 0, b"somebody else"))

    with pytest.raises(StaleState):
        await bus.commit(batch, [[Output(APPROVED.name, an_approved(intent), intent.id)]], State(BOOK, 0, b"mine"))

    assert (await bus.load(BOOK)).data == b"somebody else"
    assert await bus.fold(APPROVED.name) == []
    assert [e.message for e in (await read(bus)).entries] == [intent]


async def test_a_fold_stream_is_read_whole_and_then_from_where_one_stopped(bus: RedisBus) -> None:
    await bus.publish(KILL_SWITCH.name, a_halt(HaltState.HALTED))
    first = await bus.fold(KILL_SWITCH.name)
    await bus.publish(KILL_SWITCH.name, a_halt(HaltState.ACTIVE))

    second = await bus.fold(KILL_SWITCH.name, first[-1].id)

    assert [e.message.state for e in first] == [HaltState.HALTED]
    assert [e.message.state for e in second] == [HaltState.ACTIVE]


async def test_plain_keys_are_put_read_and_dropped(bus: RedisBus) -> None:
    await bus.put("lease:momentum", b"envelope", ttl_ms=60_000)
    held = await bus.get("lease:momentum")
    await bus.drop("lease:momentum")

    assert held == b"envelope"
    assert await bus.get("lease:momentum") is None


async def test_reading_market_data_moves_a_replay_clock(make_bus: MakeBus) -> None:
    clock = EventClock()
    bus = await make_bus(clock=clock)
    await bus.subscribe([Subscription(PRICE, PRICE.readers[0])])
    tick = a_tick()
    await bus.publish(PRICE.name, a_frame(tick))

    await read(bus)

    assert clock.now_ns() == tick.time_ns


async def test_prices_that_caused_nothing_are_acknowledged_with_the_next_commit(bus: RedisBus, make_bus: MakeBus, valkey_url: str) -> None:
    risk = await make_bus(service="risk_guardian")
    await risk.subscribe([Subscription(PRICE, next(one for one in PRICE.readers if one.group == "risk_guardian")), SUBSCRIPTION])
    await bus.publish(PRICE.name, a_frame())
    await risk.commit(await read(risk), [[]])
    await bus.publish(MINE, an_intent())
    await risk.commit(await read(risk), [[]])

    with redis.Redis.from_url(valkey_url) as client:
        assert client.xpending(PRICE.name, "risk_guardian")["pending"] == 0


async def test_acknowledgements_that_were_put_off_are_made_when_the_bus_closes(bus: RedisBus, make_bus: MakeBus, valkey_url: str) -> None:
    reader = await make_bus(service="position_manager")
    await reader.subscribe([Subscription(PRICE, next(one for one in PRICE.readers if one.group == "position_manager"))])
    await bus.publish(PRICE.name, a_frame())
    await reader.commit(await read(reader), [[]])

    await reader.close()

    with redis.Redis.from_url(valkey_url) as client:
        assert client.xpending(PRICE.name, "position_manager")["pending"] == 0


async def test_a_commit_with_another_number_of_effects_than_entries_is_a_bug(bus: RedisBus) -> None:
    with pytest.raises(Bug, match="lists of outputs"):
        await bus.commit(Batch("risk_guardian", ()), [[]])


async def test_a_part_of_a_state_is_written_kept_and_forgotten_by_itself(bus: RedisBus) -> None:
    nothing = Batch("risk_guardian", ())
    await bus.commit(nothing, [], State(BOOK, 0, b"book", {"a": b"1", "b": b"2"}))

    await bus.commit(nothing, [], State(BOOK, 1, b"next", {"b": b"", "c": b"3"}))

    assert await bus.load(BOOK) == State(BOOK, 2, b"next", {"a": b"1", "c": b"3"})


async def test_a_stale_state_leaves_every_part_as_it_was(bus: RedisBus) -> None:
    nothing = Batch("risk_guardian", ())
    await bus.commit(nothing, [], State(BOOK, 0, b"book", {"a": b"1"}))

    with pytest.raises(StaleState):
        await bus.commit(nothing, [], State(BOOK, 0, b"mine", {"a": b"", "b": b"2"}))

    assert await bus.load(BOOK) == State(BOOK, 1, b"book", {"a": b"1"})


async def test_more_parts_than_one_call_takes_are_all_kept(bus: RedisBus) -> None:
    parts = {f"pool:{number}": b"x" for number in range(2_500)}

    await bus.commit(Batch("risk_guardian", ()), [], State(BOOK, 0, b"book", parts))

    assert (await bus.load(BOOK)).parts == parts
