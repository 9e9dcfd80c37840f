"""One study from its parameters to what it leaves behind: search, choose on the past, trade what comes next, stress, replay.

Trials are registered before the first one runs. What was chosen is run again for its trades and under stress: not searched anew, so those
runs are no trials; the plain one must give the registered returns to the last bit, or nothing here means anything.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec
import numpy as np

from memesnipe.control.applied import hash_of
from memesnipe.executor.seat import parameters_of
from memesnipe.kernel.errors import BadInput, Bug, ConfigError
from memesnipe.research.backtest.result import Result
from memesnipe.research.backtest.returns import returns_of
from memesnipe.research.backtest.stress import Stress
from memesnipe.research.lookahead import Report
from memesnipe.research.splits.walked import best_of, paths, walk
from memesnipe.research.stats.series import Floats, known, sharpe
from memesnipe.research.trials.registry import Registry
from memesnipe.research.trials.search import Spread, search
from memesnipe.research.trials.values import Outcome, Study, Trial
from memesnipe.research.walk.ahead import enough, looked_ahead
from memesnipe.research.walk.ground import Ground, held, run, whole
from memesnipe.research.walk.identity import study_of
from memesnipe.research.walk.outside import PLAIN, STRESSES, Runs, choices, outside_of
from memesnipe.research.walk.plan import Cut, Lane, Plan, cut_of
from memesnipe.research.walk.values import Incumbent, Tried, Walked
from memesnipe.strategy.loading import load

Points = Sequence[dict[str, Any]]


INCUMBENT = -1
"""Column of what is no trial."""


class Again(NamedTuple):
    """A run made for its trades or as a comparison: nothing is chosen from such runs."""

    column: int
    ground: Ground
    parameters: dict[str, Any]
    stress: Stress


def study(
    ground: Ground,
    plan: Plan,
    points: Points,
    registry: Registry,
    *,
    label: str = "walk",
    spread: Spread = map,
    incumbent: Ground | None = None,
) -> Walked:
    """Run what has no outcome yet and return the whole study. All that the study ever tried takes part, not only these points.

    Raises ConfigError where no point can be run, BadInput where no trial finished or the market is too short for the plan, Unavailable
    where a worker or the database does not answer: what is done is kept, and the same call goes on.
    """
    sought, cut = study_of(ground, plan.period_s, label), cut_of(held(ground.market), plan)
    outcomes, refused = _searched(ground, plan, sought, points, registry, spread)
    failed = registry.failures(sought)
    returns = _table(outcomes, cut, failed)
    joined, chosen = walk(returns, cut.folds), best_of(returns)
    runs = _runs(ground, outcomes, {chosen, *joined.chosen.tolist()}, incumbent, spread)
    _confirm(registry, outcomes, runs, plan.period_s)
    in_place = _incumbent(runs, plan.period_s)
    found = paths(returns, cut.splits)
    return Walked(
        name=ground.strategy.metadata.name,
        study=sought,
        market=runs[chosen, PLAIN].market,
        seed=ground.costs.terms.seed,
        capital_lamports=runs[chosen, PLAIN].capital_lamports,
        starts_ns=cut.starts_ns,
        horizon_s=plan.horizon_s,
        embargo_s=plan.embargo_s,
        trials=tuple(_tried(outcome) for outcome in outcomes),
        returns=returns,
        failed=failed,
        refused=refused,
        census=registry.census(sought.strategy, plan.period_s),
        chosen=chosen,
        result=runs[chosen, PLAIN],
        folds=choices(returns, cut.folds, joined),
        outside=outside_of(joined, runs, cut.starts_ns, plan.period_s, in_place.returns if in_place else None),
        paths=found,
        path_sharpes=tuple(known(sharpe(path)) for path in found),
        incumbent=in_place,
        lookahead=_replayed(ground, plan, runs[chosen, PLAIN], outcomes[chosen], spread),
    )


def sorted_out(ground: Ground, points: Points) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the points that the strategy's own bounds allow, and why it refuses the others, by the JSON of what was searched.

    Raises ConfigError where it refuses all: then a name or a unit is wrong, and the sentence says which.
    """
    plugin = load(ground.strategy.spec.strategy, ground.folders)
    sound, refused = list[dict[str, Any]](), dict[str, str]()
    for point in points:
        try:
            parameters_of(plugin, whole(ground, point))
            sound.append(point)
        except ConfigError as error:
            refused[msgspec.json.encode(point, order="sorted").decode()] = str(error)
    if not sound:
        raise ConfigError(
            f"grid: the strategy refuses each of {len(points)} points; the first: {next(iter(refused.values()), 'none given')}"
        )
    return sound, refused


def _searched(
    ground: Ground, plan: Plan, sought: Study, points: Points, registry: Registry, spread: Spread
) -> tuple[list[Outcome], dict[str, str]]:
    """Return the study's finished trials in the order of their parameters, and the points that never ran."""
    sound, refused = sorted_out(ground, points)
    trials = [Trial(study=sought, parameters=whole(ground, point), seed=ground.costs.terms.seed) for point in sound]
    outcomes = search(registry, sought, trials, partial(_evaluation(ground, plan, sound[0]), ground, plan.period_s), spread)
    return sorted(outcomes, key=lambda outcome: outcome.trial.parameters_json), refused


def _evaluation(ground: Ground, plan: Plan, point: dict[str, Any]) -> Callable[[Ground, int, Trial], Floats]:
    if plan.lane is Lane.ASYNC:
        return earned
    # numba takes long to load: only a study that compiles pays for it.
    from memesnipe.research.walk.compiled import earned_compiled, require_a_lane

    require_a_lane(ground, whole(ground, point))
    return earned_compiled


def earned(ground: Ground, period_s: int, trial: Trial) -> Floats:
    """Run one trial; what a worker does. Raises as `run` does."""
    return np.array(returns_of(run(ground, dict(trial.parameters), PLAIN), period_s))


def made(again: Again) -> tuple[int, Stress, Result]:
    """Run once more, and return the whole of it."""
    return again.column, again.stress, run(again.ground, again.parameters, again.stress)


def _table(outcomes: Sequence[Outcome], cut: Cut, failed: dict[str, str]) -> Floats:
    if not outcomes:
        raise BadInput("trials", f"none of {len(failed)} has returns; the first: {next(iter(failed.values()), 'nothing was tried')}")
    if wrong := [outcome.trial.key for outcome in outcomes if len(outcome.returns) != len(cut.starts_ns)]:
        raise Bug(f"trial {wrong[0]} has not the study's {len(cut.starts_ns)} observations")
    return np.column_stack([outcome.returns for outcome in outcomes])


def _runs(ground: Ground, outcomes: Sequence[Outcome], columns: set[int], incumbent: Ground | None, spread: Spread) -> Runs:
    wanted = [Again(column, ground, dict(outcomes[column].trial.parameters), stress) for column in sorted(columns) for stress in STRESSES]
    if incumbent is not None:
        wanted.append(Again(INCUMBENT, incumbent, incumbent.strategy.spec.parameters, PLAIN))
    return {(column, stress): result for column, stress, result in spread(made, wanted)}


def _confirm(registry: Registry, outcomes: Sequence[Outcome], runs: Runs, period_s: int) -> None:
    """A run that gives other returns than the trial did was never repeatable: the registry raises Bug on it."""
    for (column, stress), result in runs.items():
        if column != INCUMBENT and stress == PLAIN:
            registry.finish(outcomes[column].trial, np.array(returns_of(result, period_s)))


def _incumbent(runs: Runs, period_s: int) -> Incumbent | None:
    result = runs.get((INCUMBENT, PLAIN))
    if result is None:
        return None
    (spec,) = result.specs
    return Incumbent(name=spec.id, spec_hash=spec.spec_hash, returns=np.array(returns_of(result, period_s)))


def _replayed(ground: Ground, plan: Plan, result: Result, chosen: Outcome, spread: Spread) -> Report:
    events = enough(plan, result.intents, result.events)
    (report,) = spread(partial(looked_ahead, ground, plan, events), [dict(chosen.trial.parameters)])
    return report


def _tried(outcome: Outcome) -> Tried:
    parameters, study = dict(outcome.trial.parameters), outcome.trial.study
    return Tried(parameters=parameters, spec_hash=hash_of(study.strategy, parameters), sharpe=known(sharpe(outcome.returns)))
