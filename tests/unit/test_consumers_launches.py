"""A launch waits for its checks alone, and no cursor passes it while it waits."""

import asyncio

import msgspec

from memesnipe.consumers.api import Delivery
from memesnipe.consumers.launches import LaunchDesk
from memesnipe.messages.market import Launch, PriceTick

MINT = "8gQkv453h8zzwBNDvJdtVo74DYX5kqAAog1tdHNypump"
NOW = 1_757_812_456 * 10**9
LAUNCH = Launch("l1", NOW, 1, MINT, MINT, "pumpfun", "TKN", "Token", 6, 30 * 10**9, 10**15)
TICK = PriceTick("p1", NOW, 1, MINT, "pumpfun", 30 * 10**9, 10**15, 6)


class Slow:
    """A check that ends when the test says so."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def __call__(self, launch: Launch) -> Launch:
        await self.go.wait()
        return msgspec.structs.replace(launch, sell_route_ok=True)


async def test_prices_pass_a_launch_that_is_being_checked() -> None:
    out: asyncio.Queue[Delivery] = asyncio.Queue()
    desk = LaunchDesk(Slow(), out.put)

    await desk.take(Delivery("chain", (LAUNCH, TICK), b"1"))

    assert out.get_nowait() == Delivery("chain", (TICK,), b"")


async def test_a_checked_launch_brings_the_newest_cursor() -> None:
    out: asyncio.Queue[Delivery] = asyncio.Queue()
    check = Slow()
    desk = LaunchDesk(check, out.put)
    await desk.take(Delivery("chain", (LAUNCH,), b"1"))
    await desk.take(Delivery("chain", (TICK,), b"2"))
    assert (await out.get()).cursor == b""

    check.go.set()
    last = await out.get()

    assert last.cursor == b"2"
    assert [getattr(event, "sell_route_ok", None) for event in last.events] == [True]


async def test_without_launches_the_cursor_goes_along() -> None:
    out: asyncio.Queue[Delivery] = asyncio.Queue()
    desk = LaunchDesk(Slow(), out.put)

    await desk.take(Delivery("chain", (TICK,), b"1"))

    assert out.get_nowait().cursor == b"1"
