"""Planted edges on a virtual clock, through the services' own decisions: one gets its whole share by results, one that dies loses it."""

from itertools import groupby
from pathlib import Path

import pytest

from memesnipe.messages.bounds import Mode
from memesnipe.messages.promotion import PromotionStage
from memesnipe.testing.promotion.__main__ import DIES, LIVES, PICTURES, WAY_SEED, WAY_TRADES, measured
from memesnipe.testing.promotion.drawing import drawn
from memesnipe.testing.promotion.walk import Way, walked

ROOT = Path(__file__).parents[2]
PAPER, PROPOSED, CANARY, FULL = PromotionStage.PAPER, PromotionStage.PROPOSED, PromotionStage.CANARY, PromotionStage.FULL


@pytest.fixture(scope="module")
def lasting() -> Way:
    return walked(LIVES, WAY_SEED, WAY_TRADES)


@pytest.fixture(scope="module")
def dying() -> Way:
    return walked(DIES, WAY_SEED, WAY_TRADES)


def stages(way: Way) -> list[PromotionStage]:
    return [stage for stage, _ in groupby(one.stage for one in way.seen)]


def test_an_edge_that_lasts_goes_from_evidence_to_its_whole_share(lasting: Way) -> None:
    assert stages(lasting) == [PAPER, PROPOSED, CANARY, FULL]
    assert [word.step for word in lasting.words if word.after is CANARY] == [1, 2, 3]


def test_the_live_capital_grows_by_the_steps_alone(lasting: Way) -> None:
    capital = [one.capital_lamports for one in lasting.seen if one.mode is Mode.LIVE]

    assert capital == sorted(capital)
    assert [share for share, _ in groupby(capital)] == [1_000_000_000, 2_714_000_000, 7_368_000_000, 20_000_000_000]


def test_nothing_is_live_before_a_person_takes_it_live(lasting: Way) -> None:
    assert {one.mode for one in lasting.seen if one.stage in (PAPER, PROPOSED)} == {Mode.PAPER}


def test_an_edge_that_dies_is_demoted_and_trades_on_paper_at_once(dying: Way) -> None:
    demoted = next(place for place, one in enumerate(dying.seen, 1) if one.stage is PromotionStage.DEMOTED)

    assert 0 < demoted - (DIES.dies_at or 0) < 100
    assert {(one.mode, one.capital_lamports) for one in dying.seen[demoted - 1 :]} == {(Mode.PAPER, 0)}
    assert dying.seen[-1].stage is PAPER


def test_an_edge_that_dies_keeps_a_part_of_what_it_earned(dying: Way) -> None:
    highest = max(one.live_pnl_lamports for one in dying.seen)

    assert 0 < dying.seen[-1].live_pnl_lamports < highest


@pytest.mark.parametrize("which", [0, 1], ids=["lasting", "dying"])
def test_the_pictures_on_the_page_are_what_the_command_draws(which: int, request: pytest.FixtureRequest) -> None:
    name, title, edge = PICTURES[which]
    way: Way = request.getfixturevalue(("lasting", "dying")[which])

    assert (ROOT / "docs" / "img" / name).read_text(encoding="utf-8") == drawn(way, title, edge.dies_at), (
        "renew it: python -m memesnipe.testing.promotion"
    )


def test_a_small_study_prints_its_tables() -> None:
    lines = measured(seed=1, runs=10)

    assert len([line for line in lines if line.startswith("|")]) == 14
    assert "| +5% | 10 | 0.0% | - | - |" in lines
