"""A route's numbers are read where the program reads them, or not at all."""

from struct import pack

import pytest

from memesnipe.chain.decode_jupiter import LAYOUTS, PLAN_STEPS_MAX, Swap, swap_of
from memesnipe.testing import routes
from memesnipe.testing.routes import STEP, Numbers

NUMBERS = Numbers(1_000, 2_000, 300, 7, 7)
V2 = ("route_v2", "shared_accounts_route_v2")
V1 = ("route", "shared_accounts_route")


def read(route: str, data: bytes) -> Swap | None:
    return swap_of(data, LAYOUTS[routes.DISCRIMINATORS[route]])


def older(route: str, steps: bytes, count: int, tail: bytes = b"") -> bytes:
    head = routes.data_of(route, NUMBERS)[: 9 if route.startswith("shared") else 8]
    return head + pack("<I", count) + steps + pack("<QQHB", 1_000, 2_000, 300, 7) + tail


@pytest.mark.parametrize("route", V2)
def test_a_newer_route_is_read_from_the_front_with_both_its_fees(route: str) -> None:
    swap = read(route, routes.data_of(route, NUMBERS))

    assert swap == Swap(route, 1_000, 2_000, 300, 14)


@pytest.mark.parametrize("route", V2)
def test_a_newer_route_needs_all_of_its_numbers_and_no_plan(route: str) -> None:
    data = routes.data_of(route, NUMBERS)
    numbers = len(data) - len(routes.STEP_V2)

    assert [read(route, data[:size]) is None for size in (8, numbers - 1, numbers)] == [True, True, False]


@pytest.mark.parametrize("route", V1)
@pytest.mark.parametrize("steps", [1, 2, PLAN_STEPS_MAX])
def test_an_older_route_is_read_behind_a_plan_of_plain_steps(route: str, steps: int) -> None:
    assert read(route, older(route, STEP * steps, steps)) == Swap(route, 1_000, 2_000, 300, 7)


@pytest.mark.parametrize("route", V1)
def test_an_older_route_whose_length_leaves_a_doubt_is_not_read(route: str) -> None:
    doubtful = [
        older(route, b"", 0),
        older(route, STEP * (PLAN_STEPS_MAX + 1), PLAN_STEPS_MAX + 1),
        older(route, STEP, 2),
        older(route, STEP + b"\0", 1),
        older(route, STEP, 1, b"\0"),
        older(route, STEP, 2**32 - 1),
        older(route, STEP, 1)[:12],
        older(route, STEP, 1)[:11],
    ]

    assert [read(route, data) for data in doubtful] == [None] * len(doubtful)


def test_what_is_enforced_is_the_quote_less_the_slippage_rounded_down() -> None:
    assert [Swap("route_v2", 1, quoted, bps, 0).enforced_out for quoted, bps in ((2_000, 300), (3, 1), (1, 0), (10, 10_000))] == [
        1_940,
        2,
        1,
        0,
    ]
