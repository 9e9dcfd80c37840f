"""Every try is written down before it is made, survives a kill, and is counted for ever."""

import math
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np
import pytest
from sqlalchemy import text, update

from memesnipe.kernel.clock import EventClock
from memesnipe.kernel.errors import BadInput, Bug, ConfigError, Unavailable
from memesnipe.research.stats.series import Floats, sharpe
from memesnipe.research.trials.registry import Registry
from memesnipe.research.trials.search import attempted, search
from memesnipe.research.trials.tables import META, open_research, research_url
from memesnipe.research.trials.values import Study, Trial

T = TypeVar("T")
R = TypeVar("R")
STUDY = Study(strategy="momentum", study="grid-1", data_hash="d" * 32, code_version="18.0.0", period_s=3_600)


def grid(study: Study = STUDY, windows: Iterable[int] = range(6)) -> list[Trial]:
    return [Trial(study=study, parameters={"window": window, "take": 1.5}, seed=7) for window in windows]


def earn(trial: Trial) -> Floats:
    return np.random.default_rng([trial.seed, trial.parameters["window"]]).standard_normal(50)


def a_registry(path: Path) -> Registry:
    return Registry(open_research(research_url(str(path))), EventClock())


def test_trials_are_in_the_database_before_the_first_one_runs(tmp_path: Path) -> None:
    registered_at_first_run: list[int] = []

    def look(trial: Trial) -> Floats:
        registered_at_first_run.append(a_registry(tmp_path).census("momentum", 3_600).trials)
        return earn(trial)

    search(a_registry(tmp_path), STUDY, grid(), look)

    assert registered_at_first_run[0] == 6


def test_a_search_that_was_killed_goes_on_with_what_has_no_outcome(tmp_path: Path) -> None:
    ran: list[int] = []

    def dies_at_the_fourth(trial: Trial) -> Floats:
        if len(ran) == 3:
            raise KeyboardInterrupt
        ran.append(trial.parameters["window"])
        return earn(trial)

    def goes_on(trial: Trial) -> Floats:
        ran.append(trial.parameters["window"])
        return earn(trial)

    with pytest.raises(KeyboardInterrupt):
        search(a_registry(tmp_path), STUDY, grid(), dies_at_the_fourth)

    outcomes = search(a_registry(tmp_path), STUDY, grid(), goes_on)

    assert sorted(ran) == list(range(6))
    assert len(outcomes) == 6


def test_outcomes_are_kept_to_the_last_bit_with_their_parameters(tmp_path: Path) -> None:
    outcomes = search(a_registry(tmp_path), STUDY, grid(), earn)

    assert {outcome.trial.key for outcome in outcomes} == {trial.key for trial in grid()}
    assert all(np.array_equal(outcome.returns, earn(outcome.trial)) for outcome in outcomes)


def test_the_same_search_again_runs_nothing_and_adds_nothing(tmp_path: Path) -> None:
    first = search(a_registry(tmp_path), STUDY, grid(), earn)

    def never(trial: Trial) -> Floats:
        raise AssertionError(trial)

    again = search(a_registry(tmp_path), STUDY, [*grid(), *grid()], never)

    assert [one.trial.key for one in again] == [one.trial.key for one in first]
    assert a_registry(tmp_path).census("momentum", 3_600).trials == 6


@pytest.mark.parametrize(
    "change",
    [{"study": "grid-2"}, {"data_hash": "e" * 32}, {"code_version": "18.0.1"}, {"period_s": 60}, {"strategy": "other"}],
)
def test_another_name_data_or_code_is_another_try(change: dict[str, object]) -> None:
    (trial,), (other,) = grid(windows=[1]), grid(msgspec.structs.replace(STUDY, **change), [1])

    assert trial.key != other.key


def test_the_order_in_which_parameters_are_named_makes_no_other_try() -> None:
    here = Trial(study=STUDY, parameters={"a": 1, "b": {"c": 2, "d": 3}}, seed=1)
    there = Trial(study=STUDY, parameters={"b": {"d": 3, "c": 2}, "a": 1}, seed=1)

    assert here.key == there.key
    assert here.key != Trial(study=STUDY, parameters=here.parameters, seed=2).key


def test_renaming_a_study_does_not_make_its_tries_forgotten(tmp_path: Path) -> None:
    registry = a_registry(tmp_path)
    search(registry, STUDY, grid(), earn)
    renamed = msgspec.structs.replace(STUDY, study="fresh-start")

    search(registry, renamed, grid(renamed), earn)

    assert registry.census("momentum", 3_600).trials == 12
    assert len(registry.outcomes(renamed)) == 6


def test_a_trial_that_fails_counts_as_a_try_and_says_why(tmp_path: Path) -> None:
    def sometimes(trial: Trial) -> Floats:
        if trial.parameters["window"] == 2:
            raise BadInput("window", "longer than the recording")
        return earn(trial)

    registry = a_registry(tmp_path)
    outcomes = search(registry, STUDY, grid(), sometimes)

    assert len(outcomes) == 5
    assert registry.census("momentum", 3_600).trials == 6
    assert registry.failures(STUDY) == {'{"take":1.5,"window":2}': "window: longer than the recording"}


@pytest.mark.parametrize("fault", [ZeroDivisionError(), Bug("an invariant is broken"), Unavailable("the recording's disk")])
def test_a_fault_that_says_nothing_about_the_trial_leaves_it_to_be_run_again(tmp_path: Path, fault: Exception) -> None:
    def broken(trial: Trial) -> Floats:
        raise fault

    with pytest.raises(type(fault)):
        search(a_registry(tmp_path), STUDY, grid(), broken)

    assert len(a_registry(tmp_path).register(STUDY, grid())) == 6


def test_a_trial_with_two_results_is_a_bug_and_the_first_one_stays(tmp_path: Path) -> None:
    registry = a_registry(tmp_path)
    (trial,) = registry.register(STUDY, grid(windows=[1]))
    registry.finish(trial, earn(trial))
    registry.finish(trial, earn(trial))

    with pytest.raises(Bug, match="same returns"):
        registry.finish(trial, earn(trial) + 0.1)
    with pytest.raises(Bug, match="had returns"):
        registry.fail(trial, "no")

    assert np.array_equal(registry.outcomes(STUDY)[0].returns, earn(trial))


def test_a_trial_nobody_registered_has_no_outcome(tmp_path: Path) -> None:
    registry = a_registry(tmp_path)

    with pytest.raises(Bug, match="never registered"):
        registry.finish(grid()[0], earn(grid()[0]))
    with pytest.raises(Bug, match="never registered"):
        registry.fail(grid()[0], "no")


def test_the_census_feeds_the_deflated_sharpe_ratio(tmp_path: Path) -> None:
    registry = a_registry(tmp_path)
    search(registry, STUDY, grid(), earn)
    registry.register(msgspec.structs.replace(STUDY, study="waiting"), grid(msgspec.structs.replace(STUDY, study="waiting"), [9]))

    hourly, daily = registry.census("momentum", 3_600), registry.census("momentum", 86_400)

    expected = float(np.var([sharpe(earn(trial)) for trial in grid()], ddof=1))
    assert (hourly.trials, hourly.finished) == (7, 6)
    assert hourly.sharpe_variance == pytest.approx(expected)
    assert daily.sharpe_variance == pytest.approx(24 * expected)


def test_without_a_finished_trial_nothing_is_known(tmp_path: Path) -> None:
    census = a_registry(tmp_path).census("momentum", 3_600)

    assert (census.trials, census.finished) == (0, 0)
    assert math.isnan(census.sharpe_variance)


def test_attempts_may_come_back_in_any_order(tmp_path: Path) -> None:
    def backwards(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        return iter([work(item) for item in items][::-1])

    there, here = a_registry(tmp_path / "a"), a_registry(tmp_path / "b")

    assert [one.trial for one in search(there, STUDY, grid(), earn, backwards)] == [one.trial for one in search(here, STUDY, grid(), earn)]


@pytest.mark.parametrize("returns", [[1.0], [0.1, math.nan], [[0.1], [0.2]]])
def test_returns_that_mean_nothing_are_not_kept(tmp_path: Path, returns: list[float]) -> None:
    registry = a_registry(tmp_path)
    (trial,) = registry.register(STUDY, grid(windows=[1]))

    with pytest.raises(BadInput):
        registry.finish(trial, np.array(returns))

    assert registry.outcomes(STUDY) == []


def test_trials_of_another_study_and_parameters_without_bound_are_refused(tmp_path: Path) -> None:
    registry = a_registry(tmp_path)

    with pytest.raises(BadInput, match="one study"):
        registry.register(STUDY, grid(msgspec.structs.replace(STUDY, study="other")))
    with pytest.raises(BadInput, match="parameters"):
        registry.register(STUDY, [Trial(study=STUDY, parameters={"text": "x" * 20_000}, seed=1)])


def test_a_database_of_a_newer_release_is_left_alone(tmp_path: Path) -> None:
    url = research_url(str(tmp_path))
    with open_research(url).begin() as connection:
        connection.execute(update(META).values(value=99))

    with pytest.raises(ConfigError, match="newer release"):
        open_research(url)


def test_a_database_that_does_not_answer_is_unavailable_not_failed(tmp_path: Path) -> None:
    engine = open_research(research_url(str(tmp_path)))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE trials"))

    with pytest.raises(Unavailable, match="research database"):
        Registry(engine, EventClock()).census("momentum", 60)


def test_an_evaluation_can_be_sent_to_another_process() -> None:
    (trial,) = grid(windows=[3])

    call, sent = pickle.loads(pickle.dumps((partial(attempted, earn), trial)))

    assert np.array_equal(call(sent).returns, earn(trial))


DIES = """
import os, signal, sys
import numpy as np
from memesnipe.kernel.clock import SystemClock
from memesnipe.research.trials.values import Study, Trial
from memesnipe.research.trials.registry import Registry
from memesnipe.research.trials.search import search
from memesnipe.research.trials.tables import open_research

study = Study(strategy="momentum", study="grid-1", data_hash="d" * 32, code_version="18.0.0", period_s=3_600)
trials = [Trial(study=study, parameters={"window": window, "take": 1.5}, seed=7) for window in range(6)]

def earn(trial):
    if trial.parameters["window"] == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return np.random.default_rng([trial.seed, trial.parameters["window"]]).standard_normal(50)

search(Registry(open_research(sys.argv[1]), SystemClock()), study, trials, earn)
"""


def test_a_process_killed_in_the_middle_loses_no_outcome_and_no_try(tmp_path: Path) -> None:
    url = research_url(str(tmp_path))
    killed = subprocess.run([sys.executable, "-c", DIES, url], capture_output=True, timeout=120)
    registry = a_registry(tmp_path)

    left = registry.register(STUDY, grid())

    assert killed.returncode == -signal.SIGKILL
    assert [trial.parameters["window"] for trial in left] == [4, 5]
    assert registry.census("momentum", 3_600).trials == 6
    assert len(search(registry, STUDY, grid(), earn)) == 6
