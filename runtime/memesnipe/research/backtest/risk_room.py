"""Between which profits risk_guardian has nothing to do: no highest moves and no breaker trips, for one strategy or for all together.

Bounds are exact whole lamports; what leaves them, and the first price of a new day, is decided in full.
"""

from collections.abc import Iterable
from math import inf

import msgspec

from memesnipe.messages.control import BreakerLimits
from memesnipe.risk.book import Account, Portfolio
from memesnipe.risk.breakers.falls import BPS, DAY_NS, Judged, of_portfolio, of_strategy
from memesnipe.risk.breakers.state import NEVER_NS, Pause, is_paused


class Scope(msgspec.Struct, gc=False):
    """Whose profit it is, and its bounds (lamports); `ends_ns`: until when they hold."""

    pnl_lamports: int
    lowest: float
    highest: float
    ends_ns: int
    tokens: int
    """How many it holds."""

    def keeps(self, pnl_lamports: int, now_ns: int) -> bool:
        """Return whether nothing happens at this profit."""
        return self.lowest <= pnl_lamports <= self.highest and now_ns < self.ends_ns


class Held(msgspec.Struct, gc=False):
    """One strategy's units of one token, and what they are worth (lamports)."""

    scope: Scope
    units: int
    value_lamports: int


def scope_of(account: Account, limits: BreakerLimits | None, now_ns: int) -> Scope:
    """Return a strategy's."""
    tokens, state = len(account.positions), account.breakers
    if limits is None:
        return Scope(account.pnl_lamports, -inf, inf, NEVER_NS, tokens)
    judged = of_strategy(state, limits, now_ns)
    lowest, highest = _lowest(judged, state.pauses, now_ns), min(one.mark.high_lamports for one in judged)
    return Scope(account.pnl_lamports, lowest, highest, (state.day.period + 1) * DAY_NS, tokens)


def portfolio_scope(portfolio: Portfolio, limit_bps: int, capital_lamports: int, limits: BreakerLimits | None, now_ns: int) -> Scope:
    """Return everyone's; `limit_bps`: how far it may fall from its highest of all time."""
    peak, state = portfolio.peak_pnl_lamports, portfolio.breakers
    lowest = -inf if portfolio.tripped else peak - limit_bps * (capital_lamports + peak) // BPS
    tokens = len({mint for account in portfolio.accounts.values() for mint in account.positions})
    if limits is None:
        return Scope(portfolio.pnl_lamports, lowest, peak, NEVER_NS, tokens)
    judged = of_portfolio(state, limits, now_ns)
    lowest, highest = max(lowest, _lowest(judged, state.pauses, now_ns)), min(peak, *(one.mark.high_lamports for one in judged))
    return Scope(portfolio.pnl_lamports, lowest, highest, (state.day.period + 1) * DAY_NS, tokens)


def _lowest(judged: Iterable[Judged], pauses: dict[str, Pause], now_ns: int) -> float:
    """Return the lowest profit at which none of them trips that does not stand already (see `falls.fall_bps`)."""
    may_trip = (one for one in judged if one.mark.capital_lamports > 0 and not is_paused(pauses, one.reason.value, now_ns))
    return max(map(_floor, may_trip), default=-inf)


def _floor(one: Judged) -> int:
    base = one.mark.capital_lamports + one.mark.high_lamports
    return one.mark.high_lamports - one.limit_bps * base // BPS if base > 0 else one.mark.high_lamports
