"""What the breakers remember: frozen and bounded, kept in the book of risk_guardian and stored with each of its commits.

Times are ns, profits lamports. Nothing here is ever more than `CLOSED_MAX` trades and one pause a breaker long.
"""

import msgspec

from memesnipe.messages.bounds import AMOUNT_MAX

CLOSED_MAX = 64
"""Closed trades remembered of each strategy: what is said of a window is said of these at most."""
NEVER_NS = 2**63 - 1
"""Ends when a person resumes."""
VALUE_MAX = 10**9
"""As much as is said of a value: a fall measured by next to nothing is a number that no message holds."""


class Mark(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The highest profit of a period, and the most capital that was behind it since.

    Capital that the allocator takes away is no loss: measured by what is left, a fall of before would look deeper than it was.
    """

    high_lamports: int = 0
    capital_lamports: int = 0
    period: int = 0
    """Number of the UTC day or week; 0 for one without an end."""


class Pause(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One breaker that tripped: with which value, against which limit, and until when nothing is bought."""

    since_ns: int
    until_ns: int
    value: int
    limit: int


class Tally(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What the fills of an open position paid, and what they come to so far (lamports)."""

    spent_lamports: int = 0
    net_lamports: int = 0


class Closed(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A closed trade."""

    mint: str
    time_ns: int
    net_lamports: int
    spent_lamports: int
    stopped: bool
    """A stop closed it, at a loss."""


class StrategyState(msgspec.Struct, frozen=True, array_like=True):
    """Of one strategy in one mode."""

    top: Mark = Mark()
    day: Mark = Mark()
    week: Mark = Mark()
    pauses: dict[str, Pause] = {}
    """By value of the ReasonCode it refuses with. One that ended stays until the next of its kind."""
    closed: tuple[Closed, ...] = ()
    open: dict[str, Tally] = {}
    """By mint that is held."""
    losses: int = 0
    """Trades closed at a loss in a row."""
    breaches: int = 0
    """Orders refused for their rate since `breached_ns`."""
    breached_ns: int = 0


class PortfolioState(msgspec.Struct, frozen=True, array_like=True):
    """Of all strategies of one mode together."""

    day: Mark = Mark()
    week: Mark = Mark()
    pauses: dict[str, Pause] = {}


def is_paused(pauses: dict[str, Pause], reason: str, now_ns: int) -> bool:
    """Return whether a breaker that tripped has not ended yet."""
    pause = pauses.get(reason)
    return pause is not None and now_ns < pause.until_ns


def paused(pauses: dict[str, Pause], reason: str, value: int, limit: int, now_ns: int, until_ns: int) -> dict[str, Pause]:
    """Return the pauses with one more. One that stands is made longer, never shorter, and keeps what tripped it."""
    before = pauses.get(reason)
    if before is not None and now_ns < before.until_ns:
        return {**pauses, reason: Pause(before.since_ns, max(before.until_ns, until_ns), before.value, before.limit)}
    return {**pauses, reason: Pause(now_ns, until_ns, min(value, VALUE_MAX), limit)}


def bounded(lamports: int) -> int:
    """Keep a sum inside what msgpack can carry: an absurd price must not stop the guard from storing its book."""
    return max(-AMOUNT_MAX, min(lamports, AMOUNT_MAX))
