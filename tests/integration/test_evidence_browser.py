"""The report in a real Chromium: everything is drawn, it fits a phone, and it breaks no rule of its own policy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from memesnipe.evidence.verdict import Thresholds
from memesnipe.kernel.clock import EventClock
from memesnipe.research.evidence.judging import judged
from memesnipe.research.evidence.page import page_of
from memesnipe.testing.browser import Tab, a_tab, chromium
from memesnipe.testing.builders import START_NS
from memesnipe.testing.walked import a_walked

PROGRAM = chromium()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no chromium on this machine's path: the page cannot be looked at")
OUTSIDE = """Array.from(document.querySelectorAll('svg')).filter(svg => Array.from(svg.querySelectorAll('*')).some(one => {
  const box = one.getBoundingClientRect(), frame = svg.getBoundingClientRect();
  return one.tagName != 'title' && (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1);
})).map(svg => svg.getAttribute('aria-label'))"""
"""Pictures of which something is drawn outside of their frame."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("report") / "momentum.evidence.html"
    file.write_text(page_of(judged(a_walked(), Thresholds(), EventClock(START_NS), replications=100)), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    assert PROGRAM is not None
    with a_tab(PROGRAM, tmp_path_factory.mktemp("profile")) as tab:
        yield tab


def opened(tab: Tab, page: Path, width: int, scheme: str = "light") -> None:
    tab.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    tab.open(page.as_uri(), width=width, height=1_400)
    tab.wait_for("document.readyState == 'complete' && document.querySelectorAll('figure svg').length == 13", 60)


@pytest.mark.parametrize("width", [390, 1_000])
def test_everything_is_drawn_within_its_frame_and_nothing_scrolls_sideways(tab: Tab, page: Path, width: int) -> None:
    opened(tab, page, width)

    assert tab.value(OUTSIDE) == []
    assert tab.value("document.documentElement.scrollWidth <= window.innerWidth")
    assert tab.complaints == []


def test_by_night_it_is_dark_and_can_be_read(tab: Tab, page: Path) -> None:
    colours = []
    for scheme in ("light", "dark"):
        opened(tab, page, 1_000, scheme)
        colours.append(tab.value("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"))

    assert colours == [["rgb(255, 255, 255)", "rgb(27, 31, 36)"], ["rgb(13, 17, 23)", "rgb(230, 237, 243)"]]
