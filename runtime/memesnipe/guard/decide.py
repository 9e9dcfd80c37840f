"""What wallet_guard decides, purely: orders are refused or start to wait; prices and time end the waiting with a Fill.

No clock, no I/O, no Redis; `book` is the caller's own copy and is changed in place (`desk.fold` makes one for each batch). Live
orders pass the same checks here and go on in `live`.
"""

from collections.abc import Sequence

from memesnipe.chain.policy import price_floor
from memesnipe.guard import paper
from memesnipe.guard.book import Book, Waiting
from memesnipe.guard.checks import CHECKS
from memesnipe.guard.paper import Cost, Swap, Terms
from memesnipe.guard.standing import Standing
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.market import MarketEvent, PriceTick
from memesnipe.messages.orders import ApprovedOrder, FillStatus, Intent, Outcome, Rejection, way_of
from memesnipe.messages.way import Way

STAGE = "wallet_guard"


def refusal_of(order: ApprovedOrder, book: Book, standing: Standing) -> Refused | None:
    """Return the first check's no, None when all pass."""
    for check in CHECKS:
        if refused := check(order, book, standing):
            return refused
    return None


def rejection(intent: Intent, refused: Refused, now_ns: int, way: Way | None) -> Rejection:
    """Return the terminal word on an order."""
    side = paper.side_of(intent)
    return Rejection(intent.id, intent.strategy, STAGE, refused.code, refused.detail[:512], now_ns, intent.mint, side, way=way)


def take(
    book: Book,
    order: ApprovedOrder,
    standing: Standing,
    terms: Terms,
    now_ns: int,
    rehearsed: Refused | Cost | None = None,
    taken_ns: int = 0,
) -> list[Outcome]:
    """Refuse an order, fill it at once, or let it wait for its slot. Live orders come here only where nobody could sign them.

    `taken_ns`: when it was read, before its rehearsal; 0 where nobody knows.
    """
    refused = refusal_of(order, book, standing) or (rehearsed if isinstance(rehearsed, Refused) else None)
    cost = rehearsed if isinstance(rehearsed, Cost) else None
    if refused is not None and refused.code is ReasonCode.DUPLICATE:
        return []  # its outcome was or will be said once
    book.note(order.intent.id)
    if refused is None and order.mode is Mode.LIVE:
        refused = Refused(ReasonCode.SIGNER_REFUSED, "no signer is configured")
    return [_refused(order, refused, now_ns, taken_ns)] if refused is not None else _accept(book, order, terms, now_ns, cost, taken_ns)


def watch(book: Book, events: Sequence[MarketEvent], terms: Terms) -> list[Outcome]:
    """Fold one frame of prices: overdue orders fill at what was known before each trade, due ones at the trade itself."""
    outcomes: list[Outcome] = []
    for event in events:
        if isinstance(event, PriceTick):
            if book.waits:
                outcomes += expire(book, event.time_ns, terms)
            book.see(event)
            if event.mint in book.waiting:
                outcomes += _reach(book, event, terms)
    return outcomes


def expire(book: Book, now_ns: int, terms: Terms) -> list[Outcome]:
    """End the waiting of orders whose time is up: nobody trades the token, so its last reserves still stand."""
    outcomes: list[Outcome] = []
    for mint, queue in [*book.waiting.items()]:
        late = [one for one in queue if one.deadline_ns <= now_ns]
        if late:
            book.leave(mint, tuple(one for one in queue if one.deadline_ns > now_ns))
        for one in late:
            outcomes += _end(book, one, book.pools.get(mint), terms, one.deadline_ns)
    return outcomes


def _refused(order: ApprovedOrder, refused: Refused, time_ns: int, taken_ns: int) -> Rejection:
    return rejection(order.intent, refused, time_ns, way_of(order.intent, order, taken_ns=taken_ns))


def _accept(book: Book, order: ApprovedOrder, terms: Terms, now_ns: int, cost: Cost | None, taken_ns: int) -> list[Outcome]:
    intent = order.intent
    pool, slot = book.pools.get(intent.mint), max(book.slot, intent.slot)
    luck = paper.draw(intent.id, terms, paper.stir_bps(book.before.get(intent.mint), pool, slot))
    swap = paper.swapped(intent, pool) if pool is not None else None
    quoted = paper.quoted_out(intent, swap)
    if not (quoted > 0):
        return [_refused(order, Refused(ReasonCode.NO_ROUTE, "the pool gives nothing for this size"), now_ns, taken_ns)]
    if not (paper.min_out(intent, quoted) >= price_floor(intent, terms.impact_bps_max)):
        return [_refused(order, Refused(ReasonCode.TX_MIN_OUT, f"{quoted} quoted is far from the intent's price"), now_ns, taken_ns)]
    waiting = Waiting(order, slot + luck.slots, now_ns + terms.timeout_ns, quoted, luck.fails, cost, taken_ns)
    if pool is not None and luck.slots == 0:
        return _end(book, waiting, pool, terms, now_ns, swap)
    book.queue(waiting)
    return []


def _reach(book: Book, tick: PriceTick, terms: Terms) -> list[Outcome]:
    queue = book.waiting[tick.mint]
    due = [one for one in queue if one.due_slot <= tick.slot]
    if not due:
        return []
    book.leave(tick.mint, tuple(one for one in queue if one.due_slot > tick.slot))
    return [outcome for one in due for outcome in _end(book, one, tick, terms, max(tick.time_ns, one.order.time_ns))]


def _end(book: Book, waiting: Waiting, pool: PriceTick | None, terms: Terms, time_ns: int, swap: Swap | None = None) -> list[Outcome]:
    """Return how a wait ends. `swap`: what these reserves give, where that is known already."""
    order, quoted, taken_ns, terms = waiting.order, waiting.quoted_out, waiting.taken_ns, paper.at_cost(terms, waiting.cost)
    if pool is None:
        return [_refused(order, Refused(ReasonCode.QUOTE_MISSING, "no price of this token came in time"), time_ns, taken_ns)]
    if waiting.fails:
        fill = paper.failed(order, pool, quoted, terms, time_ns, "drawn to fail", taken_ns)
        return [fill, _refused(order, Refused(ReasonCode.PAPER_FAILED, fill.error), time_ns, taken_ns)]
    account = f"{order.intent.strategy}/{order.intent.mint}"
    rent = 0 if account in book.accounts else terms.rent_lamports
    fill = paper.filled(order, pool, swap or paper.swapped(order.intent, pool), quoted, rent, terms, time_ns, taken_ns)
    if fill.status is FillStatus.FAILED:
        return [fill, _refused(order, Refused(ReasonCode.CHAIN_FAILED, fill.error), time_ns, taken_ns)]
    if fill.side is Side.BUY and rent:
        book.open_account(account)
    return [fill]
