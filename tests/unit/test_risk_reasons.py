"""Every reason has a remedy, and the page of them is made from the table."""

import re
from pathlib import Path

import pytest

from memesnipe.kernel.reasons import REMEDY, ReasonCode
from memesnipe.kernel.reasons_page import render

ACTS = re.compile(r"`|docs/|othing to do|by itself|eave it|[Aa]pply|look at|check the|restart|send SOL")
"""A command, a setting or a page to look at, or the word that nothing is to be done."""
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "reasons.md"


@pytest.mark.parametrize("code", list(ReasonCode))
def test_every_reason_says_what_a_person_can_do(code: ReasonCode) -> None:
    assert REMEDY[code].endswith((".", "?"))
    assert ACTS.search(REMEDY[code]), f"{code}: names no command, setting or page, and does not say that nothing is to be done"


@pytest.mark.parametrize("page", sorted({page for remedy in REMEDY.values() for page in re.findall(r"docs/[\w/-]+\.md", remedy)}))
def test_the_pages_that_reasons_name_are_there(page: str) -> None:
    assert (PAGE.parents[2] / page).is_file()


def test_the_page_of_reasons_is_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "renew it: python -m memesnipe.kernel.reasons_page > docs/reference/reasons.md"
