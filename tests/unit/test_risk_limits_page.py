"""The page of risk limits is made from the models, and leaves none out."""

from pathlib import Path

import pytest

from memesnipe.manifests.directions import NESTED
from memesnipe.manifests.limits_page import BREAKERS, MARKET, Row, render
from memesnipe.risk.breakers.refusal import WORDS

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "risk-limits.md"


def test_the_page_of_limits_is_what_the_models_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), (
        "renew it: python -m memesnipe.manifests.limits_page > docs/reference/risk-limits.md"
    )


@pytest.mark.parametrize(("group", "rows"), [("breakers", BREAKERS), ("market", MARKET)])
def test_every_limit_of_a_group_is_on_the_page(group: str, rows: tuple[Row, ...]) -> None:
    told = {name for row in rows for name in (row.field, *row.more)}

    assert told == {f"{group}.{name}" for name in NESTED[group]}


def test_every_breaker_that_refuses_is_on_the_page() -> None:
    assert {row.reason for row in BREAKERS} == set(WORDS)
