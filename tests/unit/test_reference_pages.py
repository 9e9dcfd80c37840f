"""The pages of docs/reference that are made from the code say what it says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from memesnipe.testing.reference import metrics_page, settings_page
from memesnipe.testing.reference.__main__ import PAGES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("name", "render"), PAGES.items(), ids=list(PAGES))
def test_a_page_says_what_the_code_says(name: str, render: Callable[[Path], str]) -> None:
    page = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")

    assert page == render(ROOT), "renew it: python -m memesnipe.testing.reference"


def test_every_setting_is_explained() -> None:
    found = settings_page.settings(ROOT)

    assert sum(map(len, found.values())) > 150
    assert [f"{service} {row.name}" for (service, _), rows in found.items() for row in rows if not row.what] == []


def test_every_metric_is_explained_and_has_the_products_prefix() -> None:
    found = metrics_page.metrics(ROOT)

    assert len(found) > 100
    assert [one.name for one in found if not one.what or not one.name.startswith("memesnipe_")] == []
