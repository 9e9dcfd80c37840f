"""Selling gains in parts: how much of a trade is to be left at the newest price, and how many units that is. Pure.

Shares are of what the trade cost, and what is held is told by its cost. So the ledger alone says what is still to be sold: a rung that
filled in part, one that was sold twice and a restart without any memory all end at the same remainder.
"""

from memesnipe.ledger.accounting import Position
from memesnipe.messages.control import ExitLimits
from memesnipe.positions.book import BPS, Open

ALL = 0
"""Keep nothing."""


def rung_of(one: Open, limits: ExitLimits) -> int | None:
    """Return what to keep (bps of the trade) by the rungs that the newest price reached; None: nothing is to be sold."""
    mark, position = one.watch.mark, one.position
    if mark is None or not limits.ladder:
        return None
    sold = sum(rung.share_bps for rung in limits.ladder if mark.reaches(position.units, position.entry_lamports, rung.gain_bps))
    return BPS - sold if sold and units_over(position, BPS - sold) else None


def next_gain_bps(position: Position, limits: ExitLimits) -> int | None:
    """Return the gain at which more is to be sold than was already, None for never."""
    sold = 0
    for rung in limits.ladder:
        sold += rung.share_bps
        if units_over(position, BPS - sold):
            return rung.gain_bps
    return None


def units_over(position: Position, keep_bps: int) -> int:
    """Return the units to sell so that at most this share of the trade's cost is left; rounded up, or a crumb would be sold after it."""
    keep, cost = position.trade_outlay_lamports * keep_bps // BPS, position.cost_lamports
    if keep_bps == ALL or not cost > 0:
        return position.units
    return -(-position.units * (cost - keep) // cost) if cost > keep else 0
