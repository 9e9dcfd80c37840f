"""What wallet_guard decides, purely: orders are refused or start to wait; prices and time end the waiting with a Fill.

No clock, no I/O, no Redis. Live orders pass the same checks here and go on in `live`.
"""

from collections.abc import Sequence

from memesnipe.chain.policy import price_floor
from memesnipe.guard import paper
from memesnipe.guard.book import Book, Waiting
from memesnipe.guard.checks import CHECKS
from memesnipe.guard.paper import Terms
from memesnipe.guard.standing import Standing
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.market import MarketEvent, PriceTick
from memesnipe.messages.orders import ApprovedOrder, Fill, FillStatus, Intent, Outcome, Rejection

STAGE = "wallet_guard"


def refusal_of(order: ApprovedOrder, book: Book, standing: Standing) -> Refused | None:
    """Return the first check's no, None when all pass."""
    for check in CHECKS:
        if refused := check(order, book, standing):
            return refused
    return None


def rejection(intent: Intent, refused: Refused, now_ns: int) -> Rejection:
    """Return the terminal word on an order."""
    side = paper.side_of(intent)
    return Rejection(intent.id, intent.strategy, STAGE, refused.code, refused.detail[:512], now_ns, intent.mint, side)


def take(
    book: Book, order: ApprovedOrder, standing: Standing, terms: Terms, now_ns: int, rehearsed: Refused | None = None
) -> tuple[Book, list[Outcome]]:
    """Refuse an order, fill it at once, or let it wait for its slot. Live orders come here only where nobody could sign them."""
    if refused := refusal_of(order, book, standing) or rehearsed:
        if refused.code is ReasonCode.DUPLICATE:
            return book, []  # its outcome was or will be said once
        return book.noted(order.intent.id), [rejection(order.intent, refused, now_ns)]
    if order.mode is Mode.LIVE:
        return book.noted(order.intent.id), [rejection(order.intent, Refused(ReasonCode.SIGNER_REFUSED, "no signer is configured"), now_ns)]
    return _accept(book.noted(order.intent.id), order, terms, now_ns)


def watch(book: Book, events: Sequence[MarketEvent], terms: Terms) -> tuple[Book, list[Outcome]]:
    """Fold one frame of prices: overdue orders fill at what was known before each trade, due ones at the trade itself."""
    ticks = [event for event in events if isinstance(event, PriceTick)]
    if not ticks:
        return book, []
    if not book.waiting:
        return book.seen(ticks), []
    outcomes: list[Outcome] = []
    for tick in ticks:
        book, overdue = expire(book, tick.time_ns, terms)
        book, due = _reach(book.seen([tick]), tick, terms)
        outcomes += overdue + due
    return book, outcomes


def expire(book: Book, now_ns: int, terms: Terms) -> tuple[Book, list[Outcome]]:
    """End the waiting of orders whose time is up: nobody trades the token, so its last reserves still stand."""
    outcomes: list[Outcome] = []
    for mint, queue in book.waiting.items():
        late = [one for one in queue if one.deadline_ns <= now_ns]
        if late:
            book = book.left(mint, tuple(one for one in queue if one.deadline_ns > now_ns))
        for one in late:
            book, ended = _end(book, one, book.pools.get(mint), terms, one.deadline_ns)
            outcomes += ended
    return book, outcomes


def _accept(book: Book, order: ApprovedOrder, terms: Terms, now_ns: int) -> tuple[Book, list[Outcome]]:
    pool, luck = book.pools.get(order.intent.mint), paper.draw(order.intent.id, terms)
    quoted = paper.quoted_out(order.intent, pool)
    if not (quoted > 0):
        return book, [rejection(order.intent, Refused(ReasonCode.NO_ROUTE, "the pool gives nothing for this size"), now_ns)]
    if not (paper.min_out(order.intent, quoted) >= price_floor(order.intent, terms.impact_bps_max)):
        return book, [rejection(order.intent, Refused(ReasonCode.TX_MIN_OUT, f"{quoted} quoted is far from the intent's price"), now_ns)]
    due_slot = max(book.slot, order.intent.slot) + luck.slots
    waiting = Waiting(order, due_slot, now_ns + terms.timeout_ns, quoted, luck.fails)
    if pool is not None and luck.slots == 0:
        return _end(book, waiting, pool, terms, now_ns)
    return book.queued(waiting), []


def _reach(book: Book, tick: PriceTick, terms: Terms) -> tuple[Book, list[Outcome]]:
    queue = book.waiting.get(tick.mint, ())
    due = [one for one in queue if one.due_slot <= tick.slot]
    if not due:
        return book, []
    book = book.left(tick.mint, tuple(one for one in queue if one.due_slot > tick.slot))
    outcomes: list[Outcome] = []
    for one in due:
        book, ended = _end(book, one, tick, terms, max(tick.time_ns, one.order.time_ns))
        outcomes += ended
    return book, outcomes


def _end(book: Book, waiting: Waiting, pool: PriceTick | None, terms: Terms, time_ns: int) -> tuple[Book, list[Outcome]]:
    order, quoted = waiting.order, waiting.quoted_out
    if pool is None:
        return book, [rejection(order.intent, Refused(ReasonCode.QUOTE_MISSING, "no price of this token came in time"), time_ns)]
    if waiting.fails:
        fill = paper.failed(order, pool, quoted, terms, time_ns, "drawn to fail")
        return book, [fill, rejection(order.intent, Refused(ReasonCode.PAPER_FAILED, fill.error), time_ns)]
    account = f"{order.intent.strategy}/{order.intent.mint}"
    rent = 0 if account in book.accounts else terms.rent_lamports
    fill = paper.filled(order, pool, quoted, rent, terms, time_ns)
    if fill.status is FillStatus.FAILED:
        return book, [fill, rejection(order.intent, Refused(ReasonCode.CHAIN_FAILED, fill.error), time_ns)]
    return (book.opened(account) if _opens(fill) else book), [fill]


def _opens(fill: Fill) -> bool:
    return fill.side is Side.BUY and fill.rent_lamports > 0
