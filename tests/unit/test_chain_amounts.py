"""Lamports are shown as SOL without a float in between."""

import pytest

from memesnipe.chain.amounts import exact, sol


@pytest.mark.parametrize(
    ("lamports", "rounded", "whole"),
    [
        (0, "0.0000", "0.000000000"),
        (1, "0.0000", "0.000000001"),
        (-1_500_000_000, "-1.5000", "-1.500000000"),
        (2**63, "9223372036.8548", "9223372036.854775808"),
    ],
)
def test_an_amount_is_shown_as_it_is(lamports: int, rounded: str, whole: str) -> None:
    assert (sol(lamports), exact(lamports)) == (rounded, whole)


def test_a_gain_says_that_it_is_one() -> None:
    assert sol(250_000_000, signed=True) == "+0.2500"
