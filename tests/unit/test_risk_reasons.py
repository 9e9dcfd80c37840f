"""Every reason has a remedy, and the page of them is made from the table."""

from pathlib import Path

import pytest

from memesnipe.kernel.reasons import REMEDY, ReasonCode
from memesnipe.kernel.reasons_page import render

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "reasons.md"


@pytest.mark.parametrize("code", list(ReasonCode))
def test_every_reason_says_what_a_person_can_do(code: ReasonCode) -> None:
    assert REMEDY[code].endswith((".", "?"))


def test_the_page_of_reasons_is_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "renew it: python -m memesnipe.kernel.reasons_page > docs/reference/reasons.md"
