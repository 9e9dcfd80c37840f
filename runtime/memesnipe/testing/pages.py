"""The dashboard as tests look at it: served on a free port, quick to draw, and closed however the test ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from memesnipe.dashboard.service import Page
from memesnipe.dashboard.settings import DashboardSettings


@contextmanager
def a_page(redis_url: str, data_dir: Path, **settings: Any) -> Iterator[Page]:
    """Serve the page of this server and of the ledger in this folder; `settings` are more of DashboardSettings."""
    page = Page(DashboardSettings(redis_url=redis_url, data_dir=str(data_dir), dashboard_port=0, dashboard_refresh_ms=200, **settings))
    try:
        yield page
    finally:
        page.close()
