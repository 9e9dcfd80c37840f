"""What a parameter search asks the lane for: returns as `backtest.returns.returns_of` has them, from a market that is read once."""

from itertools import pairwise

from memesnipe.research.backtest.engine import Costs
from memesnipe.research.backtest.returns import minutes_of
from memesnipe.research.backtest.setup import Setup
from memesnipe.research.lane.book import R
from memesnipe.research.lane.columns import Columns
from memesnipe.research.lane.running import Ran, ran


def lane_returns(setup: Setup, costs: Costs, columns: Columns, period_s: int) -> list[float]:
    """Return what `returns_of(Engine(setup, costs).run(market), period_s)` returns, some hundred times as fast.

    Whoever searches holds the two lanes against each other first (`fills.require_equal`) with one set of parameters. Raises ConfigError
    naming what is outside of the lane's scope, BadInput for a period that is not whole minutes.
    """
    minutes_of(period_s)  # refuses what `returns_of` refuses
    return returns_from(ran(setup, costs, columns, period_s))


def returns_from(done: Ran) -> list[float]:
    """Return the change of equity in each period of a run as a fraction of the capital."""
    capital = int(done.task.rules.whole[R.equity])
    equities = [capital, *(int(equity) for equity in done.equity)]
    return [(after - before) / capital for before, after in pairwise(equities)]
