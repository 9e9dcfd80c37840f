"""The page in a person's hands, in a real Chromium: keys that are pressed, held and repeated while numbers move under them.

One browser for all tests of this file; each gets its own page on an emptied server.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from memesnipe.bus.redis_bus import RedisBus
from memesnipe.bus.topology import CLOSE_REQUESTS, KILL_SWITCH
from memesnipe.dashboard.service import Page
from memesnipe.messages.bounds import HaltState
from memesnipe.testing.browser import Tab
from memesnipe.testing.builders import a_halt
from memesnipe.testing.pages import a_page
from memesnipe.testing.scene import Scene

DRAWN = "document.querySelectorAll('#positions tbody tr').length === 4 && document.getElementById('halt-state').textContent === 'ACTIVE'"
CLOSED = "!document.getElementById('ask').open"


@pytest.fixture
async def scene(bus: RedisBus, tmp_path: Path) -> Scene:
    scene = Scene(bus, str(tmp_path), time.time_ns())
    await scene.play()
    return scene


@pytest.fixture
def page(scene: Scene, valkey_url: str, tmp_path: Path) -> Iterator[Page]:
    with a_page(valkey_url, tmp_path) as page:
        yield page


@pytest.fixture
async def tab(browser: Tab, page: Page) -> AsyncIterator[Tab]:
    await asyncio.to_thread(browser.open, f"http://127.0.0.1:{page.port}/", width=1440, height=1400)
    await asyncio.to_thread(browser.wait_for, DRAWN)
    browser.complaints.clear()
    yield browser
    await asyncio.to_thread(browser.open, "about:blank", width=1440, height=1400)


def pressed(tab: Tab, *, repeats: bool = False, lifted: bool = True) -> None:
    """Press Enter as a keyboard does; a key that is not lifted repeats."""
    key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
    tab.do("Input.dispatchKeyEvent", type="keyDown", text="\r", autoRepeat=repeats, **key)
    if lifted:
        tab.do("Input.dispatchKeyEvent", type="keyUp", **key)


@contextmanager
def no_network(tab: Tab) -> Iterator[None]:
    """Whatever the page asks for fails at once."""
    tab.do("Network.enable")
    reach = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    tab.do("Network.emulateNetworkConditions", offline=True, **reach)
    try:
        yield
    finally:
        tab.do("Network.emulateNetworkConditions", offline=False, **reach)


async def halts(bus: RedisBus) -> list[tuple[HaltState, str]]:
    return [(entry.message.state, entry.message.reason) for entry in await bus.fold(KILL_SWITCH.name)]


async def test_enter_after_the_reason_halts_with_that_reason(tab: Tab, bus: RedisBus) -> None:
    tab.value("document.getElementById('kill').click()")

    tab.do("Input.insertText", text="feed is odd")
    pressed(tab)
    await asyncio.to_thread(tab.wait_for, CLOSED)

    assert await halts(bus) == [(HaltState.HALTED, "feed is odd")]
    assert tab.complaints == []


async def test_cancel_writes_nothing(tab: Tab, bus: RedisBus) -> None:
    tab.value("document.getElementById('kill').click(); document.getElementById('ask-no').click()")

    assert tab.value(CLOSED)
    assert await halts(bus) == []


async def test_an_enter_that_is_held_down_asks_and_does_not_answer_itself(tab: Tab, bus: RedisBus) -> None:
    tab.value("document.getElementById('kill').focus()")
    pressed(tab, lifted=False)
    await asyncio.to_thread(tab.wait_for, "document.activeElement.id === 'ask-reason'")

    pressed(tab, repeats=True)

    assert not tab.value(CLOSED)
    assert not tab.value("document.getElementById('ask-yes').disabled")
    assert await halts(bus) == []


async def test_enter_on_the_question_whether_to_close_a_position_is_no(tab: Tab, bus: RedisBus) -> None:
    tab.value("document.querySelector('#positions button').click()")

    pressed(tab)

    assert tab.value(CLOSED)
    assert await bus.fold(CLOSE_REQUESTS.name) == []


async def test_the_question_whether_to_close_says_which_money_it_is(tab: Tab) -> None:
    tab.value("document.querySelector('#positions button').click()")

    assert "(paper)?" in tab.value("document.getElementById('ask-title').textContent")
    assert "paper: no real money" in tab.value("document.getElementById('ask-text').textContent")


async def test_a_command_without_an_answer_is_said_to_be_unknown_and_comes_back_when_it_was_put_away(tab: Tab) -> None:
    tab.value("document.getElementById('kill').click()")

    with no_network(tab):
        tab.value("document.getElementById('ask-yes').click(); document.getElementById('ask').close()")
        await asyncio.to_thread(tab.wait_for, "document.getElementById('ask-error').textContent.includes('NOT known')")

    assert not tab.value(CLOSED)


async def test_the_keyboard_stays_on_a_button_while_the_numbers_of_its_line_move(tab: Tab, scene: Scene) -> None:
    chosen = tab.value("document.querySelectorAll('#positions button')[2].focus(), document.activeElement.dataset.mint")

    for _ in range(3):
        before = tab.value("document.getElementById('positions').textContent")
        await scene.prices(1)
        await asyncio.to_thread(tab.wait_for, f"document.getElementById('positions').textContent !== {before!r}")

    assert tab.value("document.activeElement.dataset.mint") == chosen


async def test_a_line_keeps_its_place_and_its_button_when_another_comes_above_it(tab: Tab, scene: Scene) -> None:
    chosen = tab.value("document.querySelector('#fills button').focus(), document.activeElement.dataset.order")

    scene.buy()
    await asyncio.to_thread(tab.wait_for, "document.querySelectorAll('#fills tbody tr').length === 16")

    assert tab.value("document.activeElement.dataset.order") == chosen
    assert tab.value("[...document.querySelectorAll('#fills tbody tr')].indexOf(document.activeElement.closest('tr'))") == 1


async def test_a_press_and_its_release_are_one_click_though_the_line_changed_between_them(tab: Tab, scene: Scene) -> None:
    x, y = tab.value(
        "(() => { const box = document.querySelector('#positions button').getBoundingClientRect();"
        " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
    )
    mouse = {"x": x, "y": y, "button": "left", "clickCount": 1}
    before = tab.value("document.getElementById('positions').textContent")

    tab.do("Input.dispatchMouseEvent", type="mousePressed", **mouse)
    await scene.prices(1)
    await asyncio.to_thread(tab.wait_for, f"document.getElementById('positions').textContent !== {before!r}")
    tab.do("Input.dispatchMouseEvent", type="mouseReleased", **mouse)

    await asyncio.to_thread(tab.wait_for, "document.getElementById('ask').open")


async def test_a_page_without_updates_says_so_wherever_one_looks(tab: Tab, page: Page) -> None:
    await asyncio.to_thread(tab.wait_for, "document.getElementById('halt').className === 'halt active'")

    page.close()
    tab.value("Date.now = ((real) => () => real() + 60_000)(Date.now)")

    await asyncio.to_thread(tab.wait_for, "document.getElementById('halt').className === 'halt'")
    assert "no update since" in tab.value("document.getElementById('halt-state').textContent")
    assert "everything below is what was known then" in tab.value("document.getElementById('problems').textContent")
    assert tab.value("document.title").startswith("‼ STALE")
    assert tab.value("getComputedStyle(document.getElementById('tiles')).filter") == "grayscale(1)"


async def test_a_state_that_is_old_keeps_nobody_from_halting(tab: Tab, page: Page, bus: RedisBus) -> None:
    await bus.publish(KILL_SWITCH.name, a_halt(HaltState.HALTED))
    await asyncio.to_thread(tab.wait_for, "document.getElementById('kill').disabled")

    page.close()
    tab.value("Date.now = ((real) => () => real() + 60_000)(Date.now)")

    await asyncio.to_thread(tab.wait_for, "!document.getElementById('kill').disabled")


async def test_on_a_phone_a_position_shows_its_money_its_size_and_its_stop(tab: Tab) -> None:
    tab.do("Emulation.setDeviceMetricsOverride", width=390, height=1400, deviceScaleFactor=1, mobile=True)

    lines = tab.value("[...document.querySelectorAll('#positions tbody tr')].map((line) => line.innerText)")

    assert [line for line in lines if "paper" not in line or " SOL" not in line or "stop" not in line] == []
    assert tab.value(
        "['positions', 'strategies'].map((id) => document.getElementById(id)).every((one) => one.scrollWidth <= one.clientWidth)"
    )
