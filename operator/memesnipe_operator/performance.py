"""What the strategies have made, by position_manager's word on what is held. Pure.

PnL here = realized + what is held at the last price - what it cost, in lamports, of the mode the Strategy is in; drawdown in basis
points of the portfolio's capital, from the highest PnL this operator saw. The ledger stays the truth; this answers "is it making money".
"""

from collections.abc import Mapping

import msgspec

from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import HeldAccount, Holdings

BPS = 10_000


class Performance(msgspec.Struct, frozen=True):
    """Of one strategy in one mode."""

    pnl_lamports: int = 0
    positions: int = 0


class Standing(msgspec.Struct, frozen=True):
    """Of all strategies, at one moment."""

    by: Mapping[tuple[str, Mode], Performance] = {}
    held: Mapping[str, tuple[tuple[Mode, str, int], ...]] = {}
    """By strategy: (mode, mint, units) of all that it holds, in either mode."""
    signal_ms: Mapping[str, int] = {}
    """By strategy: when its newest intent was written."""

    def of(self, strategy: str, mode: Mode) -> Performance:
        """Return a strategy's; zeros where nothing was traded."""
        return self.by.get((strategy, mode), Performance())


def standing_of(holdings: Holdings, signal_ms: Mapping[str, int]) -> Standing:
    """Return the standing that position_manager's word makes."""
    held: dict[str, tuple[tuple[Mode, str, int], ...]] = {}
    for account in holdings.accounts:
        mine = tuple((account.mode, one.mint, one.units) for one in account.holdings if one.units)
        held[account.strategy] = held.get(account.strategy, ()) + mine
    return Standing({(one.strategy, one.mode): _performance(one) for one in holdings.accounts}, held, signal_ms)


def _performance(account: HeldAccount) -> Performance:
    open_lamports = sum(one.mark_lamports - one.cost_lamports for one in account.holdings)
    return Performance(account.realized_lamports + open_lamports, sum(1 for one in account.holdings if one.units))


def drawdown_bps(peak_lamports: int, pnl_lamports: int, capital_lamports: int) -> int:
    """Return how far PnL lies below its peak, in basis points of capital; 0 without capital."""
    if not capital_lamports > 0:
        return 0
    return min(max(peak_lamports - pnl_lamports, 0) * BPS // capital_lamports, BPS)
