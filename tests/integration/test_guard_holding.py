"""The paper desk on a real server: prices it holds are not acknowledged, so a crash loses none of them and counts none twice."""

from memesnipe.bus.api import Batch, Subscription
from memesnipe.bus.folds import Halts
from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import APPROVED, FILLS, PRICE
from memesnipe.guard.book import from_bytes
from memesnipe.guard.paper import Terms
from memesnipe.guard.paper_desk import STATE, PaperDesk
from memesnipe.guard.standing import standing_of
from memesnipe.kernel.clock import SystemClock
from memesnipe.testing.builders import MINT, SOL, a_config, a_frame, a_tick, an_approved
from memesnipe.testing.buses import MakeBus

STANDING = standing_of(a_config(), Halts(), 5 * SOL)
TERMS = Terms(seed=7, slots_max=0, failure_bps=0, timeout_ns=10**10, fee_lamports=5_000, tip_lamports=0)
READERS = [Subscription(PRICE, PRICE.readers[0]), Subscription(APPROVED, APPROVED.readers[0])]


async def seated(bus: RedisBus) -> PaperDesk:
    await bus.subscribe(READERS)
    desk = PaperDesk(bus, SystemClock(), TERMS, None)
    await desk.restore()
    return desk


async def read(bus: RedisBus) -> Batch:
    batch = await bus.read(block_ms=3_000)
    assert batch is not None
    return batch


async def test_prices_held_at_a_crash_are_given_again_to_the_book_from_before_them(make_bus: MakeBus) -> None:
    before = await make_bus(service="wallet_guard", consumer="paper")
    desk = await seated(before)
    await before.publish(PRICE.name, a_frame(a_tick()))
    await desk.handle(await read(before), STANDING)
    assert desk.holds
    await before.close()

    after = await make_bus(service="wallet_guard", consumer="paper")
    heir = await seated(after)

    assert (await after.load(STATE)).version == 0
    assert [event.mint for event in (await read(after)).entries[0].message.events] == [MINT]
    assert not heir.holds


async def test_an_order_s_commit_takes_the_prices_before_it_along(make_bus: MakeBus) -> None:
    bus = await make_bus(service="wallet_guard", consumer="paper")
    desk = await seated(bus)
    await bus.publish(PRICE.name, a_frame(a_tick()))
    await desk.handle(await read(bus), STANDING)
    order = an_approved()
    await bus.publish(APPROVED.name, order, order.intent.id)

    await desk.handle(await read(bus), STANDING)

    stored = await bus.load(STATE)
    assert not desk.holds
    assert stored.version == 1
    assert [*from_bytes(stored.data, stored.parts).pools] == [MINT]
    assert [entry.message.intent_id for entry in await bus.fold(FILLS.of("momentum"))] == [order.intent.id]
