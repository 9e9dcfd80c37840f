"""The page looked at closely in a real Chromium: an order's way, a strategy's gates, the door, and who cannot see or use a mouse."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from memesnipe.bus.redis_bus import RedisBus
from memesnipe.dashboard.service import Page
from memesnipe.testing.browser import Tab
from memesnipe.testing.pages import a_page
from memesnipe.testing.scene import Scene

AXE = (Path(__file__).parents[1] / "data" / "axe" / "axe.min.js").read_text(encoding="utf-8")
DRAWN = "document.querySelectorAll('#fills tbody tr').length > 5 && document.querySelector('#equity canvas') !== null"
PASSWORD = "correct horse battery"


@pytest.fixture
async def page(bus: RedisBus, valkey_url: str, tmp_path: Path) -> AsyncIterator[Page]:
    await Scene(bus, str(tmp_path), time.time_ns()).play()
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    with a_page(valkey_url, tmp_path, dashboard_host="0.0.0.0", dashboard_password_file=str(password)) as page:
        yield page


async def looked_at(tab: Tab, page: Page, *, host: str = "127.0.0.1", width: int = 1440, until: str = DRAWN) -> None:
    await asyncio.to_thread(tab.open, f"http://{host}:{page.port}/", width=width, height=1400)
    await asyncio.to_thread(tab.wait_for, until)


async def clicked(tab: Tab, what: str, until: str) -> None:
    tab.value(f"document.querySelector({what!r}).click()")
    await asyncio.to_thread(tab.wait_for, until)


def serious(tab: Tab) -> list[list[str]]:
    """What keeps somebody out, of all that is shown: how bad, which rule, where."""
    found = tab.value("axe.run().then((found) => found.violations.map((one) => [one.impact, one.id, one.nodes[0].html.slice(0, 160)]))")
    return [one for one in found if one[0] in ("serious", "critical")]


def told(tab: Tab) -> str:
    return str(tab.value("document.getElementById('detail-body').textContent"))


async def test_a_click_on_a_fill_tells_the_orders_way(page: Page, tab: Tab) -> None:
    await looked_at(tab, page)

    await clicked(tab, "#fills tr:has(.tag.sell) button.link", "document.querySelectorAll('#detail-body tbody tr').length >= 2")

    assert "data consumers" in told(tab)
    assert "filled" in told(tab)
    assert tab.complaints == []


async def test_a_click_on_a_strategy_shows_its_curve_and_where_its_gates_are_judged(page: Page, tab: Tab) -> None:
    await looked_at(tab, page)

    await clicked(tab, "#strategies button.link", "document.querySelectorAll('#detail-body h4').length === 3")

    assert "kubectl describe strategy" in told(tab)


async def test_the_gates_that_control_wrote_are_shown_with_what_to_do(page: Page, tab: Tab, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    gate = {"type": "EvidencePassed", "status": "False", "reason": "NoEvidence", "message": "run memesnipe evidence"}
    (tmp_path / "run" / "status.json").write_text(json.dumps({"strategies": [{"id": "momentum", "conditions": [gate]}]}))
    await looked_at(tab, page)

    await clicked(tab, "#strategies button[data-strategy=momentum]", "document.querySelectorAll('#detail-body h4').length === 3")

    assert "EvidencePassed" in told(tab)
    assert "run memesnipe evidence" in told(tab)


async def test_an_order_that_nobody_knows_is_said_to_be_unknown(page: Page, tab: Tab) -> None:
    await looked_at(tab, page)

    answer = tab.value("fetch('/api/order/nobody-knows-it').then((answer) => answer.json()).then((said) => said.detail)")

    assert answer == "nothing is known of this order"


async def test_from_elsewhere_the_password_opens_the_page_and_signing_out_closes_it(page: Page, tab: Tab) -> None:
    await looked_at(tab, page, host="elsewhere.example", until="document.querySelector('#sign-in button:enabled') !== null")

    tab.value(f"document.getElementById('password').value = {PASSWORD!r}; document.querySelector('#sign-in button').click()")
    await asyncio.to_thread(tab.wait_for, DRAWN)
    await clicked(tab, "#sign-out", "document.querySelector('#sign-in button:enabled') !== null")


async def test_a_session_that_ended_leads_back_to_the_door_and_not_to_a_page_that_stands_still(page: Page, tab: Tab) -> None:
    await looked_at(tab, page, host="elsewhere.example", until="document.querySelector('#sign-in button:enabled') !== null")
    tab.value(f"document.getElementById('password').value = {PASSWORD!r}; document.querySelector('#sign-in button').click()")
    await asyncio.to_thread(tab.wait_for, DRAWN)

    token = "document.querySelector('meta[name=csrf-token]').content"
    tab.value(f"fetch('/api/sign-out', {{method: 'POST', headers: {{'X-CSRF-Token': {token}}}}}).then((answer) => answer.status)")

    await asyncio.to_thread(tab.wait_for, "document.querySelector('#sign-in button:enabled') !== null")


async def test_from_elsewhere_a_wrong_password_opens_nothing_and_says_so(page: Page, tab: Tab) -> None:
    await looked_at(tab, page, host="elsewhere.example", until="document.querySelector('#sign-in button:enabled') !== null")

    tab.value("document.getElementById('password').value = 'wrong horse battery'; document.querySelector('#sign-in button').click()")

    await asyncio.to_thread(tab.wait_for, "document.getElementById('sign-in-error').textContent === 'that is not the password'")


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_whoever_cannot_see_it_well_can_use_it(page: Page, tab: Tab, width: int, scheme: str) -> None:
    tab.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    await looked_at(tab, page, width=width)
    tab.value(AXE)

    of_page = serious(tab)
    await clicked(tab, "#fills tr:has(.tag.sell) button.link", "document.querySelectorAll('#detail-body tbody tr').length >= 2")

    assert (of_page, serious(tab)) == ([], [])


async def test_the_keyboard_reaches_the_halt_button_and_escape_takes_it_back(page: Page, tab: Tab) -> None:
    await looked_at(tab, page)

    tab.value("document.getElementById('kill').focus()")
    for kind in ("keyDown", "keyUp"):
        tab.do(
            "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r" if kind == "keyDown" else ""
        )
    assert tab.value("document.getElementById('ask').open")
    for kind in ("keyDown", "keyUp"):
        tab.do("Input.dispatchKeyEvent", type=kind, key="Escape", code="Escape", windowsVirtualKeyCode=27)

    await asyncio.to_thread(tab.wait_for, "!document.getElementById('ask').open")


async def test_the_page_asks_nobody_but_its_own_host(page: Page, tab: Tab) -> None:
    await looked_at(tab, page)

    asked = tab.value("performance.getEntriesByType('resource').map((one) => new URL(one.name).host)")

    assert set(asked) == {f"127.0.0.1:{page.port}"}
