"""Who gets real money, how much, and what takes it away: the machine's promises, one a test."""

from typing import Any

import msgspec
import pytest

from memesnipe.evidence.gap import Gap
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.promotion import HELD, PromotionStage, PromotionStep, PromotionTerms
from memesnipe.promotion.counting import heard
from memesnipe.promotion.machine import step, word_of
from memesnipe.promotion.values import Closed, Facts, Standing, ladder, weight_bps
from memesnipe.testing.builders import SOL, START_NS, a_fill, a_rejection

TERMS = PromotionTerms(canary_trades_min=5)
IN_BAND = Gap(pairs=40, filled=40, in_band=40, failed_max=4, enough_ns=START_NS + 3_600 * NS_PER_S)
LIVE, PAPER = Mode.LIVE, Mode.PAPER


def trades(*nets: float, mode: Mode = LIVE, first: int = 1) -> tuple[Closed, ...]:
    """Return one trade a second, each of which paid a SOL and brought so much of it."""
    times = enumerate(nets, first)
    return tuple(Closed(START_NS + place * NS_PER_S, f"trade-{place}", round(net * SOL), SOL, mode) for place, net in times)


def facts(**changes: Any) -> Facts:
    """Return facts of a strategy that lacks nothing and is on paper, where it made a profit."""
    known = Facts(
        strategy="momentum", mode=PAPER, asked=False, spec_hash="spec", code_hash="code", trades=trades(0.1, mode=PAPER),
        pnl_lamports=0, capital_lamports=SOL, gap=IN_BAND,
    )  # fmt: skip
    return msgspec.structs.replace(known, **changes)


def live(**changes: Any) -> Facts:
    return facts(**{"mode": LIVE, "asked": True, **changes})


def walked(*told: Facts, terms: PromotionTerms = TERMS, start: Standing | None = None, now_ns: int = START_NS) -> Standing:
    """Return where a strategy stands after these facts, one at a time."""
    standing = start
    for one in told:
        standing, _ = step(standing, one, now_ns, terms)
    assert standing is not None
    return standing


def canary() -> Standing:
    return walked(facts(), live())


def full() -> Standing:
    return walked(*(live(trades=trades(*[0.1] * 5 * count)) for count in (1, 2, 3)), start=canary())


def test_a_strategy_with_an_unmet_gate_stays_on_paper_and_names_it() -> None:
    standing, word = step(None, facts(unmet=("EvidencePassed", "PaperProven")), START_NS, TERMS)

    assert standing.stage is PromotionStage.PAPER
    assert word is not None
    assert word.reason == "not yet: EvidencePassed, PaperProven"


def test_one_whose_gates_all_hold_is_proposed_and_not_taken_live() -> None:
    standing, word = step(None, facts(trades=trades(0.1, 0.2, mode=PAPER)), START_NS, TERMS)

    assert standing.stage is PromotionStage.PROPOSED
    assert word is not None
    assert "set spec.mode to live" in word.reason
    assert not word.held


def test_one_that_lost_on_paper_is_not_proposed() -> None:
    standing = walked(facts(trades=trades(0.1, -0.2, mode=PAPER)))

    assert (standing.stage, standing.reason) == (PromotionStage.PAPER, "not yet: a profit on paper")


@pytest.mark.parametrize(
    ("unknown", "why"),
    [
        ({"trades": ()}, "a profit on paper: it closed no trade there with this spec and code"),
        ({"trades": trades(0.1)}, "a profit on paper: it closed no trade there with this spec and code"),
        ({"trades": None}, "closed trades that can be read: restart position_manager, which writes perf:<strategy>:pnl_history anew"),
        ({"code_hash": ""}, "code that is known: strategy_factory has not registered it, its log says why"),
    ],
    ids=["no trade", "no trade on paper", "unreadable trades", "unknown code"],
)
def test_what_nobody_can_see_of_paper_proposes_nothing_and_says_what_to_do(unknown: dict[str, Any], why: str) -> None:
    standing = walked(facts(**unknown))

    assert (standing.stage, standing.reason) == (PromotionStage.PAPER, f"not yet: {why}")


NOTHING_ASKED = msgspec.structs.replace(TERMS, paper_trades_min=0)


def test_where_a_person_asks_for_no_paper_trades_a_proposal_says_that_paper_showed_nothing() -> None:
    standing = walked(facts(trades=()), terms=NOTHING_ASKED)

    assert standing.stage is PromotionStage.PROPOSED
    assert standing.reason.startswith("every gate holds, and paper showed nothing, for paperTradesMin is 0; take it live")


@pytest.mark.parametrize("told", [{"trades": None}, {"code_hash": ""}, {"trades": trades(-0.1, mode=PAPER)}])
def test_asking_for_no_paper_trades_lets_neither_a_loss_pass_nor_what_cannot_be_read(told: dict[str, Any]) -> None:
    assert walked(facts(**told), terms=NOTHING_ASKED).stage is PromotionStage.PAPER


def test_a_proposal_is_withdrawn_when_a_gate_falls() -> None:
    assert walked(facts(), facts(unmet=("EvidencePassed",))).stage is PromotionStage.PAPER


def test_who_goes_live_begins_with_the_smallest_share() -> None:
    standing = canary()

    assert (standing.stage, standing.step, weight_bps(standing, TERMS)) == (PromotionStage.CANARY, 1, 500)


def test_one_that_is_live_before_anything_is_known_of_it_begins_with_the_smallest_share_too() -> None:
    assert weight_bps(walked(live()), TERMS) == 500


def test_the_steps_grow_by_one_factor_up_to_the_whole() -> None:
    assert ladder(TERMS) == (500, 1_357, 3_684)
    assert ladder(PromotionTerms(canary_first_bps=10_000, canary_steps=1)) == (10_000,)


def test_enough_trades_that_do_not_lose_confirm_one_step_at_a_time() -> None:
    after_each = [walked(*(live(trades=trades(*[0.1] * 5 * one)) for one in range(1, count + 1)), start=canary()) for count in (1, 2, 3)]

    assert [(one.stage, one.step) for one in after_each] == [
        (PromotionStage.CANARY, 2), (PromotionStage.CANARY, 3), (PromotionStage.FULL, 3),
    ]  # fmt: skip
    assert weight_bps(after_each[-1], TERMS) == 10_000


@pytest.mark.parametrize(
    "short",
    [
        {"trades": trades(*[0.1] * 4)},
        {"gap": None},
        {"gap": msgspec.structs.replace(IN_BAND, pairs=19, enough_ns=0)},
        {"gap": msgspec.structs.replace(IN_BAND, enough_ns=START_NS - 1)},
        {"pnl_lamports": None},
        {"trades": trades(*[0.1] * 5, mode=PAPER)},
        {"trades": tuple(msgspec.structs.replace(one, time_ns=one.time_ns - 3_600 * NS_PER_S) for one in trades(*[0.1] * 5))},
    ],
    ids=[
        "too few trades",
        "no pairs",
        "too few pairs",
        "pairs of an earlier step",
        "unknown holdings",
        "trades on paper",
        "trades of an earlier run",
    ],
)
def test_what_was_not_shown_confirms_no_step(short: dict[str, Any]) -> None:
    standing = walked(live(**{"trades": trades(*[0.1] * 5), **short}), start=canary())

    assert (standing.stage, standing.step) == (PromotionStage.CANARY, 1)


def test_a_trade_that_is_told_twice_counts_once() -> None:
    told = live(trades=trades(0.1, 0.1, 0.1))

    assert walked(told, told, told, start=canary()).run.step_trades == 3


OUT_OF_BAND = Gap(pairs=40, filled=40, in_band=20, failed_max=4)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"tripped": "five losses in a row"}, "its breaker tripped: five losses in a row"),
        ({"pnl_lamports": -SOL // 4}, "live drawdown of 2500 bps"),
        ({"trades": trades(*[-0.5] * 40)}, "live trades lose at the mean"),
        ({"gap": OUT_OF_BAND}, "20 of 40 live orders ended where the paper model says"),
        ({"gap": msgspec.structs.replace(IN_BAND, median_bps=-101)}, "live orders bring 101 bps less than paper"),
    ],
    ids=["breaker", "drawdown", "losses", "band", "median"],
)
@pytest.mark.parametrize("stage", [canary, full])
def test_an_alarm_demotes_at_once_whatever_the_stage(stage: Any, told: dict[str, Any], why: str) -> None:
    began = walked(live(), start=stage())
    later = tuple(msgspec.structs.replace(one, time_ns=one.time_ns + 60 * NS_PER_S) for one in told.get("trades", ()))

    standing, word = step(began, live(**{**told, "trades": later}), START_NS, TERMS)

    assert (standing.stage, weight_bps(standing, TERMS)) == (PromotionStage.DEMOTED, 0)
    assert word is not None
    assert word.held
    assert why in word.reason


def test_orders_that_guard_or_signer_refuse_demote_and_those_that_risk_refuses_do_not() -> None:
    sent, refused = a_fill(mode=LIVE), msgspec.structs.replace(a_rejection(reason=ReasonCode.HALTED), stage="wallet_guard")
    by_risk = a_rejection(reason=ReasonCode.HALTED)

    def after(*outcomes: Any) -> PromotionStage:
        standing = canary()
        for outcome in outcomes:
            standing = heard(standing, outcome)
        return walked(live(), start=standing).stage

    assert after(*[sent] * 9, *[refused] * 11) is PromotionStage.DEMOTED
    assert after(*[sent] * 9, *[by_risk] * 11) is PromotionStage.CANARY
    assert after(*[sent] * 8, *[refused] * 11) is PromotionStage.CANARY  # too few to speak of a share


def test_an_edge_that_dies_after_a_long_good_time_is_seen() -> None:
    good = full()
    for place in range(40):
        good = walked(live(trades=trades(*[0.2] * 25, first=100 + 25 * place)), start=good)

    died = walked(live(trades=trades(*[-0.25] * 60, first=2_000)), start=good)

    assert good.stage is PromotionStage.FULL
    assert (died.stage, died.reason.split(":")[0]) == (PromotionStage.DEMOTED, "the edge is gone")


def test_a_demoted_strategy_cools_down_and_needs_a_new_approval() -> None:
    demoted = walked(live(tripped="x"), start=canary())
    over_ns = demoted.until_ns

    still_asked = walked(facts(asked=True), start=demoted, now_ns=over_ns)
    never_withdrawn = walked(facts(asked=True), facts(asked=True), start=still_asked, now_ns=over_ns)
    withdrawn = walked(facts(), start=never_withdrawn, now_ns=over_ns)

    assert still_asked.stage is never_withdrawn.stage is PromotionStage.COOL_DOWN
    assert "set spec.mode to paper, then to live" in never_withdrawn.reason
    assert withdrawn.stage is PromotionStage.PAPER


def test_a_withdrawal_during_the_cool_down_counts_and_does_not_shorten_it() -> None:
    demoted = walked(live(tripped="x"), start=canary())
    cooling = walked(facts(), facts(), start=demoted, now_ns=demoted.until_ns - 1)

    after = walked(facts(asked=True), start=cooling, now_ns=demoted.until_ns)

    assert cooling.stage is PromotionStage.COOL_DOWN
    assert after.stage is PromotionStage.PAPER


def test_what_paper_showed_before_a_demotion_proposes_nothing_after_it() -> None:
    demoted = walked(live(tripped="x"), start=canary(), now_ns=START_NS + 1_000 * NS_PER_S)
    cold = walked(facts(), facts(), start=demoted, now_ns=demoted.until_ns)

    before = walked(facts(trades=trades(*[0.1] * 50, mode=PAPER)), start=cold)
    since = walked(facts(trades=trades(*[0.1] * 5, mode=PAPER, first=2_000)), start=cold)

    assert (before.stage, before.reason) == (PromotionStage.PAPER, "not yet: 5 trades on paper since it was demoted")
    assert since.stage is PromotionStage.PROPOSED


def test_each_demotion_of_a_spec_doubles_the_cool_down() -> None:
    standing, lasted_s = canary(), []
    now_ns = START_NS
    for _ in range(8):
        standing = walked(live(tripped="x"), start=standing, now_ns=now_ns)
        lasted_s.append((standing.until_ns - now_ns) // NS_PER_S)
        now_ns = standing.until_ns
        standing = walked(facts(), facts(), live(), start=standing, now_ns=now_ns)

    assert lasted_s == [86_400 * factor for factor in (1, 2, 4, 8, 16, 32, 64, 64)]


def test_another_spec_that_is_live_begins_anew() -> None:
    standing = walked(live(spec_hash="another"), start=full())

    assert (standing.stage, standing.step, standing.demotions) == (PromotionStage.CANARY, 1, 0)


def test_other_code_that_is_live_begins_anew_and_says_why() -> None:
    standing, word = step(full(), live(code_hash="other"), START_NS, TERMS)

    assert (standing.stage, standing.step, standing.run.step_trades) == (PromotionStage.CANARY, 1, 0)
    assert word is not None
    assert (word.code_hash, word.reason) == ("other", "canary step 1 of 3: 500 bps of its share, for it runs other code now")


def test_other_code_shows_a_profit_of_its_own_before_it_is_proposed() -> None:
    later_ns = START_NS + 60 * NS_PER_S
    before, since = trades(0.1, mode=PAPER), trades(0.1, mode=PAPER, first=61)

    changed = walked(facts(code_hash="other", trades=before), start=walked(facts()), now_ns=later_ns)
    shown = walked(facts(code_hash="other", trades=(*before, *since)), start=changed, now_ns=later_ns)

    assert (changed.stage, shown.stage) == (PromotionStage.PAPER, PromotionStage.PROPOSED)


def test_code_that_was_only_unknown_when_it_was_demoted_is_not_forgiven() -> None:
    demoted = Standing(spec_hash="spec", demotions=4, demoted_ns=START_NS)
    told = [facts(trades=trades(0.1, mode=PAPER, first=place)) for place in (1, 2)]

    same, other = walked(*told, start=demoted), walked(*told, start=msgspec.structs.replace(demoted, code_hash="before"))

    assert (same.stage, same.demotions, same.demoted_ns) == (PromotionStage.PAPER, 4, START_NS)
    assert (other.stage, other.demotions) == (PromotionStage.PROPOSED, 0)


def test_code_that_nobody_names_for_a_moment_on_paper_is_waited_for() -> None:
    told = [facts(unmet=("EvidencePassed",), code_hash=""), facts(), live()]

    assert walked(*told, start=full()).step == 3


@pytest.mark.parametrize("unseen", [{"code_hash": ""}, {"trades": None}], ids=["unknown code", "unreadable trades"])
@pytest.mark.parametrize("stage", [canary, full])
def test_a_live_strategy_whose_results_cannot_be_judged_has_the_smallest_share_until_they_can_be(
    stage: Any, unseen: dict[str, Any]
) -> None:
    began = stage()

    blind = [walked(*[live(**unseen)] * count, start=began) for count in (1, 2, 3)]
    seen = walked(live(trades=trades(*[0.1] * 4, first=50)), start=blind[-1])

    assert [(one.stage, one.step, one.version) for one in blind] == [(PromotionStage.CANARY, 1, began.version + 1)] * 3
    assert "strategy_factory" in blind[0].reason or "position_manager" in blind[0].reason
    assert (seen.step, "without" in seen.reason) == (1, False)


def test_a_memory_from_before_codes_were_told_is_not_taken_for_the_code_that_runs() -> None:
    of_old = msgspec.structs.replace(full(), code_hash="")

    assert [walked(*[live()] * count, start=of_old).step for count in (1, 2)] == [1, 1]


def test_who_is_taken_back_and_live_again_goes_on_at_the_last_step_of_the_canary() -> None:
    standing = walked(facts(), facts(), live(), start=full())

    assert (standing.stage, standing.step, standing.run.step_trades) == (PromotionStage.CANARY, 3, 0)


def test_a_machine_that_lost_everything_takes_over_the_cool_down_that_control_kept() -> None:
    standing, word = step(None, facts(asked=True, until_ns=START_NS + 60 * NS_PER_S), START_NS, TERMS)

    assert standing.stage is PromotionStage.COOL_DOWN
    assert word is not None
    assert word.held
    assert word.until_ns == START_NS + 60 * NS_PER_S


@pytest.mark.parametrize("stage", [canary, full])
def test_a_memory_that_fell_back_to_before_a_demotion_does_not_undo_it(stage: Any) -> None:
    until_ns = START_NS + 60 * NS_PER_S

    standing, word = step(stage(), facts(asked=True, until_ns=until_ns), START_NS, TERMS)
    later = walked(facts(asked=True), facts(asked=True), start=standing, now_ns=until_ns)

    assert (standing.stage, standing.until_ns, standing.step) == (PromotionStage.COOL_DOWN, until_ns, 0)
    assert word is not None
    assert word.held
    assert later.stage is PromotionStage.COOL_DOWN


@pytest.mark.parametrize("spec_hash", ["spec", "another"])
def test_a_cool_down_that_is_over_does_not_begin_again_while_control_still_tells_of_it(spec_hash: str) -> None:
    demoted = walked(live(tripped="x"), start=canary())
    told = facts(until_ns=demoted.until_ns)
    over = walked(told, told, start=demoted, now_ns=demoted.until_ns)

    standing = walked(*[facts(until_ns=demoted.until_ns, spec_hash=spec_hash)] * 2, start=over, now_ns=demoted.until_ns)

    assert standing.stage not in HELD


@pytest.mark.parametrize("told", [live(), facts(unmet=("EvidencePassed",))], ids=["on the first step", "on paper"])
def test_another_spec_is_a_word_of_its_own_even_where_it_stands_the_same(told: Facts) -> None:
    before = walked(told)

    after, word = step(before, msgspec.structs.replace(told, spec_hash="another"), START_NS + 1, TERMS)

    assert word is not None
    assert (word.spec_hash, word.time_ns, word.version) == ("another", START_NS + 1, before.version + 1)
    assert word_of("momentum", after, TERMS) == word


def test_nothing_new_is_not_said_again() -> None:
    standing, first = step(None, facts(), START_NS, TERMS)

    again, second = step(standing, facts(), START_NS + 1, TERMS)

    assert isinstance(first, PromotionStep)
    assert (again, second) == (standing, None)


def test_the_same_facts_make_the_same_word() -> None:
    words = [step(None, live(), START_NS, TERMS)[1] for _ in range(2)]

    assert words[0] == words[1]
