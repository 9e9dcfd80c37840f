"""Positions anew, from the chain's numbers. The ledger says only WHOSE a transaction was; what it did is taken from the chain.

Average cost as docs/reference/ledger.md defines it, written a second time on purpose.
"""

from collections.abc import Iterable, Mapping

import msgspec

from memesnipe.reconcile.books import Row
from memesnipe.reconcile.movements import Movement

Holder = tuple[str, str]
"""(strategy, mint)."""


class Rebuilt(msgspec.Struct):
    """A position while it is added up."""

    units: int = 0
    cost_lamports: int = 0
    realized_lamports: int = 0
    fees_lamports: int = 0
    tips_lamports: int = 0
    rent_lamports: int = 0
    fills: int = 0

    def add(self, movement: Movement, mint: str) -> None:
        """Count one transaction of this position in."""
        self.fills += 1
        self.fees_lamports += movement.fee
        self.tips_lamports += movement.tip
        self.rent_lamports += movement.rent
        units = movement.tokens.get(mint, 0)
        if movement.failed:
            self.realized_lamports += movement.sol_delta
        elif units > 0:
            self.units += units
            self.cost_lamports -= movement.sol_delta
        else:
            self._sell(movement.sol_delta, -units)

    def _sell(self, proceeds: int, units: int) -> None:
        left = max(self.units - units, 0)
        # floor(cost * sold / held), by way of what stays: cost - floor(...) = ceil(cost * left / held)
        stays = -(-self.cost_lamports * left // self.units) if left else 0
        self.realized_lamports += proceeds - (self.cost_lamports - stays)
        self.units, self.cost_lamports = left, stays


def rebuild(fills: Iterable[Row], chain: Mapping[str, Movement]) -> dict[Holder, Rebuilt]:
    """Return the positions that these transactions make, in the order of the ledger's canonical time."""
    positions: dict[Holder, Rebuilt] = {}
    for row in fills:
        movement = chain.get(row["signature"])
        if movement is not None:
            positions.setdefault((row["strategy"], row["mint"]), Rebuilt()).add(movement, row["mint"])
    return positions
