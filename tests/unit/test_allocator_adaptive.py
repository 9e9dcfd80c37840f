"""A decision by results: what it depends on, and that the same question always has the same answer."""

import json

import msgspec
import numpy as np
import pytest

from memesnipe.allocator.adaptive import Question, changes, decided, question_of, subject_of, terms_of
from memesnipe.allocator.decide import decide
from memesnipe.allocator.history import closed_of, condensed, records_of, standings_of, terms_within
from memesnipe.allocator.weighing.returns import table
from memesnipe.allocator.weighing.values import Closed, Record, Standing, Terms
from memesnipe.control.applied import assembled
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput, Bug
from memesnipe.manifests.models import AllocationSpec, RiskPolicySpec
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import AllocationDecision, ConfigApplied, HeldAccount, RiskBase, Weighing
from memesnipe.testing.builders import SOL, START_NS, a_config, a_strategy, limits

DAY_NS = 86_400 * NS_PER_S
DAILY = Weighing(86_400, 86_400, 200, 2_500, 100)
TWO = (a_strategy("alpha"), a_strategy("beta"))
MODES = {"alpha": Mode.PAPER, "beta": Mode.LIVE}


def weighing(config: ConfigApplied, weighing: Weighing | None = DAILY) -> ConfigApplied:
    return msgspec.structs.replace(config, weighing=weighing)


def first(config: ConfigApplied) -> AllocationDecision:
    decision = decide(None, config, START_NS)
    assert decision is not None
    return decision


def asked(config: ConfigApplied, *records: Record) -> Question:
    return question_of(None, config, records, (), START_NS)


def test_a_start_without_history_gives_everybody_the_same_and_says_why() -> None:
    decision = decided(asked(weighing(a_config(*TWO)), Record("alpha"), Record("beta")), 1)

    assert [share.weight_bps for share in decision.shares] == [5_000, 5_000]
    assert (decision.method, decision.version) == ("equal_weight", 1)
    assert "equal weight" in decision.reason


def test_a_paused_strategy_gets_nothing() -> None:
    decision = decided(asked(weighing(a_config(TWO[0], a_strategy("beta", paused=True))), Record("alpha")), 1)

    assert {share.strategy: share.weight_bps for share in decision.shares} == {"alpha": 10_000, "beta": 0}


def test_the_same_question_has_the_same_answer() -> None:
    question = asked(weighing(a_config(*TWO)), Record("alpha", (Closed(1, 5),)), Record("beta"))

    assert decided(question, 7) == decided(question, 7)


def test_one_more_closed_trade_is_another_question() -> None:
    config = weighing(a_config(*TWO))

    one, two = (Record("alpha", tuple(Closed(START_NS - DAY_NS * day, 5) for day in range(2, last))) for last in (3, 4))
    assert asked(config, one).digest() != asked(config, two).digest()


def test_a_config_that_does_not_ask_for_it_is_never_weighed() -> None:
    with pytest.raises(Bug):
        asked(a_config(*TWO))


def test_a_decision_that_moves_no_capital_is_no_news() -> None:
    config = weighing(a_config(*TWO))
    decision = decided(asked(config, Record("alpha"), Record("beta")), 2)

    assert changes(None, decision)
    assert not changes(first(config), decision)
    assert changes(first(a_config(*TWO, capital_lamports=SOL)), decision)


def test_a_result_is_seen_with_the_capital_that_the_decisions_gave() -> None:
    early = first(a_config(*TWO, capital_lamports=2 * SOL))
    later = msgspec.structs.replace(first(a_config(*TWO, capital_lamports=4 * SOL)), version=2, time_ns=START_NS + 5)

    (record,) = records_of({"alpha": (Closed(1, 5),)}, MODES, [early, later])

    assert record.capital == ((START_NS, SOL), (START_NS + 5, 2 * SOL))


def test_a_decision_that_is_told_again_out_of_turn_changes_no_result() -> None:
    early = first(a_config(*TWO, capital_lamports=2 * SOL))
    later = msgspec.structs.replace(first(a_config(*TWO, capital_lamports=4 * SOL)), version=2, time_ns=START_NS + 5)

    assert records_of({"alpha": ()}, MODES, [early, later, early, later]) == records_of({"alpha": ()}, MODES, [early, later])


@pytest.mark.parametrize(
    "changed",
    [
        a_config(*TWO, capital_lamports=SOL),
        a_config(TWO[0], a_strategy("beta", paused=True)),
        a_config(TWO[0]),
        msgspec.structs.replace(a_config(*TWO), strategies=(TWO[0], msgspec.structs.replace(TWO[1], mode=Mode.LIVE))),
        msgspec.structs.replace(a_config(*TWO), weighing=Weighing(floor_bps=100)),
    ],
)
def test_another_capital_strategy_pause_mode_or_term_is_a_reason_to_weigh_anew(changed: ConfigApplied) -> None:
    assert subject_of(changed) != subject_of(a_config(*TWO))


def test_another_version_or_limit_is_none() -> None:
    config = msgspec.structs.replace(a_config(*TWO, limits=limits(slippage_bps_max=77)), version=9, time_ns=START_NS + 9)

    assert subject_of(config) == subject_of(a_config(*TWO))


def test_each_modes_equity_counts_its_own_results_in_the_order_they_were_closed() -> None:
    records = [
        Record("alpha", (Closed(1, 30), Closed(3, -50))),
        Record("beta", (Closed(2, 20),)),
        Record("gamma", (Closed(2, -60),), mode=Mode.LIVE),
    ]

    assert standings_of(records, 100, ()) == {Mode.PAPER: Standing(100, 150), Mode.LIVE: Standing(40, 100)}


def test_equity_counts_what_was_lost_before_the_history_that_is_kept_begins() -> None:
    accounts = [HeldAccount("alpha", Mode.LIVE, -40, (), ()), HeldAccount("gone", Mode.LIVE, -10, (), ())]

    standing = standings_of([Record("alpha", (Closed(1, 5),), mode=Mode.LIVE)], 100, accounts)[Mode.LIVE]

    assert standing == Standing(50, 100)


def a_traded_record(seed: int) -> Record:
    draw = np.random.default_rng(seed)
    times = np.sort(START_NS - draw.integers(0, 40 * DAY_NS, 400))
    capital = tuple((START_NS - int(day) * DAY_NS - 77, SOL + int(day)) for day in (30, 20, 20.5, 3))
    return Record("alpha", tuple(Closed(int(t), int(net)) for t, net in zip(times, draw.integers(-SOL, SOL, 400), strict=True)), capital)


@pytest.mark.parametrize("seed", range(5))
def test_summing_results_up_by_period_changes_no_return(seed: int) -> None:
    record, terms = a_traded_record(seed), Terms(periods_max=25)

    short = condensed(record, terms, START_NS)

    assert len(short.closed) <= 30
    assert table([short], terms, START_NS) == pytest.approx(table([record], terms, START_NS), nan_ok=True, abs=1e-12)


def test_with_many_strategies_fewer_periods_are_looked_at() -> None:
    assert [terms_within(Terms(), number).periods_max for number in (0, 1, 100, 200, 1_000)] == [365, 365, 365, 200, 40]


def test_a_history_that_cannot_be_read_is_bad_input_and_names_its_strategy() -> None:
    with pytest.raises(BadInput, match="alpha"):
        closed_of("alpha", [b'{"time_ns": 1}'])


def test_a_history_is_read_oldest_first() -> None:
    values = [json.dumps({"time_ns": time_ns, "net_lamports": 1, "intent_id": "i"}).encode() for time_ns in (2, 1)]

    assert [trade.time_ns for trade in closed_of("alpha", values)] == [1, 2]


def test_an_allocation_that_asks_for_results_reaches_the_allocator_and_another_does_not() -> None:
    asks, asks_not = (a_spec(method) for method in ("adaptive", "equal"))

    assert assembled((), asks, RiskPolicySpec(), version=1, time_ns=START_NS, genesis="").weighing == Weighing()
    assert assembled((), asks_not, RiskPolicySpec(), version=1, time_ns=START_NS, genesis="").weighing is None


def test_the_base_that_an_allocation_names_reaches_the_weighing() -> None:
    named = assembled((), a_spec("adaptive", base="risk_parity"), RiskPolicySpec(), version=1, time_ns=START_NS, genesis="").weighing

    assert named is not None
    assert terms_of(named).base is RiskBase.RISK_PARITY


def a_spec(method: str, **weighing: str) -> AllocationSpec:
    return AllocationSpec.model_validate({"capitalSol": 1, "method": method, "weighing": weighing})


def test_a_review_that_learnt_nothing_moves_no_weight() -> None:
    earned = tuple(Closed(START_NS - day * DAY_NS, SOL // 100 * (1 + day % 3)) for day in range(60, 0, -1))
    known = [Record(name, earned, ((START_NS - 60 * DAY_NS, SOL),)) for name in ("alpha", "beta")]
    question = asked(weighing(a_config(*TWO)), *known)

    later = msgspec.structs.replace(question, now_ns=question.now_ns + 1)

    assert question.digest() != later.digest()
    assert [share.weight_bps for share in decided(later, 2).shares] == [share.weight_bps for share in decided(question, 1).shares]
