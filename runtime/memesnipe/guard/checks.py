"""wallet_guard's own limits, one function each, in the order they run. A check may only refuse; none can approve.

They repeat what risk_guardian checked on purpose: a stolen or broken risk stage must not be enough to spend more than this.
"""

from collections.abc import Callable

from memesnipe.guard.book import PENDING_MAX, Book
from memesnipe.guard.standing import Standing
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import HaltState, Mode, Side
from memesnipe.messages.orders import ApprovedOrder, ExitIntent

Check = Callable[[ApprovedOrder, Book, Standing], Refused | None]


def not_decided_before(order: ApprovedOrder, book: Book, standing: Standing) -> Refused | None:
    """An intent has one outcome; the second order of it is a replay."""
    return Refused(ReasonCode.DUPLICATE) if order.intent.id in book.recent else None


def mode_in_force(order: ApprovedOrder, book: Book, standing: Standing) -> Refused | None:
    """A live order of a strategy that is on paper by now is not sent; an exit is, for the tokens it sells are real."""
    if order.mode is Mode.LIVE and not isinstance(order.intent, ExitIntent) and standing.mode_of(order.intent.strategy) is not Mode.LIVE:
        return Refused(ReasonCode.MODE_MISMATCH, f"{order.intent.strategy} is on paper")
    return None


def halt_allows(order: ApprovedOrder, book: Book, standing: Standing) -> Refused | None:
    """FROZEN: nothing. HALTED: exits only. REDUCE_ONLY: sells and exits only."""
    halt = standing.halt_of(order.intent.strategy)
    if halt is HaltState.FROZEN:
        return Refused(ReasonCode.FROZEN)
    if halt is HaltState.HALTED and not isinstance(order.intent, ExitIntent):
        return Refused(ReasonCode.HALTED)
    if halt is HaltState.REDUCE_ONLY and adds_risk(order):
        return Refused(ReasonCode.REDUCE_ONLY)
    return None


def no_halt_since(order: ApprovedOrder, book: Book, standing: Standing) -> Refused | None:
    """New risk that was approved before the newest halt command is stale, even if trading has resumed by now."""
    if adds_risk(order) and standing.halts.epoch != order.halt_epoch:
        return Refused(ReasonCode.HALT_EPOCH, f"approved at {order.halt_epoch}, now {standing.halts.epoch}")
    return None


def size_within_own_limit(order: ApprovedOrder, book: Book, standing: Standing) -> Refused | None:
    """wallet_guard's per-trade limit (lamports), on what is bought; a position may always be closed whole."""
    if isinstance(order.intent, ExitIntent) or order.intent.side is Side.SELL:
        return None
    size, limit = order.intent.size_lamports, standing.trade_size_lamports_max
    if not (0 < size <= limit):
        return Refused(ReasonCode.GUARD_TRADE_SIZE, f"{size} lamports, limit {limit}")
    return None


def sells_something(order: ApprovedOrder, book: Book, standing: Standing) -> Refused | None:
    """A sell of nothing would pay a fee for nothing."""
    if not adds_risk(order) and not (order.intent.size_units > 0):
        return Refused(ReasonCode.BAD_INPUT, "size_units: a sell of 0 units")
    return None


def room_to_wait(order: ApprovedOrder, book: Book, standing: Standing) -> Refused | None:
    """Orders pile up when no market data comes; a bound beats a state that no longer fits."""
    return Refused(ReasonCode.QUOTE_MISSING, "too many orders wait for prices") if book.waits >= PENDING_MAX else None


CHECKS: tuple[Check, ...] = (
    not_decided_before,
    mode_in_force,
    halt_allows,
    no_halt_since,
    size_within_own_limit,
    sells_something,
    room_to_wait,
)


def adds_risk(order: ApprovedOrder) -> bool:
    """Return whether the order can make a position larger."""
    return not isinstance(order.intent, ExitIntent) and order.intent.side is Side.BUY
