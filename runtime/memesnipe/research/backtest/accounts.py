"""The ledger's arithmetic without its database: every fill of a run, folded into positions and closed trades in canonical order."""

from bisect import bisect

from memesnipe.ledger.accounting import Position, Trade, apply, comes_last, fill_order, position_of
from memesnipe.ledger.booked import Booked
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import Fill

Key = tuple[str, Mode, str]
"""(strategy, mode, mint)."""
Step = tuple[Position, int]
"""What was there before a fill: the position, and how many trades were closed."""
STEPS_MAX = 16
"""Fills of a position that are remembered with their step. One that belongs before all of them folds everything anew."""


class Accounts:
    """Positions by key, as the ledger would have them."""

    def __init__(self) -> None:
        self.fills: dict[Key, list[Fill]] = {}
        """In canonical order."""
        self.positions: dict[Key, Position] = {}
        self._trades: dict[Key, list[Trade]] = {}
        self._steps: dict[Key, list[Step]] = {}

    @property
    def trades(self) -> list[Trade]:
        """Every round trip, in the order they were closed."""
        every = [trade for trades in self._trades.values() for trade in trades]
        return sorted(every, key=lambda trade: (trade.closed_ns, trade.closed_signature))

    def book(self, fill: Fill) -> Booked:
        """Fold one fill. One that comes out of the canonical order folds those after it anew, which gives what the ledger has."""
        empty = position_of(fill)
        before, fills = self.positions.get(empty.key, empty), self.fills.setdefault(empty.key, [])
        trades, steps = self._trades.setdefault(empty.key, []), self._steps.setdefault(empty.key, [])
        at = len(fills) if comes_last(fill, before) else bisect(fills, fill_order(fill), key=fill_order)
        steps.append((before, len(trades)))
        first = at - len(fills) - 1  # from the end; -1 is the newest
        position, closed = steps[first] if -first <= len(steps) else (empty, 0)
        fills.insert(at, fill)
        again = fills[at:] if -first <= len(steps) else fills
        del steps[max(first, -len(steps)) :], trades[closed:]
        trade = None
        for one in again:
            steps.append((position, len(trades)))
            position, ended = apply(position, one)
            trades += [ended] if ended is not None else []
            trade = ended if one is fill else trade
        del steps[:-STEPS_MAX]
        self.positions[empty.key] = position
        return Booked(fill, position, position.realized_lamports - before.realized_lamports, trade)
