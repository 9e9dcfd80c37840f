"""Pauses between attempts double, and stay within their bounds whatever happens."""

import pytest

from memesnipe.kernel.pauses import pause_s


def test_each_failure_doubles_the_pause_up_to_the_longest() -> None:
    assert [pause_s(failures, 0.5, 6.0) for failures in range(1, 7)] == [0.5, 1.0, 2.0, 4.0, 6.0, 6.0]


@pytest.mark.parametrize(("failures", "expected_s"), [(0, 1.0), (10**9, 300.0)])
def test_a_count_that_nobody_expects_stays_within_the_bounds(failures: int, expected_s: float) -> None:
    assert pause_s(failures, 1.0, 300.0) == expected_s
