"""A real Chromium for the tests that look at the dashboard."""

from collections.abc import Iterator

import pytest

from memesnipe.testing.browser import Tab, a_tab, chromium

OUR_NAME_ELSEWHERE = "--host-resolver-rules=MAP elsewhere.example 127.0.0.1"
"""A page that is called by a name that is not this machine's."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """One for all tests of a file: starting it is most of what looking at a page costs."""
    if (program := chromium()) is None:
        pytest.skip("no chromium on this machine's path: the page cannot be looked at")
    with a_tab(program, tmp_path_factory.mktemp("browser") / "profile", OUR_NAME_ELSEWHERE) as tab:
        yield tab


@pytest.fixture
def tab(browser: Tab) -> Iterator[Tab]:
    """It, for one test: without the complaints of the test before, and without its page after it."""
    browser.complaints.clear()
    yield browser
    browser.do("Emulation.setEmulatedMedia", features=[])
    browser.open("about:blank", width=1440, height=1400)
