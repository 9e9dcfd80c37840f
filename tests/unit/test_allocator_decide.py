"""The allocator's decision: who gets how much, and when there is a new decision at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memesnipe.allocator import book as books
from memesnipe.allocator.book import Book
from memesnipe.allocator.decide import decide
from memesnipe.kernel.errors import BadInput
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import AllocationDecision, ConfigApplied
from memesnipe.testing.builders import SOL, START_NS, a_config, a_fill, a_rejection, a_strategy

THREE = (a_strategy("alpha"), a_strategy("beta"), a_strategy("gamma"))


def decided(config: ConfigApplied, last: AllocationDecision | None = None) -> AllocationDecision:
    decision = decide(last, config, START_NS)
    assert decision is not None
    return decision


def weights(decision: AllocationDecision) -> dict[str, int]:
    return {share.strategy: share.weight_bps for share in decision.shares}


def test_capital_is_split_equally_to_the_last_bps() -> None:
    assert weights(decided(a_config(*THREE))) == {"alpha": 3_334, "beta": 3_333, "gamma": 3_333}


def test_a_paused_strategy_gets_nothing_and_the_others_its_share() -> None:
    assert weights(decided(a_config(THREE[0], THREE[1], a_strategy("gamma", paused=True)))) == {"alpha": 5_000, "beta": 5_000, "gamma": 0}


def test_applied_weights_are_used_as_they_are() -> None:
    assert weights(decided(a_config(*THREE, weights_bps=(100, 200, 300)))) == {"alpha": 100, "beta": 200, "gamma": 300}


def test_the_share_of_a_paused_strategy_with_applied_weights_stays_in_cash() -> None:
    config = a_config(a_strategy("alpha", paused=True), a_strategy("beta"), weights_bps=(6_000, 4_000))

    assert weights(decided(config)) == {"alpha": 0, "beta": 4_000}


def test_without_any_strategy_to_fund_nothing_is_given() -> None:
    assert weights(decided(a_config(a_strategy("alpha", paused=True)))) == {"alpha": 0}


@pytest.mark.parametrize("given_bps", [(1,), (1, 2, 3, 4), (5_000, 5_000, 1)])
def test_weights_that_do_not_fit_are_bad_input(given_bps: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match="weights_bps"):
        decide(None, a_config(*THREE, weights_bps=given_bps), START_NS)


def test_the_same_inputs_make_no_new_decision() -> None:
    config = a_config(*THREE)

    assert decide(decided(config), a_config(*THREE, version=2), START_NS) is None


def test_going_back_to_earlier_inputs_is_a_new_decision() -> None:
    first = decided(a_config(*THREE))
    second = decided(a_config(*THREE, capital_lamports=SOL), first)

    third = decided(a_config(*THREE), second)

    assert (third.version, third.inputs_hash) == (3, first.inputs_hash)


def test_a_decision_replays_to_the_same_record() -> None:
    assert decided(a_config(*THREE)) == decided(a_config(*THREE))


def test_a_decision_is_never_older_than_its_config() -> None:
    decision = decide(None, a_config(*THREE), 0)

    assert decision is not None
    assert decision.time_ns == START_NS


@given(capital=st.integers(0, 2**63 - 1), paused=st.lists(st.booleans(), min_size=1, max_size=40))
def test_no_more_is_given_than_there_is(capital: int, paused: list[bool]) -> None:
    config = a_config(*(a_strategy(f"s{n}", paused=one) for n, one in enumerate(paused)), capital_lamports=capital)

    decision = decided(config)

    assert sum(share.capital_lamports for share in decision.shares) <= capital
    assert sum(share.weight_bps for share in decision.shares) in (0, 10_000)


def test_results_on_paper_and_live_are_kept_apart() -> None:
    book = Book().after("alpha", a_fill(sol_delta_lamports=-SOL, mode=Mode.LIVE)).after("alpha", a_fill(sol_delta_lamports=5))

    assert (book.live["alpha"].net_lamports, book.paper["alpha"].net_lamports) == (-SOL, 5)


def test_results_survive_being_stored() -> None:
    book = Book().after("alpha", a_fill()).after("beta", a_rejection())

    assert books.decode(books.encode(book)) == book
