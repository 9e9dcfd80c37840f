"""The token bucket: a host's own words are believed, and an exit never waits behind quotes."""

import asyncio

import pytest

from memesnipe.chain.clients.limits import PAUSE_S_MAX, Bucket, Lane, Rate, Told, admitted, shared

RATE = Rate(per_s=10.0, burst=5, reserved=2)


def test_a_burst_is_free_and_what_follows_waits_for_its_token() -> None:
    bucket = Bucket(Rate(per_s=10.0, burst=2, reserved=0))

    waits = [bucket.wait_s(Lane.NORMAL, 0.0) for _ in range(3)]

    assert waits == [0.0, 0.0, 0.1]


def test_ordinary_calls_leave_the_last_tokens_to_exits() -> None:
    bucket = Bucket(RATE)

    ordinary = [bucket.wait_s(Lane.NORMAL, 0.0) for _ in range(4)]
    exits = [bucket.wait_s(Lane.EXIT, 0.0) for _ in range(3)]

    assert ordinary[:3] == [0.0] * 3
    assert ordinary[3] > 0
    assert exits[:2] == [0.0, 0.0]
    assert exits[2] > 0


def test_tokens_come_back_with_time_and_never_above_the_burst() -> None:
    bucket = Bucket(Rate(per_s=10.0, burst=2, reserved=0))
    for _ in range(2):
        bucket.wait_s(Lane.NORMAL, 0.0)

    waits = [bucket.wait_s(Lane.NORMAL, 100.0) for _ in range(3)]

    assert waits[:2] == [0.0, 0.0]
    assert waits[2] > 0


def test_a_429_closes_both_lanes_for_as_long_as_the_host_said() -> None:
    bucket = Bucket(RATE)

    bucket.close(3.0, 0.0)

    assert bucket.wait_s(Lane.EXIT, 1.0) == 2.0
    assert bucket.wait_s(Lane.EXIT, 3.0) == 0.0


def test_the_host_s_count_of_calls_left_is_believed_when_it_is_lower() -> None:
    bucket = Bucket(RATE)

    bucket.learn(Told(remaining=0), 0.0)

    assert bucket.wait_s(Lane.EXIT, 0.0) > 0


def test_the_host_s_count_is_not_believed_when_it_is_higher() -> None:
    bucket = Bucket(Rate(per_s=10.0, burst=1, reserved=0))
    bucket.wait_s(Lane.EXIT, 0.0)

    bucket.learn(Told(remaining=500, used=1), 0.0)

    assert bucket.wait_s(Lane.EXIT, 0.0) > 0


def test_with_no_call_left_ordinary_ones_wait_for_the_reset_and_an_exit_tries_before() -> None:
    bucket = Bucket(RATE)

    bucket.learn(Told(remaining=0, reset_s=20.0), 0.0)

    assert bucket.wait_s(Lane.NORMAL, 1.0) == 19.0
    assert bucket.wait_s(Lane.EXIT, 1.0) == 0.0


@pytest.mark.parametrize("said", [10.0**9, float("inf")])
def test_no_header_closes_a_host_for_longer_than_a_minute(said: float) -> None:
    closed, spent = Bucket(RATE), Bucket(RATE)

    closed.close(said, 0.0)
    spent.learn(Told(remaining=0, reset_s=said), 0.0)

    assert closed.wait_s(Lane.EXIT, 0.0) == PAUSE_S_MAX
    assert spent.wait_s(Lane.NORMAL, 0.0) == PAUSE_S_MAX


def test_a_plan_that_is_smaller_than_the_setting_is_learned_from_the_window() -> None:
    bucket = Bucket(Rate(per_s=10.0, burst=1, reserved=0, window_s=60.0))

    bucket.learn(Told(remaining=1, used=59), 0.0)
    bucket.wait_s(Lane.EXIT, 0.0)

    assert bucket.wait_s(Lane.EXIT, 0.0) == pytest.approx(1.0)  # 60 calls in 60 s, not 10 a second


def test_what_was_learned_is_forgotten_when_the_host_says_more() -> None:
    bucket = Bucket(Rate(per_s=10.0, burst=1, reserved=0, window_s=60.0))
    bucket.learn(Told(remaining=1, used=59), 0.0)

    bucket.learn(Told(remaining=1, used=5_999), 0.0)
    bucket.wait_s(Lane.EXIT, 0.0)

    assert bucket.wait_s(Lane.EXIT, 0.0) == pytest.approx(0.1)


def test_headers_that_make_no_sense_do_not_stop_the_calls() -> None:
    bucket = Bucket(Rate(per_s=10.0, burst=1, reserved=0, window_s=60.0))

    bucket.learn(Told(remaining=0, used=1), 0.0)

    assert bucket.wait_s(Lane.EXIT, 0.0) <= 2.0


async def test_an_exit_overtakes_ordinary_calls_that_wait_for_an_empty_bucket() -> None:
    bucket, admissions = Bucket(Rate(per_s=50.0, burst=1, reserved=0), asyncio.get_running_loop().time()), list[str]()

    async def call(name: str, lane: Lane) -> None:
        await admitted(bucket, lane, asyncio.get_running_loop().time)
        admissions.append(name)

    bucket.wait_s(Lane.NORMAL, asyncio.get_running_loop().time())
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for at in range(5):
            group.create_task(call(f"quote {at}", Lane.NORMAL))
        await asyncio.sleep(0)
        group.create_task(call("exit", Lane.EXIT))

    assert admissions[0] == "exit"
    assert len(admissions) == 6


def test_clients_of_one_host_and_key_share_their_tokens_and_the_stricter_rate_holds() -> None:
    first = shared("a host and a key", Rate(per_s=10.0, burst=5, reserved=0), 0.0)
    second = shared("a host and a key", Rate(per_s=2.0, burst=3, reserved=1), 0.0)

    taken = [first.wait_s(Lane.NORMAL, 0.0) for _ in range(3)]

    assert second is first
    assert taken == [0.0, 0.0, 0.5]  # three at once, of which one is kept for exits; two a second


def test_hosts_do_not_share() -> None:
    one, other = shared("one", RATE, 0.0), shared("other", RATE, 0.0)

    assert one is not other


def test_a_clock_that_steps_back_gives_no_tokens() -> None:
    bucket = Bucket(Rate(per_s=10.0, burst=1, reserved=0), now_s=100.0)
    bucket.wait_s(Lane.NORMAL, 100.0)

    assert bucket.wait_s(Lane.NORMAL, 50.0) == 0.1
