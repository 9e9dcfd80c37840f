"""Sliding spend windows, to the nanosecond: what a signature may have spent counts until its hour and its day are over."""

import pytest

from memesnipe.signer.windows import DAY_NS, HOUR_NS, Spent, Windows

START_NS = 10 * DAY_NS


def spent_at(now_ns: int, *signatures: tuple[int, int, int]) -> Spent:
    windows = Windows()
    for time_ns, lamports, reduces in signatures:
        windows.add(time_ns, lamports, reduces)
    return windows.spent(now_ns)


def test_without_a_signature_nothing_is_spent() -> None:
    assert Windows().spent(START_NS) == Spent(0, 0, 0, 0)


def test_several_signatures_add_up_in_both_windows() -> None:
    assert spent_at(START_NS + 3, (START_NS, 5, 0), (START_NS + 1, 7, 0), (START_NS + 2, 11, 0)) == Spent(23, 23, 0, 0)


def test_sells_and_exits_count_in_their_own_sums_as_well() -> None:
    assert spent_at(START_NS + 3, (START_NS, 5, 1), (START_NS + 1, 7, 0), (START_NS + 2, 11, 1)) == Spent(23, 23, 16, 16)


@pytest.mark.parametrize(
    ("later_ns", "spent"),
    [
        (HOUR_NS - 1, Spent(5, 5, 5, 5)),
        (HOUR_NS, Spent(0, 5, 0, 5)),
        (DAY_NS - 1, Spent(0, 5, 0, 5)),
        (DAY_NS, Spent(0, 0, 0, 0)),
    ],
)
def test_a_signature_counts_until_its_hour_and_its_day_are_over(later_ns: int, spent: Spent) -> None:
    assert spent_at(START_NS + later_ns, (START_NS, 5, 1)) == spent


def test_what_slides_out_leaves_the_rest_as_it_was() -> None:
    windows = Windows()
    windows.add(START_NS, 5, 1)
    windows.add(START_NS + 10, 7, 1)
    windows.add(START_NS + 20, 11, 0)

    sums = [windows.spent(START_NS + HOUR_NS + later).hour for later in (0, 9, 10, 19, 20)]

    assert sums == [18, 18, 11, 11, 0]


def test_the_reducing_part_slides_out_with_its_signature() -> None:
    windows = Windows()
    windows.add(START_NS, 5, 1)
    windows.add(START_NS + 10, 7, 1)

    assert [windows.spent(START_NS + HOUR_NS + later).reducing_hour for later in (-1, 0, 10)] == [12, 7, 0]
