"""What position_manager does, without a clock or any I/O: book and message in, book and messages out."""

from collections.abc import Sequence

import msgspec

from memesnipe.ledger.booked import Booked
from memesnipe.messages.control import CloseRequest, PositionUpdate
from memesnipe.messages.market import MarketFrame, PriceTick
from memesnipe.messages.orders import ExitIntent, Fill, FillStatus, Rejection
from memesnipe.positions.book import Book, Open, Watch
from memesnipe.positions.causes import Rules
from memesnipe.positions.exits import consider, refused
from memesnipe.positions.stops import stop_ratio
from memesnipe.positions.watching import marked

Effect = ExitIntent | PositionUpdate
Decision = tuple[Book, Sequence[Effect]]


def on_frame(book: Book, frame: MarketFrame, rules: Rules) -> Decision:
    """Look at every price in a frame, in order: a stop that was touched between two others was touched."""
    effects: list[Effect] = []
    for event in frame.events:
        if isinstance(event, PriceTick):
            book, more = on_price(book, event, rules)
            effects += more
    return book, effects


def on_price(book: Book, tick: PriceTick, rules: Rules) -> Decision:
    """Mark every position in the token, and sell those whose stop or goal is reached."""
    return _each(book, [marked(one, tick, rules.limits.exits) for one in book.holders(tick.mint)], rules)


def on_booked(book: Book, booked: Booked, rules: Rules) -> Decision:
    """Take the position as the ledger has it after the fill, end the exit it answers, and tell everybody."""
    fill, position = booked.fill, booked.position
    book = book.with_position(position).with_realized((fill.strategy, fill.mode), booked.realized_lamports, booked.trade)
    held = [settled(one, fill) for one in (book.open.get(position.key),) if one is not None]
    update = update_of(held[0] if held else Open(position, Watch(position.opened_intent_id)), rules, fill.time_ns)
    book, exits = _each(book, held, rules)
    return book, [update, *exits]


def on_rejection(book: Book, rejection: Rejection, rules: Rules) -> Decision:
    """An exit of ours was refused, or ended without landing: it is asked for again, later and with more slippage."""
    sold = [one for one in book.holders(rejection.mint) if one.watch.exit and one.watch.exit.intent_id == rejection.intent_id]
    return _each(book, [refused(one, rejection.reason, rules.now_ns) for one in sold], rules)


def on_close_request(book: Book, request: CloseRequest, rules: Rules) -> Decision:
    """A person wants out: remembered until the position is closed, through refusals and a freeze."""
    return _each(book, [asked(one, request) for one in asked_of(book, request)], rules)


def on_token_worse(book: Book, mint: str, what: str, rules: Rules) -> Decision:
    """A held token turned against its holders: everybody who holds it gets out. Said again it does nothing."""
    unaware = [one for one in book.holders(mint) if not one.watch.token_worse]
    return _each(book, [Open(one.position, msgspec.structs.replace(one.watch, token_worse=what)) for one in unaware], rules)


def asked_of(book: Book, request: CloseRequest) -> list[Open]:
    """Return the positions that a request is about: in either mode."""
    return [one for one in book.holders(request.mint) if one.position.strategy == request.strategy]


def on_time(book: Book, rules: Rules) -> Decision:
    """Time passed: time stops, and exits that wait to be asked for again."""
    return _each(book, list(book.open.values()), rules)


def update_of(one: Open, rules: Rules, time_ns: int) -> PositionUpdate:
    """Return the word on a position: what is held, what it cost, what it would bring, where its stop is."""
    position = one.position
    quote, units = stop_ratio(one, rules.limits)
    return PositionUpdate(
        strategy=position.strategy,
        mode=position.mode,
        mint=position.mint,
        units=position.units,
        cost_lamports=position.cost_lamports,
        mark_lamports=one.value_lamports if position.units else 0,
        realized_lamports=position.realized_lamports,
        stop_quote_lamports=quote,
        stop_base_units=units,
        time_ns=time_ns,
        decimals=position.decimals,
    )


def asked(one: Open, request: CloseRequest) -> Open:
    """Return the position with a person's wish on it."""
    return Open(one.position, msgspec.structs.replace(one.watch, close_request=request.id))


def settled(one: Open, fill: Fill) -> Open:
    """Return the position with its exit ended, if this fill is what the exit asked for. A failed attempt ends nothing."""
    ends = fill.status is FillStatus.FILLED and one.watch.exit is not None and one.watch.exit.intent_id == fill.intent_id
    return Open(one.position, msgspec.structs.replace(one.watch, exit=None, lowered=0)) if ends else one


def _each(book: Book, positions: Sequence[Open], rules: Rules) -> Decision:
    exits: list[ExitIntent] = []
    for one in positions:
        after, intent = consider(one, rules)
        book = book.with_open(after)
        exits += [intent] if intent is not None else []
    return book, exits
