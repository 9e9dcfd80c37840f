"""How weights come from results: what is proven gets more, what is new gets a little, and a fall makes everything smaller."""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from skfolio.moments import LedoitWolf

from memesnipe.allocator.weighing import base as equal_risk
from memesnipe.allocator.weighing.base import shares_at_equal_risk
from memesnipe.allocator.weighing.explore import belief, shares_by_odds
from memesnipe.allocator.weighing.returns import Floats, table
from memesnipe.allocator.weighing.size import exposure, sized
from memesnipe.allocator.weighing.values import Closed, Record, Standing, Terms, Weighed
from memesnipe.allocator.weighing.weigh import Account, weigh
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import RiskBase

DAY_NS = 86_400 * NS_PER_S
CAPITAL = 10**9
TERMS = Terms()
NOBODY = Account({Mode.PAPER: Standing(CAPITAL, CAPITAL)}, {})


def a_record(name: str, returns: Floats, first_day: int = 0) -> Record:
    closed = tuple(Closed((first_day + day) * DAY_NS + 1, round(float(value) * CAPITAL)) for day, value in enumerate(returns))
    return Record(name, closed, ((first_day * DAY_NS, CAPITAL),))


def noise(seed: int, days: int = 90, mean: float = 0.0, deviation: float = 0.02) -> Floats:
    drawn = np.random.default_rng(seed).standard_normal(days)
    shaped: Floats = mean + deviation * (drawn - drawn.mean()) / drawn.std()
    return shaped


def weighed(*records: Record, account: Account = NOBODY, days: int = 90) -> Weighed:
    return weigh(records, account, TERMS, seed=1, now_ns=days * DAY_NS)


@pytest.mark.parametrize("number", [1, 2, 200])
def test_without_history_weights_are_equal_and_say_so(number: int) -> None:
    found = weighed(*(Record(f"s{place}") for place in range(number)))

    assert found.method == "equal_weight"
    assert "equal weight" in found.reason
    assert set(found.weights_bps.values()) == {10_000 // number}


@pytest.mark.parametrize("number", [1, 2, 200])
def test_any_number_of_strategies_with_a_record_is_weighed(number: int) -> None:
    found = weighed(*(a_record(f"s{place}", noise(place, days=60, mean=0.004)) for place in range(number)), days=60)

    assert found.method == "adaptive"
    assert 0 < sum(found.weights_bps.values()) <= 10_000


def test_a_proven_edge_gets_more_than_a_proven_loser_and_the_loser_keeps_the_floor() -> None:
    found = weighed(a_record("good", noise(1, mean=0.006)), a_record("bad", noise(2, mean=-0.006)), a_record("flat", noise(3)))

    assert found.weights_bps["good"] > 3 * found.weights_bps["bad"]
    assert found.weights_bps["bad"] == 200


def test_a_new_strategy_enters_at_the_floor_once_another_is_proven() -> None:
    found = weighed(a_record("old", noise(1, mean=0.006)), a_record("new", noise(2, days=5, mean=0.05), first_day=85))

    assert found.weights_bps["new"] == 200
    assert found.weights_bps["old"] > 1_000


def test_what_lost_its_edge_long_ago_is_left_for_what_earns_now() -> None:
    faded = np.concatenate([noise(1, days=60, mean=0.008), noise(2, days=60, mean=-0.004)])
    rising = np.concatenate([noise(3, days=60, mean=-0.004), noise(4, days=60, mean=0.008)])

    found = weighed(a_record("faded", faded), a_record("rising", rising), days=120)

    assert found.weights_bps["rising"] > 2 * found.weights_bps["faded"]


def test_the_same_inputs_give_the_same_weights_in_whatever_order_they_come() -> None:
    records = [a_record(name, noise(place, mean=0.003)) for place, name in enumerate("abcde")]

    assert weighed(*records) == weighed(*reversed(records))


@pytest.mark.parametrize(("equity", "expected"), [(1.0, 1.0), (0.875, 0.5), (0.75, 0.0), (0.5, 0.0), (0.0, 0.0), (float("nan"), 0.0)])
def test_exposure_goes_to_nothing_at_the_deepest_fall_that_is_allowed(equity: float, expected: float) -> None:
    assert exposure(equity, 1.0, TERMS) == pytest.approx(expected)


def test_a_fall_makes_every_weight_smaller() -> None:
    records = [a_record(name, noise(place, mean=0.005)) for place, name in enumerate("ab")]
    fallen = Account({Mode.PAPER: Standing(CAPITAL * 9 // 10, CAPITAL)}, {})

    assert sum(weighed(*records, account=fallen).weights_bps.values()) == pytest.approx(
        0.6 * sum(weighed(*records).weights_bps.values()), abs=3
    )


def test_a_fall_on_paper_takes_nothing_from_what_is_live_and_a_live_fall_is_not_hidden_by_paper() -> None:
    paper = a_record("paper", noise(1, mean=0.005))
    live = msgspec.structs.replace(a_record("live", noise(2, mean=0.005)), mode=Mode.LIVE)
    even, fallen = Standing(CAPITAL, CAPITAL), Standing(CAPITAL * 3 // 4, CAPITAL)

    paper_fell = weighed(paper, live, account=Account({Mode.PAPER: fallen, Mode.LIVE: even}, {})).weights_bps
    live_fell = weighed(paper, live, account=Account({Mode.PAPER: even, Mode.LIVE: fallen}, {})).weights_bps

    assert (paper_fell["paper"], live_fell["live"]) == (0, 0)
    assert min(paper_fell["live"], live_fell["paper"]) > 1_000


def test_a_capped_strategy_gets_that_part_of_its_share_review_after_review() -> None:
    records = [a_record(name, noise(place, mean=0.005)) for place, name in enumerate("ab")]
    whole = weighed(*records).weights_bps
    account = msgspec.structs.replace(NOBODY, caps_bps={"a": 1_000})

    first = weighed(*records, account=account).weights_bps
    second = weighed(*records, account=msgspec.structs.replace(account, weights_bps=first)).weights_bps

    assert first == second == {"a": whole["a"] // 10, "b": whole["b"]}


def test_risk_parity_gives_each_strategy_the_same_part_of_the_variance() -> None:
    common = noise(9, deviation=0.02)
    returns = np.column_stack([common + noise(1, deviation=0.01), common + noise(2, deviation=0.02), noise(3, deviation=0.03)])

    shares = shares_at_equal_risk(returns, RiskBase.RISK_PARITY)

    parts = shares * (LedoitWolf().fit(returns).covariance_ @ shares)
    assert parts / parts.sum() == pytest.approx([1 / 3] * 3, abs=0.01)


def test_a_weight_is_not_raised_where_the_gain_would_not_pay_for_the_move() -> None:
    record = a_record("weak", noise(1, mean=0.0004))
    held = msgspec.structs.replace(NOBODY, weights_bps={"weak": 300})

    assert weighed(record, account=held).weights_bps["weak"] <= 300


@pytest.mark.parametrize("base", RiskBase)
def test_equal_risk_gives_the_wilder_strategy_less(base: RiskBase) -> None:
    returns = np.column_stack([noise(1, deviation=0.01), noise(2, deviation=0.05), noise(3, deviation=0.01)])

    shares = shares_at_equal_risk(returns, base)

    assert shares.sum() == pytest.approx(1.0)
    assert shares[1] < min(shares[0], shares[2])


@pytest.mark.parametrize("base", RiskBase)
def test_a_strategy_that_did_nothing_is_not_taken_for_a_safe_one(base: RiskBase) -> None:
    returns = np.column_stack([noise(1), noise(2), np.zeros(90)])

    assert shares_at_equal_risk(returns, base)[2] == pytest.approx(1 / 3)


def test_odds_leave_capital_in_cash_where_nothing_seems_to_earn() -> None:
    losing = np.column_stack([noise(1, mean=-0.02), noise(2, mean=-0.02)])

    assert shares_by_odds(belief(losing, TERMS), TERMS, seed=1).sum() < 0.1


def test_bets_keep_the_odds_of_ruin_whatever_the_limits() -> None:
    wild = np.column_stack([noise(1, mean=0.05, deviation=0.3)])

    bets = sized(np.clip(wild, -0.95, None), np.array([1.0]), belief(wild, TERMS), TERMS)

    moved = np.clip(wild, -0.95, None)
    grown = 1.0 + (moved - moved.mean(axis=0) + belief(wild, TERMS).mean) @ bets
    assert float(np.mean(grown ** -(np.log(TERMS.ruin_odds) / np.log(TERMS.ruin_level)))) <= 1.0 + 1e-5
    assert 0.0 < bets[0] < 1.0


def test_a_trade_counts_by_the_capital_of_its_own_time() -> None:
    record = Record("s", (Closed(1, 100), Closed(DAY_NS + 1, 100)), ((0, 1_000), (DAY_NS, 2_000)))

    assert table([record], TERMS, 2 * DAY_NS)[:, 0].tolist() == [0.1, 0.05]


def test_the_period_that_is_not_over_is_not_counted() -> None:
    record = Record("s", (Closed(2 * DAY_NS + 1, 100),), ((0, 1_000),))

    assert table([record], TERMS, 2 * DAY_NS + 2)[:, 0].tolist() == [0.0, 0.0]


def test_a_solver_that_gives_up_once_is_asked_again_and_one_that_gives_up_twice_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    returns = np.random.default_rng(3).normal(0.0, 0.02, (60, 3))
    expected, given_up, fit = shares_at_equal_risk(returns, RiskBase.HRP), list[int](), equal_risk._fitted

    def gives_up(times: int) -> Callable[..., Any]:
        given_up.clear()

        def fitted(*asked: Any) -> Any:
            given_up.append(1)
            if len(given_up) <= times:
                raise np.linalg.LinAlgError("Eigenvalues did not converge")
            return fit(*asked)

        return fitted

    monkeypatch.setattr(equal_risk, "_fitted", gives_up(1))
    assert shares_at_equal_risk(returns, RiskBase.HRP) == pytest.approx(expected)
    monkeypatch.setattr(equal_risk, "_fitted", gives_up(2))
    with pytest.raises(np.linalg.LinAlgError):
        shares_at_equal_risk(returns, RiskBase.HRP)
