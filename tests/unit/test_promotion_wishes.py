"""What the allocator would have the manifests say, and what capital it gives meanwhile."""

import msgspec
import pytest

from memesnipe.allocator.carrying_out import wanted
from memesnipe.allocator.decide import decide
from memesnipe.allocator.promoting import caps_of, words_of
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import ConfigApplied
from memesnipe.messages.promotion import PromotionStage, PromotionTerms
from memesnipe.promotion.values import Standing
from memesnipe.testing.builders import SPEC_HASH, START_NS, a_config, a_strategy

TERMS = PromotionTerms()


def a_mainnet(*, mode: Mode = Mode.LIVE, asked: bool = True) -> ConfigApplied:
    return msgspec.structs.replace(a_config(a_strategy("momentum", mode=mode, asked=asked)), promotion=TERMS)


def standing(stage: PromotionStage, step: int = 1) -> dict[str, Standing]:
    return {"momentum": Standing(stage, step, version=1, since_ns=START_NS, said_ns=START_NS)}


@pytest.mark.parametrize(
    ("stage", "asked", "wishes"),
    [
        (PromotionStage.PROPOSED, False, {"momentum": Mode.LIVE}),
        (PromotionStage.PROPOSED, True, {}),
        (PromotionStage.PAPER, False, {}),
        (PromotionStage.FULL, True, {}),
        (PromotionStage.DEMOTED, True, {"momentum": None}),
        (PromotionStage.COOL_DOWN, True, {"momentum": None}),
        (PromotionStage.COOL_DOWN, False, {}),
    ],
)
def test_only_a_proposal_is_to_go_live_and_only_a_demotion_is_to_go_back(
    stage: PromotionStage, asked: bool, wishes: dict[str, Mode | None]
) -> None:
    assert wanted(standing(stage), a_mainnet(asked=asked)) == wishes


@pytest.mark.parametrize(
    ("stage", "caps"),
    [
        (PromotionStage.PAPER, {"momentum": 500}),
        (PromotionStage.CANARY, {"momentum": 500}),
        (PromotionStage.FULL, {"momentum": 10_000}),
        (PromotionStage.DEMOTED, {"momentum": 0}),
        (PromotionStage.COOL_DOWN, {"momentum": 0}),
    ],
)
def test_what_is_live_gets_its_stages_part_of_its_share(stage: PromotionStage, caps: dict[str, int]) -> None:
    assert caps_of(standing(stage), a_mainnet()) == caps


def test_one_that_is_live_and_unknown_gets_the_first_step() -> None:
    assert caps_of({}, a_mainnet()) == {"momentum": 500}


def test_what_trades_on_paper_or_on_another_chain_keeps_its_share() -> None:
    assert caps_of(standing(PromotionStage.COOL_DOWN), a_mainnet(mode=Mode.PAPER)) == {}
    assert caps_of(standing(PromotionStage.CANARY), msgspec.structs.replace(a_mainnet(), promotion=None)) == {}


def test_a_word_is_made_again_from_its_standing_alone() -> None:
    words = [words_of(standing(PromotionStage.CANARY, 2), TERMS) for _ in range(2)]

    assert words[0] == words[1]
    assert (words[0][0].step, words[0][0].weight_bps) == (2, 1_357)


def test_going_live_makes_a_decision_of_its_own_and_marks_the_share() -> None:
    paper = decide(None, a_mainnet(mode=Mode.PAPER), START_NS)
    live = a_mainnet()

    for stage in (PromotionStage.CANARY, PromotionStage.FULL):
        decision = decide(paper, live, START_NS, caps_of(standing(stage), live))

        assert decision is not None
        assert [share.live_spec for share in decision.shares] == [SPEC_HASH]


def test_another_spec_at_the_same_cap_is_a_decision_of_its_own() -> None:
    before = a_mainnet()
    caps = caps_of(standing(PromotionStage.FULL), before)
    other = msgspec.structs.replace(before.strategies[0], spec_hash="an0ther")

    decision = decide(decide(None, before, START_NS, caps), msgspec.structs.replace(before, strategies=(other,)), START_NS, caps)

    assert decision is not None
    assert [share.live_spec for share in decision.shares] == ["an0ther"]


def test_other_code_at_the_same_cap_is_a_decision_of_its_own() -> None:
    before = a_mainnet()
    caps = caps_of(standing(PromotionStage.FULL), before)
    other = msgspec.structs.replace(before.strategies[0], code_hash="c0de")

    decision = decide(decide(None, before, START_NS, caps), msgspec.structs.replace(before, strategies=(other,)), START_NS, caps)

    assert decision is not None
    assert [share.live_code for share in decision.shares] == ["c0de"]
