"""A launch waits for its checks alone, no cursor passes it while it waits, and what is false about it reaches nobody else's launch."""

import asyncio

import msgspec

from memesnipe.consumers.api import Delivery
from memesnipe.consumers.launches import LaunchDesk, Once
from memesnipe.kernel.errors import BadInput
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


async def test_a_launch_that_must_not_go_out_is_told_as_bad_and_holds_up_no_cursor() -> None:
    async def refused(launch: Launch) -> Launch:
        raise BadInput("mint", "not on chain")

    out: asyncio.Queue[Delivery] = asyncio.Queue()
    desk = LaunchDesk(refused, out.put)

    await desk.take(Delivery("pumpportal", (LAUNCH,), b"1"))
    told = await out.get()

    assert (told.events, [error.field for error in told.bad], told.cursor) == ((), ["mint"], b"1")


async def test_two_sources_that_tell_of_one_launch_have_it_checked_once_and_each_keeps_its_own_word() -> None:
    asked: list[str] = []

    async def check(launch: Launch) -> Launch:
        asked.append(launch.symbol)
        await asyncio.sleep(0)
        return msgspec.structs.replace(launch, sell_route_ok=True, top_holder_bps=7)

    once = Once(check)
    first, second = await asyncio.gather(once.checked(LAUNCH), once.checked(msgspec.structs.replace(LAUNCH, symbol="OTHER", slot=2)))

    assert asked == ["TKN"]
    assert (first.symbol, second.symbol, second.slot, second.sell_route_ok, second.top_holder_bps) == ("TKN", "OTHER", 2, True, 7)


async def test_a_launch_with_other_decimals_is_checked_on_its_own() -> None:
    asked: list[int] = []

    async def check(launch: Launch) -> Launch:
        asked.append(launch.decimals)
        return launch

    once = Once(check)
    await once.checked(msgspec.structs.replace(LAUNCH, decimals=9))
    await once.checked(LAUNCH)

    assert asked == [9, 6]
