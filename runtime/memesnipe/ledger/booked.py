"""What booking a fill gives back: a value of its own, so that who only reckons with it needs no database."""

from enum import Enum

import msgspec

from memesnipe.ledger.accounting import Position, Trade
from memesnipe.messages.orders import Fill


class Verdict(Enum):
    """What the ledger made of a fill."""

    NEW = "new"
    KNOWN = "known"
    CONFLICT = "conflict"
    """The same signature with other numbers: the first row stays; somebody must look."""


class Booked(msgspec.Struct, frozen=True):
    """A fill with the position after it, and the trade it closed."""

    fill: Fill
    position: Position
    realized_lamports: int = 0
    """What this fill realized; 0 for one that was known."""
    trade: Trade | None = None
    verdict: Verdict = Verdict.NEW
