"""Why all of a position is sold, one function per cause in the order they are asked, and from when on time alone is a cause. Pure."""

from collections.abc import Callable

import msgspec

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import RiskLimits
from memesnipe.messages.orders import ExitCause
from memesnipe.positions.book import Open
from memesnipe.positions.stops import touched
from memesnipe.positions.watching import drained

NEVER_NS = 2**63 - 1


class Rules(msgspec.Struct, frozen=True):
    """What is in force at this moment."""

    limits: RiskLimits
    halts: Callable[[str], HaltState]
    """Effective halt of a strategy."""
    now_ns: int

    def may_exit(self, one: Open) -> bool:
        """Return whether an exit would be signed: always but in FROZEN."""
        return self.halts(one.position.strategy) is not HaltState.FROZEN


def person(one: Open, _rules: Rules) -> ExitCause | None:
    """A person asked to close it."""
    return ExitCause.PERSON if one.watch.close_request else None


def token_worse(one: Open, _rules: Rules) -> ExitCause | None:
    """The token turned against its holders."""
    return ExitCause.TOKEN if one.watch.token_worse else None


def liquidity(one: Open, rules: Rules) -> ExitCause | None:
    """The pool is being emptied: what is left of it is all that anybody can sell into."""
    return ExitCause.LIQUIDITY if rules.limits.exits.drain_bps and drained(one.watch.pool) else None


def stop(one: Open, rules: Rules) -> ExitCause | None:
    """The price fell to the highest stop in force."""
    return touched(one, rules.limits)


def take_profit(one: Open, rules: Rules) -> ExitCause | None:
    """The price rose to the goal, seen from the price that was paid."""
    mark, goal_bps = one.watch.mark, rules.limits.take_profit_bps
    if mark is None or not goal_bps:
        return None
    return ExitCause.TAKE_PROFIT if mark.reaches(one.position.units, one.position.entry_lamports, goal_bps) else None


def time_stop(one: Open, rules: Rules) -> ExitCause | None:
    """The position is older than allowed."""
    return ExitCause.TIME_STOP if rules.now_ns >= aged_ns(one, rules.limits) else None


def stale(one: Open, rules: Rules) -> ExitCause | None:
    """Nobody said a price for longer than allowed: no stop can be told of then."""
    return ExitCause.STALE_PRICE if rules.now_ns >= silent_ns(one, rules.limits) else None


CAUSES: tuple[Callable[[Open, Rules], ExitCause | None], ...] = (person, token_worse, liquidity, stop, take_profit, time_stop, stale)
"""Why all of a position is sold, in the order they are asked."""


def aged_ns(one: Open, limits: RiskLimits) -> int:
    """Return when the position is too old."""
    return one.position.opened_ns + limits.time_stop_s * NS_PER_S if limits.time_stop_s > 0 else NEVER_NS


def silent_ns(one: Open, limits: RiskLimits) -> int:
    """Return when nobody said a price for too long."""
    return priced_ns(one) + limits.exits.stale_exit_s * NS_PER_S if limits.exits.stale_exit_s > 0 else NEVER_NS


def priced_ns(one: Open) -> int:
    """Return the time of the newest price; of a position that saw none yet, when it was opened (ns)."""
    mark = one.watch.mark
    return max(mark.time_ns, one.position.opened_ns) if mark is not None else one.position.opened_ns
