"""One study through the real engine: every try is written down, nothing of a test decides what is traded in it, and what cannot be told
from the parameters ends the search and is not held against them."""

import pickle
import subprocess
import sys
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput, Bug, ConfigError, Unavailable
from memesnipe.market import recording
from memesnipe.research.backtest.engine import Costs
from memesnipe.research.backtest.market import Market, open_market
from memesnipe.research.backtest.returns import returns_of
from memesnipe.research.backtest.stress import Stress
from memesnipe.research.splits.walked import Joined
from memesnipe.research.trials.search import attempted
from memesnipe.research.trials.values import Trial
from memesnipe.research.walk.engine_code import PARTS, run_code
from memesnipe.research.walk.ground import Ground, held, run, whole
from memesnipe.research.walk.identity import study_of
from memesnipe.research.walk.outside import stretches
from memesnipe.research.walk.study import earned, study
from memesnipe.research.walk.values import Walked
from memesnipe.testing.studies import PLAN, TERMS, a_ground, a_registry
from memesnipe.testing.tapes import PHASES, a_tape

POINTS = [{"every": every} for every in (10, 13, 17, 23)]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return a_ground(tmp_path_factory.mktemp("ground"))


@pytest.fixture(scope="module")
def walked(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Walked:
    return study(ground, PLAN, POINTS, a_registry(tmp_path_factory.mktemp("walked")))


def test_every_trial_covers_the_same_observations(walked: Walked, ground: Ground) -> None:
    result = run(ground, {"every": 10}, Stress())

    assert walked.returns.shape == (len(walked.starts_ns), 4)
    assert walked.starts_ns[0] <= result.first_ns < walked.starts_ns[1]
    assert np.array_equal(walked.returns[:, 0], returns_of(result, 60))


def test_each_fold_trades_what_was_best_before_it_and_the_tests_are_joined(walked: Walked) -> None:
    outside = walked.outside

    assert [fold.test[0] for fold in walked.folds[1:]] == [fold.test[1] + 1 for fold in walked.folds[:-1]]
    assert np.array_equal(outside.returns, walked.returns[outside.positions, outside.chosen])
    for fold in walked.folds:
        ratios = [np.mean(column) / np.std(column, ddof=1) for column in walked.returns[: fold.train[1] + 1].T]
        assert fold.chosen == int(np.argmax(ratios))
        assert fold.sharpe_in == pytest.approx(max(ratios))


def test_a_trade_that_could_still_be_open_when_a_test_begins_is_not_trained_on(walked: Walked) -> None:
    period_ns = PLAN.period_s * NS_PER_S

    for fold in walked.folds:
        known_ns = walked.starts_ns[fold.train[1]] + period_ns + PLAN.horizon_s * NS_PER_S
        assert known_ns <= walked.starts_ns[fold.test[0]]


def test_stressed_runs_are_of_the_same_choice_and_are_no_tries(walked: Walked, ground: Ground) -> None:
    outside = walked.outside
    dear = {column: returns_of(run(ground, walked.trials[column].parameters, Stress(costs=2)), 60) for column in set(outside.chosen)}

    expected = [dear[column][at] for at, column in zip(outside.positions, outside.chosen, strict=True)]

    assert np.array_equal(outside.double_costs, expected)
    assert outside.double_costs.sum() < outside.returns.sum()
    assert not np.array_equal(outside.two_slots_later, outside.returns)
    assert walked.census.trials == 4


def test_trades_out_of_sample_were_opened_and_closed_there(walked: Walked) -> None:
    whole_run = [trade.net_lamports / walked.capital_lamports for trade in walked.result.trades]

    assert 0 < len(walked.outside.trade_profits) < len(whole_run)


def test_a_trade_may_be_open_from_one_test_into_the_next_of_the_same_trial() -> None:
    joined = Joined(positions=np.arange(2, 7), chosen=np.array([1, 1, 1, 0, 0]), returns=np.zeros(5))

    walk = stretches(joined, np.arange(10) * 60 * NS_PER_S, 60)

    assert [(one.chosen, one.begin_ns // NS_PER_S, one.end_ns // NS_PER_S) for one in walk] == [(1, 120, 300), (0, 300, 420)]


def test_the_chosen_trial_is_the_best_of_the_whole_and_comes_with_its_run_and_replay(walked: Walked) -> None:
    ratios = [trial.sharpe for trial in walked.trials]

    assert walked.chosen == ratios.index(max(ratio for ratio in ratios if ratio is not None))
    assert np.array_equal(returns_of(walked.result, 60), walked.returns[:, walked.chosen])
    assert walked.result.specs[0].spec_hash == walked.trials[walked.chosen].spec_hash
    assert walked.lookahead.clean
    assert walked.paths.shape == (5, len(walked.starts_ns))


def test_a_strategy_that_keeps_the_future_in_its_module_is_found(tmp_path: Path) -> None:
    ground = a_ground(tmp_path)
    code = tmp_path / "own" / "every.py"
    remembers = "LAST = {}\n\n\n@strategy(", "self.seen += 1\n        LAST[event.mint] = max(event.time_ns, LAST.get(event.mint, 0))"
    text = code.read_text().replace("@strategy(", remembers[0]).replace("self.seen += 1", remembers[1])
    code.write_text(text.replace("if self.seen % self.params.every:", "if event.time_ns < LAST[event.mint] - 300 * 10**9:"))
    run_code.cache_clear()

    walked = study(msgspec.structs.replace(ground, code=run_code("every", ground.folders)), PLAN, POINTS[:1], a_registry(tmp_path))

    assert walked.lookahead.findings or not walked.lookahead.deterministic


def test_the_incumbent_is_measured_over_the_same_time_and_is_no_try(ground: Ground, tmp_path: Path) -> None:
    place = ground.strategy.model_copy(update={"spec": ground.strategy.spec.model_copy(update={"parameters": {"every": 29}})})
    incumbent = msgspec.structs.replace(ground, manifests=msgspec.structs.replace(ground.manifests, strategies=(place,)))

    walked = study(ground, PLAN, POINTS[:2], a_registry(tmp_path), incumbent=incumbent)

    assert walked.incumbent is not None
    assert np.array_equal(walked.incumbent.returns, returns_of(run(ground, {"every": 29}, Stress()), 60))
    assert walked.outside.incumbent is not None
    assert np.array_equal(walked.outside.incumbent, walked.incumbent.returns[walked.outside.positions])
    assert walked.census.trials == 2


def test_a_strategy_that_raises_has_failed_and_is_counted(tmp_path: Path) -> None:
    walked = study(a_ground(tmp_path, fails_at=13), PLAN, POINTS, a_registry(tmp_path))

    assert len(walked.trials) == 3
    assert walked.census.trials == 4
    assert "ZeroDivisionError" in walked.failed['{"every":13,"fails_at":13}']


def test_points_that_the_strategy_refuses_are_told_and_are_no_tries(ground: Ground, tmp_path: Path) -> None:
    walked = study(ground, PLAN, [{"every": 1}, *POINTS[:2]], a_registry(tmp_path))

    assert list(walked.refused) == ['{"every":1}']
    assert "parameters.every" in walked.refused['{"every":1}']
    assert walked.census.trials == 2


def test_a_misspelt_parameter_ends_the_study_before_anything_is_tried(ground: Ground, tmp_path: Path) -> None:
    registry = a_registry(tmp_path)

    with pytest.raises(ConfigError, match=r"parameters\.evry"):
        study(ground, PLAN, [{"evry": 10}], registry)

    assert registry.census("every", 60).trials == 0


def test_a_market_too_short_for_the_folds_is_told_before_anything_is_tried(ground: Ground, tmp_path: Path) -> None:
    registry = a_registry(tmp_path)

    with pytest.raises(BadInput, match="fewer folds"):
        study(ground, msgspec.structs.replace(PLAN, folds=900), POINTS, registry)

    assert registry.census("every", 60).trials == 0


def test_another_file_under_the_same_path_is_not_held_against_the_trial(tmp_path: Path) -> None:
    ground = a_ground(tmp_path)
    trial = Trial(study=study_of(ground, 60, "walk"), parameters={"every": 10}, seed=7)
    recording.write(ground.market.path, a_tape(17, PHASES))
    held.cache_clear()

    with pytest.raises(Unavailable, match="another file"):
        attempted(partial(earned, ground, 60), trial)


def test_a_strategy_that_is_not_on_the_worker_is_not_held_against_the_trial(ground: Ground) -> None:
    elsewhere = msgspec.structs.replace(ground, folders=())
    trial = Trial(study=study_of(ground, 60, "walk"), parameters={"every": 10}, seed=7)

    with pytest.raises(Unavailable, match="worker"):
        attempted(partial(earned, elsewhere, 60), trial)


def test_a_worker_with_other_code_does_not_answer(tmp_path: Path) -> None:
    ground = a_ground(tmp_path)
    code = tmp_path / "own" / "every.py"
    code.write_text(code.read_text() + "# changed\n")
    run_code.cache_clear()

    with pytest.raises(Unavailable, match="release"):
        run(ground, {"every": 10}, Stress())


def test_the_engines_code_is_all_that_a_run_loads() -> None:
    loads = "import sys, memesnipe.research.backtest.engine, memesnipe.research.backtest.returns; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", loads], capture_output=True, text=True, timeout=120, check=True)

    known = tuple("memesnipe." + part.replace("/", ".") for part in (*PARTS, "evidence"))
    strangers = [name for name in done.stdout.split() if name.startswith("memesnipe.") and not (f"{name}.").startswith(known)]

    assert strangers == ["memesnipe.research"]


def test_a_task_carries_paths_and_parameters_and_no_market(ground: Ground) -> None:
    trial = Trial(study=study_of(ground, 60, "walk"), parameters={"every": 10}, seed=7)

    assert len(pickle.dumps((partial(earned, ground, 60), trial))) < 16_384


def test_a_worker_reads_the_market_once(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []

    def counted(path: Path, **named: Any) -> Market:
        opened.append(path)
        return open_market(path, **named)

    held.cache_clear()
    monkeypatch.setattr("memesnipe.research.walk.ground.open_market", counted)
    for every in (10, 13, 17):
        run(ground, whole(ground, {"every": every}), Stress())

    assert opened == [ground.market.path]


@pytest.mark.parametrize(
    "change",
    [
        {"costs": Costs(msgspec.structs.replace(TERMS, tip_lamports=1), 10**9)},
        {"costs": Costs(msgspec.structs.replace(TERMS, seed=8), 10**9)},
        {"costs": Costs(TERMS, 10**8)},
    ],
)
def test_outcomes_under_other_terms_are_another_study(ground: Ground, change: dict[str, Costs]) -> None:
    assert study_of(msgspec.structs.replace(ground, **change), 60, "walk").study != study_of(ground, 60, "walk").study


def test_outcomes_under_other_limits_or_capital_are_another_study(ground: Ground) -> None:
    manifests = ground.manifests
    policy = manifests.policy.model_copy(update={"spec": manifests.policy.spec.model_copy(update={"stop_loss_bps": 77})})
    allocation = manifests.allocation.model_copy(update={"spec": manifests.allocation.spec.model_copy(update={"capital_sol": Decimal(3)})})
    changed = [msgspec.structs.replace(manifests, policy=policy), msgspec.structs.replace(manifests, allocation=allocation)]

    names = {study_of(msgspec.structs.replace(ground, manifests=one), 60, "walk").study for one in (manifests, *changed)}

    assert len(names) == 3


def test_a_result_that_cannot_be_repeated_ends_the_study(tmp_path: Path) -> None:
    ground, registry = a_ground(tmp_path), a_registry(tmp_path)
    sought = study_of(ground, 60, "walk")
    trials = registry.register(sought, [Trial(study=sought, parameters=point, seed=7) for point in POINTS])
    for trial in trials:
        registry.finish(trial, earned(ground, 60, trial) + 0.001)

    with pytest.raises(Bug, match="same returns"):
        study(ground, PLAN, POINTS, registry)
