"""The token bucket: a host's own words are believed, and an exit never waits behind quotes."""

from memesnipe.chain.clients.limits import Bucket, Lane, Rate

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

    bucket.learn(0, 0.0)

    assert bucket.wait_s(Lane.EXIT, 0.0) > 0


def test_a_clock_that_steps_back_gives_no_tokens() -> None:
    bucket = Bucket(Rate(per_s=10.0, burst=1, reserved=0), now_s=100.0)
    bucket.wait_s(Lane.NORMAL, 100.0)

    assert bucket.wait_s(Lane.NORMAL, 50.0) > 0
