"""When a position is sold, one function per cause, and how hard: a table in the order they are asked."""

from collections.abc import Callable

import msgspec

from memesnipe.kernel.clock import NS_PER_MS, NS_PER_S
from memesnipe.kernel.ids import derive
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.ledger.accounting import Position
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import RiskLimits
from memesnipe.messages.orders import ExitCause, ExitIntent
from memesnipe.positions.book import Exit, Mark, Open

BPS = 10_000
RETRY_FIRST_MS = 500
RETRY_MAX_MS = 30_000
OUTCOME_S_MAX = 120
"""An exit without an outcome for so long is asked for again under another id: a crash between sending and saving can leave one whose
outcome went by. Should it be under way after all, risk_guardian refuses the second, for its units are reserved."""
NEVER_NS = 2**63 - 1
FLOOR_PATIENCE = 5
"""After so many refusals for the price (some 15 s) the market has gone for good: each further one halves the price the exit names."""


class Rules(msgspec.Struct, frozen=True):
    """What is in force at this moment."""

    limits: RiskLimits
    halts: Callable[[str], HaltState]
    """Effective halt of a strategy."""
    now_ns: int

    def may_exit(self, one: Open) -> bool:
        """Return whether an exit would be signed: always but in FROZEN."""
        return self.halts(one.position.strategy) is not HaltState.FROZEN


def stop_ratio(one: Open, limits: RiskLimits) -> tuple[int, int]:
    """Return (lamports, units): at or below this price the position is sold; (0, 0) means that it has no stop."""
    if not limits.stop_loss_bps or not one.position.units:
        return 0, 0
    return one.position.entry_lamports * max(BPS - limits.stop_loss_bps, 0) // BPS, one.position.units


def stop_loss(one: Open, rules: Rules) -> bool:
    """The price fell to the stop, seen from the price that was paid."""
    quote, units = stop_ratio(one, rules.limits)
    mark = one.watch.mark
    return mark is not None and units > 0 and mark.quote_lamports * units <= quote * mark.base_units


def take_profit(one: Open, rules: Rules) -> bool:
    """The price rose to the goal, seen from the price that was paid."""
    mark, goal_bps = one.watch.mark, rules.limits.take_profit_bps
    if mark is None or not goal_bps:
        return False
    return mark.quote_lamports * one.position.units * BPS >= one.position.entry_lamports * (BPS + goal_bps) * mark.base_units


def time_stop(one: Open, rules: Rules) -> bool:
    """The position is older than allowed."""
    limit_s = rules.limits.time_stop_s
    return limit_s > 0 and rules.now_ns - one.position.opened_ns >= limit_s * NS_PER_S


def person(one: Open, _rules: Rules) -> bool:
    """A person asked to close it."""
    return bool(one.watch.close_request)


def token_worse(one: Open, _rules: Rules) -> bool:
    """The token turned against its holders."""
    return bool(one.watch.token_worse)


CAUSES: tuple[tuple[ExitCause, Callable[[Open, Rules], bool]], ...] = (
    (ExitCause.PERSON, person),
    (ExitCause.TOKEN, token_worse),
    (ExitCause.STOP_LOSS, stop_loss),
    (ExitCause.TAKE_PROFIT, take_profit),
    (ExitCause.TIME_STOP, time_stop),
)


def cause_of(one: Open, rules: Rules) -> ExitCause | None:
    """Return why the position is to be sold now. A sale once begun goes on, whatever the price does meanwhile."""
    if one.watch.exit is not None:
        return one.watch.exit.cause if rules.now_ns >= due_ns(one, rules.limits) else None
    return next((cause for cause, holds in CAUSES if holds(one, rules)), None)


def due_ns(one: Open, limits: RiskLimits) -> int:
    """Return before when time alone cannot sell a position that was considered at its last change (ns): until then, looking is idle."""
    waiting = one.watch.exit
    if waiting is not None:
        return waiting.sent_ns + OUTCOME_S_MAX * NS_PER_S if waiting.intent_id else waiting.retry_ns
    return one.position.opened_ns + limits.time_stop_s * NS_PER_S if limits.time_stop_s > 0 else NEVER_NS


def consider(one: Open, rules: Rules) -> tuple[Open, ExitIntent | None]:
    """Return the position and the exit to ask for, if one is due. At most one is in flight for a position."""
    cause = cause_of(one, rules)
    if cause is None or not rules.may_exit(one):
        return one, None
    intent = _intent(one, cause, rules)
    asked = Exit(cause, intent.id, rules.now_ns)
    watch = msgspec.structs.replace(one.watch, exit=asked, attempts=one.watch.attempts + 1)
    return Open(one.position, watch), intent


def refused(one: Open, reason: ReasonCode, now_ns: int) -> Open:
    """Return the position after its exit was refused: it waits, longer each time, so that a closed door is not hammered."""
    waiting = one.watch.exit
    if waiting is None:
        return one
    delay_ms = min(RETRY_FIRST_MS << min(max(one.watch.attempts - 1, 0), 16), RETRY_MAX_MS)
    retry = Exit(waiting.cause, "", waiting.sent_ns, now_ns + delay_ms * NS_PER_MS)
    lowered = one.watch.lowered + (reason is ReasonCode.TX_MIN_OUT)
    return Open(one.position, msgspec.structs.replace(one.watch, exit=retry, lowered=lowered))


def slippage_bps(attempt: int, limit_bps: int) -> int:
    """Return a quarter of the limit on the first attempt, doubling up to the limit: a stop that cannot fill must pay more."""
    return min(max(limit_bps // 4, 1) << min(attempt, 16), limit_bps)


def named_lamports(one: Open, mark: Mark) -> int:
    """Return the quote side of the price an exit names; guard and signer accept nothing far below it.

    Where a pool lost its depth, or the price we know is old, that floor would refuse every exit for ever.
    """
    return max(mark.quote_lamports >> max(0, one.watch.lowered - FLOOR_PATIENCE), 1)


def _intent(one: Open, cause: ExitCause, rules: Rules) -> ExitIntent:
    position, attempt = one.position, one.watch.attempts
    mark = one.watch.mark or _entry_mark(one)
    return ExitIntent(
        id=derive("exit", position.strategy, position.mint, position.opened_intent_id, cause.value, attempt, *_sold_in_part(position)),
        strategy=position.strategy,
        event_id=one.watch.close_request if cause is ExitCause.PERSON else mark.event_id,
        sequence=attempt,
        time_ns=rules.now_ns,
        slot=mark.slot,
        mint=position.mint,
        size_units=position.units,
        slippage_bps_max=slippage_bps(attempt, rules.limits.slippage_bps_max),
        quote_lamports=named_lamports(one, mark),
        base_units=mark.base_units,
        cause=cause,
        mode=position.mode,
    )


def _sold_in_part(position: Position) -> tuple[int, ...]:
    """What tells a position of which a part was sold from the one it was before.

    Bought again in the slot and second in which the exit filled, it is the same position by the ledger's order of fills, and watched
    afresh: under its first exit's id the next one would be dropped as decided already, and it would be held without one.
    """
    return (position.trade_outlay_lamports,) if position.trade_outlay_lamports != position.cost_lamports else ()


def _entry_mark(one: Open) -> Mark:
    position = one.position
    return Mark(max(position.entry_lamports, 1), position.units, position.last_slot, position.last_ns, position.opened_intent_id)
