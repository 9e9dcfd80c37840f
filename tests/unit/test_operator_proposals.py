"""What is said of paper trades is judged anew where it counts for something else, and not at each trade."""

import pytest

from memesnipe.control.proofs import Track
from memesnipe_operator.operating import proves_otherwise


def said(trades: int | None, code: str = "c" * 64) -> Track:
    return Track({"momentum": code}, None if trades is None else {"momentum": trades})


@pytest.mark.parametrize("trades_min", [0, 100])
def test_that_trades_are_known_now_is_news_even_where_none_are_asked_for(trades_min: int) -> None:
    assert proves_otherwise("momentum", said(None), said(0), trades_min)


@pytest.mark.parametrize(("before", "now", "news"), [(98, 99, False), (99, 100, True), (100, 101, False)])
def test_only_the_trade_that_makes_them_enough_is_news(before: int, now: int, news: bool) -> None:
    assert proves_otherwise("momentum", said(before), said(now), 100) is news


def test_other_code_is_news() -> None:
    assert proves_otherwise("momentum", said(5), said(5, "d" * 64), 100)
