"""What is sold of a position now, and how hard it is tried: all of it for a cause (`causes`), or a part by the ladder."""

from typing import Any

import msgspec

from memesnipe.kernel.clock import NS_PER_MS, NS_PER_S
from memesnipe.kernel.ids import derive
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.ledger.accounting import Position
from memesnipe.messages.control import RiskLimits
from memesnipe.messages.orders import ExitCause, ExitIntent
from memesnipe.positions.book import Exit, Mark, Open
from memesnipe.positions.causes import CAUSES, NEVER_NS, Rules, aged_ns, silent_ns
from memesnipe.positions.ladder import ALL, rung_of, units_over

RETRY_FIRST_MS = 500
RETRY_MAX_MS = 30_000
OUTCOME_S_MAX = 120
"""An exit without an outcome for so long is asked for again under another id: a crash between sending and saving can leave one whose
outcome went by. Should it be under way after all, risk_guardian refuses the second, for its units are reserved."""
BY_PRICE = frozenset(ExitCause) - {ExitCause.PERSON, ExitCause.TOKEN, ExitCause.TIME_STOP, ExitCause.STALE_PRICE}
"""What the newest price causes: from its time on a sale is late."""
AT_ONCE = 2
"""Urgency at which an exit may slip by the whole limit."""
FLOOR_PATIENCE = 5
"""After so many refusals for the price (some 15 s) the market has gone for good: each further one halves the price the exit names."""


class Sale(msgspec.Struct, frozen=True, gc=False):
    """What is to be sold now: all but `keep_bps` of the trade, asked for `tries` times before."""

    cause: ExitCause
    keep_bps: int = ALL
    tries: int = 0


def sale_of(one: Open, rules: Rules) -> Sale | None:
    """Return what is to be sold now. A sale once begun goes on, whatever the price does; that of all goes before that of a part."""
    waiting = one.watch.exit
    if waiting is None:
        return _whole(one, rules) or _part(one, rules)
    if waiting.keep_bps and not waiting.intent_id and (whole := _whole(one, rules)):
        return whole
    if rules.now_ns < _retry_ns(waiting):
        return None
    return Sale(waiting.cause, waiting.keep_bps, waiting.tries + 1)


def _whole(one: Open, rules: Rules) -> Sale | None:
    cause = next((cause for why in CAUSES if (cause := why(one, rules))), None)
    return Sale(cause) if cause is not None else None


def _part(one: Open, rules: Rules) -> Sale | None:
    """A rung of the ladder. What it would leave is sold with it where that is not worth another sale."""
    keep_bps = rung_of(one, rules.limits.exits)
    if keep_bps is None:
        return None
    left = one.position.units - units_over(one.position, keep_bps)
    return Sale(ExitCause.LADDER, ALL if one.value_of(left) < rules.limits.exits.dust_lamports else keep_bps)


def due_ns(one: Open, limits: RiskLimits) -> int:
    """Return before when time alone cannot sell a position that was considered at its last change (ns): until then, looking is idle."""
    waiting, over_ns = one.watch.exit, min(aged_ns(one, limits), silent_ns(one, limits))
    if waiting is None:
        return NEVER_NS if is_dust(one, limits) else over_ns
    return min(_retry_ns(waiting), over_ns) if waiting.keep_bps and not waiting.intent_id else _retry_ns(waiting)


def _retry_ns(waiting: Exit) -> int:
    return waiting.sent_ns + OUTCOME_S_MAX * NS_PER_S if waiting.intent_id else waiting.retry_ns


def is_dust(one: Open, limits: RiskLimits) -> bool:
    """Return whether what is left of a position sold in part is not worth a sale at the newest price. A person may still close it."""
    sold_in_part = one.position.cost_lamports < one.position.trade_outlay_lamports
    return sold_in_part and one.watch.mark is not None and one.value_of(one.position.units) < limits.exits.dust_lamports


def consider(one: Open, rules: Rules) -> tuple[Open, ExitIntent | None]:
    """Return the position and the exit to ask for, if one is due. At most one is in flight for a position."""
    sale = sale_of(one, rules)
    if sale is not None and sale.cause is not ExitCause.PERSON and is_dust(one, rules.limits):
        return (_with(one, exit=None) if one.watch.exit is not None else one), None
    if sale is None or not rules.may_exit(one):
        return one, None
    units = units_over(one.position, sale.keep_bps)
    if not units:  # the part that waits to be sold was sold meanwhile, by the strategy
        return _with(one, exit=None), None
    intent = _intent(one, sale, units, rules)
    asked = Exit(sale.cause, intent.id, rules.now_ns, 0, sale.keep_bps, sale.tries)
    return _with(one, exit=asked, attempts=one.watch.attempts + 1), intent


def refused(one: Open, reason: ReasonCode, now_ns: int) -> Open:
    """Return the position after its exit was refused: it waits, longer each time, so that a closed door is not hammered."""
    waiting = one.watch.exit
    if waiting is None:
        return one
    delay_ms = min(RETRY_FIRST_MS << min(waiting.tries, 16), RETRY_MAX_MS)
    retry = msgspec.structs.replace(waiting, intent_id="", retry_ns=now_ns + delay_ms * NS_PER_MS)
    return _with(one, exit=retry, lowered=one.watch.lowered + (reason is ReasonCode.TX_MIN_OUT))


def urgency_of(sale: Sale) -> int:
    """Return how hard a sale is tried: each time harder, and from the first time where every second takes from what is left."""
    return sale.tries + (AT_ONCE if sale.cause in (ExitCause.TOKEN, ExitCause.LIQUIDITY) else 0)


def slippage_bps(urgency: int, limit_bps: int) -> int:
    """Return a quarter of the limit on the first attempt, doubling up to the limit: a stop that cannot fill must pay more."""
    return min(max(limit_bps // 4, 1) << min(urgency, 16), limit_bps)


def named_lamports(one: Open, mark: Mark) -> int:
    """Return the quote side of the price an exit names; guard and signer accept nothing far below it.

    Where a pool lost its depth, or the price we know is old, that floor would refuse every exit for ever.
    """
    return max(mark.quote_lamports >> max(0, one.watch.lowered - FLOOR_PATIENCE), 1)


def _with(one: Open, **changes: Any) -> Open:
    return Open(one.position, msgspec.structs.replace(one.watch, **changes))


def _intent(one: Open, sale: Sale, units: int, rules: Rules) -> ExitIntent:
    position, attempt, cause, urgency = one.position, one.watch.attempts, sale.cause, urgency_of(sale)
    mark = one.watch.mark or _entry_mark(one)
    return ExitIntent(
        id=derive("exit", position.strategy, position.mint, position.opened_intent_id, cause.value, attempt, *_sold_in_part(position)),
        strategy=position.strategy,
        event_id=one.watch.close_request if cause is ExitCause.PERSON else mark.event_id,
        sequence=attempt,
        time_ns=rules.now_ns,
        slot=mark.slot,
        mint=position.mint,
        size_units=units,
        slippage_bps_max=slippage_bps(urgency, rules.limits.slippage_bps_max),
        quote_lamports=named_lamports(one, mark),
        base_units=mark.base_units,
        cause=cause,
        mode=position.mode,
        urgency=urgency,
        wished_ns=rules.now_ns,
        event_ns=mark.time_ns if cause in BY_PRICE and not sale.tries else 0,
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
