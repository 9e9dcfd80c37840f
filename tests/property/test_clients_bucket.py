"""The token bucket under any sequence of calls and headers: never more than the host allows, and never for ever closed."""

from hypothesis import given
from hypothesis import strategies as st

from memesnipe.chain.clients.limits import LEARNED_PER_S_MIN, PAUSE_S_MAX, Bucket, Lane, Rate, Told

rates = st.builds(
    Rate,
    per_s=st.floats(0.5, 100.0),
    burst=st.integers(1, 50),
    reserved=st.integers(0, 60),
    window_s=st.sampled_from([0.0, 60.0]),
)
numbers = st.none() | st.integers(0, 10**15)
tolds = st.builds(Told, remaining=numbers, used=numbers, reset_s=st.none() | st.floats(0.0, 1e15))
pauses = st.floats(0.0, 50.0)
steps = st.lists(st.tuples(pauses, st.sampled_from(Lane) | tolds | st.floats(0.0, 1e12)), max_size=60)


@given(rates, steps)
def test_no_sequence_admits_more_calls_than_the_rate_allows(rate: Rate, taken: list[tuple[float, Lane | Told | float]]) -> None:
    bucket, now_s, admitted = Bucket(rate), 0.0, 0

    for pause_s, step in taken:
        now_s += pause_s
        if isinstance(step, Lane):
            admitted += bucket.wait_s(step, now_s) == 0.0
        elif isinstance(step, Told):
            bucket.learn(step, now_s)
        else:
            bucket.close(step, now_s)

    assert admitted <= rate.burst + rate.per_s * now_s + 1e-6


@given(rates, steps, st.sampled_from(Lane))
def test_whatever_a_host_says_a_call_is_let_through_in_the_end(
    rate: Rate, taken: list[tuple[float, Lane | Told | float]], lane: Lane
) -> None:
    bucket, now_s = Bucket(rate), 0.0
    for pause_s, step in taken:
        now_s += pause_s
        if isinstance(step, Told):
            bucket.learn(step, now_s)
        elif isinstance(step, float):
            bucket.close(step, now_s)

    wait_s, started_s = bucket.wait_s(lane, now_s), now_s
    for _ in range(10):
        now_s += wait_s
        if (wait_s := bucket.wait_s(lane, now_s)) == 0.0:
            break

    assert wait_s == 0.0
    assert now_s - started_s <= PAUSE_S_MAX + (rate.burst + 1) / min(rate.per_s, LEARNED_PER_S_MIN) + 1.0


@given(rates, st.integers(1, 20), pauses)
def test_while_an_exit_waits_no_other_call_takes_its_token(rate: Rate, others: int, pause_s: float) -> None:
    bucket = Bucket(rate)
    while bucket.wait_s(Lane.EXIT, 0.0) == 0.0:
        pass

    with bucket.queued(Lane.EXIT):
        for _ in range(others):
            bucket.wait_s(Lane.NORMAL, pause_s)
        after_others = bucket.wait_s(Lane.EXIT, pause_s)
    alone = Bucket(rate)
    while alone.wait_s(Lane.EXIT, 0.0) == 0.0:
        pass

    assert after_others == alone.wait_s(Lane.EXIT, pause_s)
