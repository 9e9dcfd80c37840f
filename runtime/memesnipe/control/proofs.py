"""What the gates know of a strategy beside its manifest: records of evidence, the code that is registered, what it did on paper. Pure."""

from collections.abc import Mapping

import msgspec

from memesnipe.evidence.gap import Gap
from memesnipe.evidence.record import Record


class Damaged(msgspec.Struct, frozen=True):
    """Something that should be a record and is none that may be relied on."""

    origin: str
    """The file, or the object."""
    why: str


Sighting = Record | Damaged


class Track(msgspec.Struct, frozen=True):
    """What runs and how it fared, as the services say it."""

    code: Mapping[str, str] = {}
    """By code name: the hash of the code as strategy_factory registered it last."""
    paper_trades: Mapping[str, int] | None = None
    """By strategy: trades closed on paper; None while position_manager has not said."""
    gaps: Mapping[str, Gap | Damaged] = {}
    """By strategy: its live orders beside their paper twins."""

    def closed_on_paper(self, strategy: str) -> int | None:
        """Return how many trades of a strategy were closed on paper; None while nobody said."""
        return None if self.paper_trades is None else self.paper_trades.get(strategy, 0)
