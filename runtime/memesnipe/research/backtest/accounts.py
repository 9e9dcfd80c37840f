"""The ledger's arithmetic without its database: every fill of a run, folded into positions and closed trades in canonical order."""

from memesnipe.ledger.accounting import Position, Trade, apply, comes_last, fill_order, position_of
from memesnipe.ledger.write import Booked
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import Fill

Key = tuple[str, Mode, str]
"""(strategy, mode, mint)."""


class Accounts:
    """Positions by key, as the ledger would have them."""

    def __init__(self) -> None:
        self.fills: dict[Key, list[Fill]] = {}
        self.positions: dict[Key, Position] = {}
        self._trades: dict[Key, list[Trade]] = {}

    @property
    def trades(self) -> list[Trade]:
        """Every round trip, in the order they were closed."""
        every = [trade for trades in self._trades.values() for trade in trades]
        return sorted(every, key=lambda trade: (trade.closed_ns, trade.closed_signature))

    def book(self, fill: Fill) -> Booked:
        """Fold one fill. One that comes out of the canonical order folds its position anew, as the ledger does."""
        empty = position_of(fill)
        before = self.positions.get(empty.key, empty)
        fills = self.fills.setdefault(empty.key, [])
        fills.append(fill)
        if comes_last(fill, before):
            position, trade = apply(before, fill)
            self._trades.setdefault(empty.key, []).extend([trade] if trade is not None else [])
        else:
            position, trade = self._refolded(empty, fills, fill)
        self.positions[empty.key] = position
        return Booked(fill, position, position.realized_lamports - before.realized_lamports, trade)

    def _refolded(self, position: Position, fills: list[Fill], late: Fill) -> tuple[Position, Trade | None]:
        closed: list[Trade] = []
        for fill in sorted(fills, key=fill_order):
            position, trade = apply(position, fill)
            closed += [trade] if trade is not None else []
        self._trades[position.key] = closed
        return position, next((trade for trade in closed if trade.closed_signature == late.signature), None)
