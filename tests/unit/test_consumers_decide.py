"""Each kind of bad input is refused by the name of what is wrong, and the feed goes on."""

from typing import Any

import msgspec
import pytest

from memesnipe.consumers.book import Book, Recent
from memesnipe.consumers.decide import Bounds, admit
from memesnipe.kernel.errors import BadInput
from memesnipe.messages.market import Launch, PriceTick

MINT = "8gQkv453h8zzwBNDvJdtVo74DYX5kqAAog1tdHNypump"
NOW = 1_757_812_456 * 10**9
S = 10**9
BOUNDS = Bounds(age_ns_max=3_600 * S, future_ns_max=60 * S)


def a_tick(**changes: Any) -> PriceTick:
    return msgspec.structs.replace(PriceTick("e1", NOW, 100, MINT, "pumpfun", 30 * S, 10**15, 6), **changes)


def a_launch(**changes: Any) -> Launch:
    return msgspec.structs.replace(Launch("l1", NOW, 100, MINT, MINT, "pumpfun", "TKN", "Token", 6, 30 * S, 10**15), **changes)


def test_a_good_event_is_new_once() -> None:
    book = Book()

    assert admit(book, a_tick(), NOW, BOUNDS)
    assert not admit(book, a_tick(), NOW, BOUNDS)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"time_ns": NOW + 61 * S}, "in the future"),
        ({"time_ns": NOW - 3_601 * S}, "s old"),
        ({"time_ns": 0}, "Expected `int` >="),
        ({"time_ns": NOW // 1_000}, "Expected `int` >="),
        ({"time_ns": NOW // 1_000_000}, "Expected `int` >="),
        ({"time_ns": NOW * 1_000}, "can't serialize"),
        ({"quote_lamports": -1}, "Expected `int` >="),
        ({"quote_lamports": 0}, "Expected `int` >="),
        ({"base_units": 2**63}, "Expected `int` <="),
        ({"quote_lamports": float("nan")}, "Expected `int`"),
        ({"quote_lamports": 1.5}, "Expected `int`"),
        ({"decimals": 20}, "Expected `int` <= 19"),
        ({"mint": "8gQkv453h8zzwBNDvJdtVo74DYX5kqAAog1tdHNyp\u0443mp"}, "Expected `str` matching"),
        ({"slot": -5}, "Expected `int` >="),
    ],
)
def test_a_value_out_of_bounds_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        admit(Book(), a_tick(**changes), NOW, BOUNDS)


def test_a_refused_event_is_not_remembered() -> None:
    book = Book()
    with pytest.raises(BadInput):
        admit(book, a_tick(time_ns=NOW + 61 * S), NOW, BOUNDS)

    assert admit(book, a_tick(), NOW, BOUNDS)


def test_a_slot_that_steps_back_is_refused() -> None:
    book = Book()
    admit(book, a_tick(), NOW, BOUNDS)

    with pytest.raises(BadInput, match="slot 99 after slot 100"):
        admit(book, a_tick(event_id="e2", slot=99), NOW, BOUNDS)


def test_decimals_that_change_are_refused() -> None:
    book = Book()
    admit(book, a_tick(), NOW, BOUNDS)

    with pytest.raises(BadInput, match="9 now, 6 before"):
        admit(book, a_tick(event_id="e2", decimals=9), NOW, BOUNDS)


def test_a_second_launch_of_a_mint_is_refused_as_a_spoof() -> None:
    book = Book()
    admit(book, a_launch(), NOW, BOUNDS)

    with pytest.raises(BadInput, match="was launched before"):
        admit(book, a_launch(event_id="l2"), NOW, BOUNDS)


def test_memory_is_bounded_and_forgets_the_oldest_first() -> None:
    recent: Recent[int] = Recent(2)

    for key in ("a", "b", "a", "c"):
        recent.put(key, 0)

    assert list(recent) == ["a", "c"]
