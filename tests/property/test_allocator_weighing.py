"""Whatever the results were: no weight is negative, no more than the whole is given, and the same inputs give the same weights."""

from hypothesis import given
from hypothesis import strategies as st

from memesnipe.allocator.weighing.values import Closed, Record, Standing, Terms
from memesnipe.allocator.weighing.weigh import Account, weigh
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import RiskBase
from memesnipe.testing.exploring import explored

DAY_NS = 86_400 * NS_PER_S
SOL = 10**9
NOW_NS = 40 * DAY_NS
TERMS = [Terms(periods_min=3, trades_min=3, base=base) for base in RiskBase]


def a_history(name: str) -> st.SearchStrategy[Record]:
    trade = st.builds(Closed, st.integers(0, NOW_NS), st.integers(-(2**62), 2**62) | st.integers(-SOL, SOL))
    capital = st.lists(st.tuples(st.integers(0, NOW_NS), st.integers(0, 100 * SOL)), max_size=3).map(lambda found: tuple(sorted(found)))
    trades = st.lists(trade, max_size=30).map(lambda found: tuple(sorted(found, key=lambda one: one.time_ns)))
    return st.builds(Record, st.just(name), trades, capital, st.sampled_from(Mode))


HISTORIES = st.integers(0, 5).flatmap(lambda number: st.tuples(*(a_history(f"s{place}") for place in range(number))))
STANDINGS = st.builds(Standing, st.integers(-(2**62), 2**62), st.integers(-(2**62), 2**62))
ACCOUNTS = st.builds(
    Account,
    st.fixed_dictionaries(dict.fromkeys(Mode, STANDINGS)),
    st.dictionaries(st.sampled_from(["s0", "s1", "s2", "gone"]), st.integers(0, 10_000)),
)


@explored(100)
@given(HISTORIES, ACCOUNTS, st.sampled_from(TERMS), st.integers(0, 2**32 - 1))
def test_weights_are_never_negative_never_more_than_the_whole_and_always_the_same(
    records: tuple[Record, ...], account: Account, terms: Terms, seed: int
) -> None:
    found = weigh(records, account, terms, seed=seed, now_ns=NOW_NS)

    assert set(found.weights_bps) == {record.strategy for record in records}
    assert all(weight >= 0 for weight in found.weights_bps.values())
    assert sum(found.weights_bps.values()) <= 10_000
    assert found == weigh(records, account, terms, seed=seed, now_ns=NOW_NS)
