"""The start of a service: Redis that comes later is waited for; anything else that is missing ends the process, so that somebody looks."""

import pytest

from memesnipe.kernel.errors import Unavailable
from memesnipe.kernel.service import EXIT_FAILED, Running, run
from memesnipe.kernel.settings import CommonSettings

SOON_S = 0.01


def ends_with(part: str, *, after_ready: bool = False) -> tuple[int, int]:
    """Run a service that misses a part twice; return its exit code and how often it was started."""
    starts = 0

    async def main(running: Running) -> None:
        nonlocal starts
        starts += 1
        if after_ready:
            running.health.ready(True)
        if starts < 3:
            raise Unavailable(part, "not there yet", SOON_S)

    return run("test", CommonSettings(), main), starts


def test_a_redis_that_comes_later_is_waited_for() -> None:
    assert ends_with("redis") == (0, 3)


@pytest.mark.parametrize("part", ["signer store", "Lease"])
def test_any_other_part_that_is_missing_ends_the_process(part: str) -> None:
    assert ends_with(part) == (EXIT_FAILED, 1)


def test_a_redis_that_goes_away_for_good_later_ends_the_process() -> None:
    assert ends_with("redis", after_ready=True) == (EXIT_FAILED, 1)
