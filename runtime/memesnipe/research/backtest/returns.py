"""A run as the statistics want it: returns of equal periods, as fractions of the capital."""

from memesnipe.kernel.errors import BadInput
from memesnipe.research.backtest.curve import NS_PER_MINUTE
from memesnipe.research.backtest.result import Result

DAY_S, MINUTE_S = 86_400, 60


def returns_of(result: Result, period_s: int) -> list[float]:
    """Return the change of equity in each period of UTC time that the run touches, as a fraction of the capital; 0 without news.

    Raises BadInput for a period that is not whole minutes, and for a run without capital.
    """
    minutes = minutes_of(period_s)
    if not result.capital_lamports > 0:
        raise BadInput("capital_lamports", "a run without capital has no returns")
    first, last = (time_ns // NS_PER_MINUTE // minutes for time_ns in (result.first_ns, result.last_ns))
    closes = {minute // minutes: equity for minute, equity in result.closes.items()}
    returns, equity = list[float](), result.capital_lamports
    for period in range(first, last + 1):
        after = closes.get(period, equity)
        returns.append((after - equity) / result.capital_lamports)
        equity = after
    return returns


def minutes_of(period_s: int) -> int:
    """Return a period in minutes. Raises BadInput for one that is not whole minutes."""
    if not (period_s > 0 and period_s % MINUTE_S == 0):
        raise BadInput("period_s", f"{period_s} is not whole minutes")
    return period_s // MINUTE_S
