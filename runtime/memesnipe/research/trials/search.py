"""Run a search: all trials are registered, then those without an outcome are run, and each outcome is kept as soon as it is there.

A search that is killed goes on where it stopped, by the same call. The evaluations may run in other processes; this one alone
writes the registry, so that no worker needs the database.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

import msgspec

from memesnipe.kernel.errors import BadInput, ConfigError, Refused
from memesnipe.kernel.logs import logger
from memesnipe.research.stats.series import Floats
from memesnipe.research.trials.registry import Registry
from memesnipe.research.trials.values import Outcome, Study, Trial

Evaluate = Callable[[Trial], Floats]
"""Run one trial and return its net returns. BadInput, ConfigError or Refused says why these parameters have none.

A top-level function, so that it can be pickled."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What came back of one evaluation: returns, or why there are none."""

    trial: Trial
    returns: Floats | None
    error: str = ""


T = TypeVar("T")
R = TypeVar("R")


class Spread(Protocol):
    """How work is spread over cores: yields a result for each item as it is done, in any order.

    `map` is one after the other; `spread` has processes and clusters. Work and items are pickled: functions of modules, plain values.
    """

    def __call__(self, work: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        """Yield what `work` makes of each item."""
        ...


def search(registry: Registry, study: Study, trials: Sequence[Trial], evaluate: Evaluate, spread: Spread = map) -> list[Outcome]:
    """Run what has no outcome yet, and return the outcomes of ALL the study's finished trials.

    A trial whose parameters cannot be run (BadInput, ConfigError, Refused) is kept as failed. Any other exception ends the search: it
    says nothing about the trial, which stays registered and is run again by the next call.
    """
    waiting = registry.register(study, trials)
    logger().info("search_started", strategy=study.strategy, study=study.study, trials=len(trials), waiting=len(waiting))
    for attempt in spread(partial(attempted, evaluate), waiting):
        if attempt.returns is None:
            registry.fail(attempt.trial, attempt.error)
            logger().warning("trial_failed", study=study.study, trial=attempt.trial.key, error=attempt.error)
        else:
            registry.finish(attempt.trial, attempt.returns)
    return registry.outcomes(study)


def attempted(evaluate: Evaluate, trial: Trial) -> Attempt:
    """Evaluate one trial; what a worker process runs."""
    try:
        return Attempt(trial=trial, returns=evaluate(trial))
    except (BadInput, ConfigError, Refused) as error:
        return Attempt(trial=trial, returns=None, error=str(error))
