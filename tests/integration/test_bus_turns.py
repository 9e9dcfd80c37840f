"""A replay's order: who reads when, and when the source may go on."""

from memesnipe.bus.api import Batch, Output, Subscription
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import APPROVED, CONFIG, EXITS, FILLS, INTENTS, PRICE, STREAMS, Kind, Reader, Stream
from memesnipe.kernel.clock import EventClock
from memesnipe.testing.builders import START_NS, a_config, a_fill, a_frame, a_strategy, an_approved, an_exit, an_intent
from memesnipe.testing.buses import MakeBus


def reader(stream: Stream, group: str) -> Reader:
    return next(one for one in stream.readers if one.group == group)


async def replaying(make_bus: MakeBus, group: str, *streams: Stream, strategies: tuple[str, ...] = ("momentum",)) -> RedisBus:
    bus = await make_bus(service=group, clock=EventClock())
    await bus.subscribe([Subscription(stream, reader(stream, group), strategies) for stream in streams])
    return bus


async def take(bus: RedisBus) -> Batch:
    batch = await bus.read(block_ms=2_000)
    assert batch is not None
    return batch


async def test_a_group_waits_until_lower_turns_are_committed(make_bus: MakeBus) -> None:
    executor = await replaying(make_bus, "executor", PRICE)
    guard = await replaying(make_bus, "wallet_guard", PRICE)
    await guard.publish(PRICE.name, a_frame())

    before_it_was_read = await executor.read(block_ms=30)
    batch = await take(guard)
    before_it_was_committed = await executor.read(block_ms=30)
    await guard.commit(batch, [[]])

    assert before_it_was_read is None
    assert before_it_was_committed is None
    assert len((await take(executor)).entries) == 1


async def test_a_strategy_learns_its_fills_before_the_next_price(make_bus: MakeBus) -> None:
    executor = await replaying(make_bus, "executor", PRICE, FILLS)
    await executor.publish(PRICE.name, a_frame())
    await executor.publish(FILLS.of("momentum"), a_fill())

    first = await take(executor)
    await executor.commit(first, [[]])
    second = await take(executor)

    assert [batch.entries[0].stream for batch in (first, second)] == [FILLS.of("momentum"), PRICE.name]


async def test_what_is_read_together_is_ordered_by_event_time_then_strategy_then_sequence(make_bus: MakeBus) -> None:
    risk = await replaying(make_bus, "risk_guardian", INTENTS, EXITS, strategies=("a", "b"))
    later = an_intent(strategy="a", time_ns=START_NS + 9)
    second_of_a = an_intent(strategy="a", time_ns=START_NS, sequence=1)
    first_of_a = an_intent(strategy="a", time_ns=START_NS, sequence=0)
    of_b = an_exit(strategy="b", time_ns=START_NS)
    for stream, intent in ((EXITS, of_b), (INTENTS, later), (INTENTS, second_of_a), (INTENTS, first_of_a)):
        await risk.publish(stream.of(intent.strategy), intent)

    batch = await take(risk)

    assert [entry.message for entry in batch.entries] == [first_of_a, second_of_a, of_b, later]


async def test_the_source_waits_until_every_required_group_exists(make_bus: MakeBus) -> None:
    source = await make_bus(clock=EventClock())
    await source.publish(CONFIG.name, a_config())

    assert not await source.settled()
    assert "orders:approved wallet_guard" in await source.absent()


def streams_by_group() -> dict[str, list[Stream]]:
    wanted: dict[str, list[Stream]] = {}
    for stream in STREAMS:
        for one in stream.readers if stream.kind is not Kind.FOLD else ():
            wanted.setdefault(one.group, []).append(stream)
    return wanted


async def test_the_source_goes_on_only_when_nobody_has_anything_left(make_bus: MakeBus) -> None:
    services = {group: await replaying(make_bus, group, *streams) for group, streams in streams_by_group().items()}
    source = await make_bus(clock=EventClock())
    await source.publish(CONFIG.name, a_config(a_strategy("momentum")))
    at_rest = await source.settled()
    await source.publish(INTENTS.of("momentum"), intent := an_intent())
    undelivered = await source.settled()
    batch = await take(services["risk_guardian"])
    pending = await source.settled()
    await services["risk_guardian"].commit(batch, [[Output(APPROVED.name, an_approved(intent), intent.id)]])
    caused = await source.settled()
    await services["wallet_guard"].commit(await take(services["wallet_guard"]), [[]])

    assert (at_rest, undelivered, pending, caused, await source.settled()) == (True, False, False, False, True)
