"""What a check is given, and what it may answer. A check can only refuse; none can approve."""

from collections.abc import Callable

import msgspec

from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import RiskLimits
from memesnipe.messages.orders import Intent
from memesnipe.risk.book import Account, Portfolio
from memesnipe.risk.market.clocks import Skew
from memesnipe.risk.market.memory import Memory
from memesnipe.risk.rules import Rules


class Finding(msgspec.Struct, frozen=True, gc=False):
    """Why not: a reason of the table, and the numbers a person needs to see."""

    reason: ReasonCode
    detail: str


class Case(msgspec.Struct, frozen=True):
    """One intent with everything a check may look at. `strategy` is the stream's word, never the message's."""

    intent: Intent
    strategy: str
    mode: Mode
    account: Account
    portfolio: Portfolio
    rules: Rules
    limits: RiskLimits
    capital_lamports: int
    """What the whole portfolio's equity is measured from."""
    now_ns: int
    buys: bool
    """Whether the intent adds risk."""
    room_lamports: int
    """What the order may cost at most (lamports); 0 unless it buys."""
    market: Memory
    skew: Skew


Check = Callable[[Case], Finding | None]


def within(case: Case, committed_lamports: int, limit_lamports: int, reason: ReasonCode, where: str = "") -> Finding | None:
    """Refuse a buy with which more than the limit would be committed; `where` is said behind the amount."""
    after = committed_lamports + case.room_lamports
    if case.buys and not (after <= limit_lamports):
        return Finding(reason, f"{after} lamports{where} with this order, limit {limit_lamports}")
    return None
