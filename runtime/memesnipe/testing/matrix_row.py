"""What the misbehaviour matrix counts: the steps, the sides, and what a row of it came to."""

from typing import Literal

import msgspec

GUARD_FAILPOINTS = (
    "guard.before_attempt",
    "guard.after_attempt",
    "guard.before_signature_kept",
    "guard.after_signature_kept",
    "guard.before_broadcast",
    "guard.after_broadcast",
    "guard.before_outcome_kept",
    "guard.after_outcome_kept",
    "guard.before_commit_live",
    "bus.before_commit",
    "bus.after_commit",
    "guard.after_commit_live",
)
SIGNER_FAILPOINTS = ("signer.before_persist", "signer.after_persist", "signer.before_answer")
POSITION_FAILPOINTS = ("positions.before_ledger", "positions.after_ledger", "positions.before_commit", "positions.after_commit")
Side = Literal["buy", "sell", "exit"]
Cell = tuple[str, Side]
SIDES: tuple[Side, ...] = ("buy", "sell", "exit")
FAILPOINTS = (*GUARD_FAILPOINTS, *SIGNER_FAILPOINTS, *POSITION_FAILPOINTS)


class Row(msgspec.Struct):
    """What a bad day came to. A cell tells whether the victim died: a step that is not on an order's way kills nobody."""

    day: str
    orders: int = 0
    filled: int = 0
    refused: int = 0
    cells: list[tuple[str, Side, bool]] = []
    twice: int = 0
    lost: int = 0
    wrong: int = 0
    undone: int = 0
    stuck: int = 0
    off: int = 0
    off_lamports: int = 0
    slowest_s: float = 0.0
    stories: list[str] = []

    @property
    def sound(self) -> bool:
        """Whether nothing was lost, doubled or stuck, and the ledger is the chain."""
        return not (self.twice or self.lost or self.wrong or self.stuck or self.off)
