"""Between which profits risk_guardian has nothing to do: no highest moves and no breaker trips, for one strategy or for all together.

Bounds are exact whole lamports; what leaves them, and the first price of a new day, is decided in full.
"""

from collections.abc import Iterable
from math import inf

import msgspec

from memesnipe.messages.control import BreakerLimits
from memesnipe.risk.book import Account, Portfolio
from memesnipe.risk.breakers.falls import BPS, DAY_NS, Judged, of_portfolio, of_strategy
from memesnipe.risk.breakers.state import is_paused

NEVER_NS = 2**63 - 1


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
    standing = (one for one in judged if not is_paused(state.pauses, one.reason.value, now_ns))
    ends_ns = (state.day.period + 1) * DAY_NS
    return Scope(account.pnl_lamports, _lowest(standing), min(one.mark.high_lamports for one in judged), ends_ns, tokens)


def portfolio_scope(portfolio: Portfolio, limit_bps: int, capital_lamports: int, limits: BreakerLimits | None, now_ns: int) -> Scope:
    """Return everyone's; `limit_bps`: how far it may fall from its highest of all time."""
    peak, state = portfolio.peak_pnl_lamports, portfolio.breakers
    lowest = -inf if portfolio.tripped else peak - limit_bps * (capital_lamports + peak) // BPS
    tokens = len({mint for account in portfolio.accounts.values() for mint in account.positions})
    if limits is None:
        return Scope(portfolio.pnl_lamports, lowest, peak, NEVER_NS, tokens)
    judged = of_portfolio(state, limits, now_ns)
    standing = (one for one in judged if not is_paused(state.pauses, one.reason.value, now_ns))
    highest = min(peak, *(one.mark.high_lamports for one in judged))
    return Scope(portfolio.pnl_lamports, max(lowest, _lowest(standing)), highest, (state.day.period + 1) * DAY_NS, tokens)


def _lowest(judged: Iterable[Judged]) -> float:
    """Return the lowest profit at which none of them trips (see `falls.fall_bps`)."""
    return max((_floor(one) for one in judged if one.mark.capital_lamports > 0), default=-inf)


def _floor(one: Judged) -> int:
    base = one.mark.capital_lamports + one.mark.high_lamports
    return one.mark.high_lamports - one.limit_bps * base // BPS if base > 0 else one.mark.high_lamports
