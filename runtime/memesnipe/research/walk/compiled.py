"""The compiled lane in a search: the same returns from the strategy's signal as a function of arrays, many times as fast. It never trades.

One point is run by both lanes before anything is tried, fill by fill; and what the search chooses is run by the engine, whose returns must
be those that were registered, to the last bit.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.research.lane.columns import Columns, columns_of
from memesnipe.research.lane.fills import require_equal
from memesnipe.research.lane.returns import lane_returns
from memesnipe.research.stats.series import Floats
from memesnipe.research.trials.values import Trial
from memesnipe.research.walk.ground import Ground, MarketFile, held, ready, setup


def require_a_lane(ground: Ground, parameters: dict[str, Any]) -> None:
    """Hold the lanes against each other. Raises ConfigError where the strategy has no signal, or another one than it trades."""
    require_equal(setup(ground, parameters), ground.costs, held(ground.market), columns_held(ground.market))


def earned_compiled(ground: Ground, period_s: int, trial: Trial) -> Floats:
    """Return what `study.earned` returns. Raises Unavailable where the lane cannot run it: that is not held against the parameters."""
    _, prepared = ready(ground, dict(trial.parameters))
    try:
        return np.array(lane_returns(prepared, ground.costs, columns_held(ground.market), period_s))
    except ConfigError as error:
        raise Unavailable("compiled lane", f"{error}; search by the async lane") from None


@lru_cache(maxsize=1)
def columns_held(file: MarketFile) -> Columns:
    """Return the market as columns, read once a process. Raises as `held` does, and ConfigError on what no lane can hold."""
    return columns_of(held(file))
