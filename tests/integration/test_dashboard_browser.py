"""The page in a real Chromium: it draws, it stays within a phone's width, it lives, and its kill button halts."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import CLOSE_REQUESTS, KILL_SWITCH
from memesnipe.chain.programs import MAINNET_GENESIS
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.testing.browser import Tab
from memesnipe.testing.builders import a_halt
from memesnipe.testing.pages import a_page
from memesnipe.testing.scene import Scene

DRAWN = (
    "document.querySelectorAll('#fills tbody tr').length > 5 && document.querySelector('#equity canvas') !== null"
    " && document.querySelectorAll('#positions tbody tr').length === 4 && document.querySelectorAll('#prices .ticker').length === 9"
)
"""What is told by the ledger and what by the streams: a page may have the one before the other."""


@pytest.fixture
async def scene(bus: RedisBus, tmp_path: Path) -> Scene:
    scene = Scene(bus, str(tmp_path), time.time_ns())
    await scene.play()
    return scene


@pytest.fixture
def page(scene: Scene, valkey_url: str, tmp_path: Path) -> Iterator[str]:
    with a_page(valkey_url, tmp_path) as page:
        yield f"http://127.0.0.1:{page.port}/"


async def looked_at(tab: Tab, url: str, *, width: int = 1440, height: int = 1400) -> None:
    await asyncio.to_thread(tab.open, url, width=width, height=height)
    await asyncio.to_thread(tab.wait_for, DRAWN)


async def test_the_page_draws_everything_and_breaks_no_rule_of_its_own(page: str, tab: Tab) -> None:
    await looked_at(tab, page)

    assert tab.complaints == []


@pytest.mark.parametrize("width", [390, 820, 1440])
async def test_the_page_never_scrolls_sideways(page: str, tab: Tab, width: int) -> None:
    await looked_at(tab, page, width=width)

    assert tab.value("document.documentElement.scrollWidth <= window.innerWidth")


async def test_prices_move_without_loading_again(page: str, tab: Tab, scene: Scene) -> None:
    await looked_at(tab, page)
    before = tab.value("document.getElementById('prices').textContent")

    await scene.prices(3)

    await asyncio.to_thread(tab.wait_for, f"document.getElementById('prices').textContent !== {before!r}")


async def test_the_kill_button_asks_then_halts(page: str, tab: Tab, bus: RedisBus) -> None:
    await looked_at(tab, page)

    tab.value("document.getElementById('kill').click()")
    assert tab.value("document.getElementById('ask').open")
    assert await bus.fold(KILL_SWITCH.name) == []
    tab.value("document.getElementById('ask-yes').click()")
    await asyncio.to_thread(tab.wait_for, "document.getElementById('halt-state').textContent === 'HALTED'")

    assert [entry.message.state for entry in await bus.fold(KILL_SWITCH.name)] == [HaltState.HALTED]


async def test_resume_reopens(page: str, tab: Tab, bus: RedisBus) -> None:
    await bus.publish(KILL_SWITCH.name, a_halt(HaltState.HALTED))
    await looked_at(tab, page)

    tab.value("document.getElementById('resume').click(); document.getElementById('ask-yes').click()")

    await asyncio.to_thread(tab.wait_for, "document.getElementById('halt-state').textContent === 'ACTIVE'")


async def test_closing_a_position_asks_position_manager(page: str, tab: Tab, bus: RedisBus) -> None:
    await looked_at(tab, page)

    tab.value("document.querySelector('#positions button').click(); document.getElementById('ask-yes').click()")
    await asyncio.to_thread(tab.wait_for, "!document.getElementById('ask').open")

    assert len(await bus.fold(CLOSE_REQUESTS.name)) == 1


@pytest.fixture(params=[MAINNET_GENESIS, "Loca1net"], ids=["mainnet", "localnet"])
async def live_page(bus: RedisBus, valkey_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    await Scene(bus, str(tmp_path), time.time_ns(), mode=Mode.LIVE, genesis=request.param).play()
    with a_page(valkey_url, tmp_path) as page:
        yield f"http://127.0.0.1:{page.port}/"


@pytest.mark.parametrize("live_page", [MAINNET_GENESIS], indirect=True, ids=["mainnet"])
async def test_real_money_cannot_be_missed(live_page: str, tab: Tab) -> None:
    await looked_at(tab, live_page)

    assert tab.value("document.getElementById('marker').textContent") == "MAINNET LIVE: REAL MONEY"
    assert tab.value("document.getElementById('marker').getBoundingClientRect().height") > 30


async def test_closing_a_live_position_is_real_money_on_mainnet_alone(live_page: str, tab: Tab) -> None:
    await looked_at(tab, live_page)

    tab.value("document.querySelector('#positions button').click()")

    mainnet = tab.value("document.getElementById('marker').classList.contains('mainnet')")
    assert ("real money" in tab.value("document.getElementById('ask-text').textContent").lower()) is mainnet


@pytest.mark.parametrize("live_page", [MAINNET_GENESIS], indirect=True, ids=["mainnet"])
@pytest.mark.parametrize("width", [390, 1440])
async def test_the_way_of_a_live_order_fits_its_window(live_page: str, tab: Tab, width: int) -> None:
    await looked_at(tab, live_page, width=width)

    tab.value("document.querySelector('#fills tr:has(.tag.sell) button.link').click()")
    await asyncio.to_thread(tab.wait_for, "document.querySelectorAll('#detail-body tbody tr').length >= 6")

    assert tab.value(
        "['#detail', '#detail-body .scroll'].map((one) => document.querySelector(one)).every((one) => one.scrollWidth <= one.clientWidth)"
    )
