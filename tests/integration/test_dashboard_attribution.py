"""Where the money went: on the page, in the metrics and by `memesnipe report` the same numbers, of one ledger."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.request import urlopen

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from memesnipe.bus.redis_bus import RedisBus
from memesnipe.cli.commands import app
from memesnipe.ledger.attribution import Attribution
from memesnipe.testing.browser import Tab, a_tab, chromium
from memesnipe.testing.buses import MakeBus
from memesnipe.testing.pages import a_page
from memesnipe.testing.scene import STRATEGIES, Scene

PROGRAM = chromium()
DRAWN = f"document.querySelectorAll('#attribution .attributed').length === {len(STRATEGIES)}"


@pytest.fixture
async def page(make_bus: MakeBus, valkey_url: str, tmp_path: Path) -> AsyncIterator[str]:
    bus: RedisBus = await make_bus(service="test")
    await Scene(bus, str(tmp_path), time.time_ns()).play()
    with a_page(valkey_url, tmp_path) as page:
        yield f"http://127.0.0.1:{page.port}"


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    if PROGRAM is None:
        pytest.skip("no chromium on this machine's path: the page cannot be looked at")
    with a_tab(PROGRAM, tmp_path / "profile") as tab:
        yield tab


def told(url: str) -> bytes:
    with urlopen(url, timeout=10) as answer:
        body: bytes = answer.read()
        return body


def answered(page: str) -> list[Attribution]:
    """Wait for the first look and return what the page is told."""
    deadline = time.monotonic() + 60
    while (body := told(f"{page}/api/attribution")) == b"[]":
        assert time.monotonic() < deadline, "nothing was attributed within a minute"
        time.sleep(0.05)
    return msgspec.json.decode(body, type=list[Attribution])


def exposed(text: str, name: str) -> dict[tuple[str, ...], float]:
    """Return a gauge's samples by their labels' values, in the order of their names."""
    families = (family for family in text_string_to_metric_families(text) if family.name == name)
    return {tuple(value for _, value in sorted(one.labels.items())): one.value for family in families for one in family.samples}


async def test_page_metrics_and_report_say_the_same(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMESNIPE_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)

    on_page = await asyncio.to_thread(answered, page)
    metrics = (await asyncio.to_thread(told, f"{page}/metrics")).decode()
    reported = msgspec.json.decode(CliRunner().invoke(app, ["report", "--json"]).output, type=list[Attribution])

    assert [one.strategy for one in on_page] == sorted(STRATEGIES)
    assert reported == on_page
    lamports = exposed(metrics, "memesnipe_attribution_lamports")
    for one in on_page:
        costs = {name: lamports[one.mode.value, name, one.strategy] for name in one.costs.__struct_fields__}
        assert costs == msgspec.to_builtins(one.costs)
        assert lamports[one.mode.value, "gross", one.strategy] - sum(costs.values()) == one.net_lamports
        assert exposed(metrics, "memesnipe_attribution_bps")[one.mode.value, one.strategy, "hit"] == one.hit_bps


@pytest.mark.parametrize("width", [390, 1440])
async def test_each_strategys_costs_and_ratios_are_drawn_within_the_window(page: str, tab: Tab, width: int) -> None:
    await asyncio.to_thread(answered, page)

    await asyncio.to_thread(tab.open, page, width=width, height=1400)
    await asyncio.to_thread(tab.wait_for, "document.querySelectorAll('#fills tbody tr').length > 5", 60.0)
    tab.value("document.getElementById('attribution').scrollIntoView()")
    await asyncio.to_thread(tab.wait_for, DRAWN, 60.0)

    assert tab.value("document.querySelectorAll('#attribution .took').length") == 8 * len(STRATEGIES)
    assert "Sharpe" in tab.value("document.getElementById('attribution').textContent")
    assert tab.value("document.documentElement.scrollWidth <= window.innerWidth")
    assert tab.complaints == []
