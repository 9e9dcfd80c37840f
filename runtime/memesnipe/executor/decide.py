"""Pure: a strategy, its book and an event become intents. No clock, no I/O; what goes wrong is a value.

`on_event` is awaited without an event loop: a coroutine that never really waits lets the whole loop run through in one step. One
that does wait is closed and counted, because a backtest could not have made the same decision.
"""

from collections.abc import Coroutine, Iterable
from typing import Any

import msgspec

from memesnipe.executor.book import Book, BookView
from memesnipe.executor.checks import CHECKS, Order, Standing
from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.ids import derive
from memesnipe.messages import codec
from memesnipe.messages.bounds import Side
from memesnipe.messages.market import BridgeTransfer, DepthQuote, Launch, MarketEvent, PriceTick, SocialPost
from memesnipe.messages.orders import OrderIntent
from memesnipe.strategy.contract import Buy, EventType, Sell, Strategy
from memesnipe.strategy.spec import StrategySpec

EVENT_KINDS: dict[EventType, type[MarketEvent]] = {
    EventType.PRICE: PriceTick,
    EventType.DEPTH: DepthQuote,
    EventType.SOCIAL: SocialPost,
    EventType.BRIDGE: BridgeTransfer,
    EventType.LAUNCH: Launch,
}


class Failure(msgspec.Struct, frozen=True):
    """A strategy's fault that became no action."""

    kind: str
    detail: str
    error: BaseException | None = None
    """Of the first of its kind."""
    count: int = 1


FAULT_KINDS_MAX = 64
"""A strategy that fails on every event, each time with a class of its own, must not fill the memory before the next commit."""


class Heard(msgspec.Struct):
    """What came of the events: intents to send, faults to count, answers that a check refused (by its name)."""

    intents: list[OrderIntent] = []
    faults: dict[str, Failure] = {}
    """By kind; a strategy that fails on every event is one fault with a count."""
    refused: list[str] = []
    routed: int = 0
    """Events that reached the strategy: without any, its memory is as it was."""

    def fail(self, kind: str, detail: str, error: BaseException | None = None) -> None:
        """Note a fault."""
        kind = kind if kind in self.faults or len(self.faults) < FAULT_KINDS_MAX else "other"
        known = self.faults.get(kind)
        self.faults[kind] = Failure(kind, detail, error) if known is None else msgspec.structs.replace(known, count=known.count + 1)


class Seat(msgspec.Struct, frozen=True):
    """A strategy in place: its code, its spec and its view."""

    spec: StrategySpec
    strategy: Strategy[Any]
    view: BookView

    @property
    def kinds(self) -> frozenset[type]:
        """Return the event types that are routed to the strategy."""
        return frozenset(EVENT_KINDS[event] for event in self.strategy.subscriptions)


def hear(seat: Seat, kinds: frozenset[type], events: Iterable[MarketEvent], standing: Standing, heard: Heard) -> None:
    """Put the events to the strategy one by one and add what comes of them to `heard`, before the next event is asked for.

    Everything in the inner loop is paid for each market event; what only an answer needs is in `_act`. The loop is a coroutine
    itself, because `await` hands an answer over without the exception that a coroutine driven by hand ends with.
    """
    rest, on_event, leaving, routed = iter(events), seat.strategy.on_event, False, 0
    event: Any = None  # the one that is asked about: a strategy that waits is named by it

    async def ask() -> None:
        nonlocal event, routed
        for event in rest:
            if type(event) not in kinds:
                continue
            routed += 1
            try:
                answer = await on_event(event)
            except BaseException as error:
                if leaving or isinstance(error, KeyboardInterrupt):
                    raise
                heard.fail(type(error).__name__, event.event_id, error)
                continue
            if answer is not None:
                _act(seat, event, answer, standing, heard)

    while _waits(asking := ask()):
        leaving = True
        _waited(asking, event, heard)
        leaving = False
    heard.routed += routed


def _waits(asking: Coroutine[Any, Any, None]) -> bool:
    """Run until the strategy waits for something, or until it has heard everything."""
    try:
        asking.send(None)
    except StopIteration:
        return False
    return True


def _waited(coroutine: Coroutine[Any, Any, Any], event: MarketEvent, heard: Heard) -> None:
    try:
        coroutine.close()
    except BaseException as error:
        heard.fail("waited", f"{event.event_id}: on_event awaited and would not be closed", error)
        return
    heard.fail("waited", f"{event.event_id}: on_event awaited something outside; it must answer at once")


def _act(seat: Seat, event: MarketEvent, answer: object, standing: Standing, heard: Heard) -> None:
    orders = [order for order in (answer if isinstance(answer, (list, tuple)) else (answer,)) if order is not None]
    if not len(orders) <= standing.actions_per_event_max:
        heard.fail("too_many_actions", f"{event.event_id}: {len(orders)} actions")
        return
    before: Book = seat.view.book
    for order in orders:
        _order(seat, event, order, before, standing, heard)


def _order(seat: Seat, event: MarketEvent, order: object, before: Book, standing: Standing, heard: Heard) -> None:
    """Turn one order into an intent, or say why not. `before` is the book without this event's own actions."""
    try:
        intent = intent_of(seat.spec, event, order, seat.view.book.sequence)
    except BadInput as error:
        heard.fail("bad_action", f"{event.event_id}: {error}", error)
        return
    assert isinstance(order, (Buy, Sell))  # noqa: S101 - for the type checkers; intent_of looked
    if refused := refusal(order, event, before, seat.view.book, standing):
        heard.refused.append(refused)
        return
    seat.view.book = seat.view.book.reserve(intent)
    heard.intents.append(intent)


def refusal(order: Order, event: MarketEvent, before: Book, book: Book, standing: Standing) -> str:
    """Return the name of the first check that fails, "" if none does. Room and orders in flight are judged by the newest book."""
    for name, check in CHECKS:
        if not check(order, event, before if name == "repeated_event" else book, standing):
            return name
    return ""


def intent_of(spec: StrategySpec, event: MarketEvent, order: object, sequence: int) -> OrderIntent:
    """Return the intent for an action. Raises BadInput for anything that a reader would refuse.

    The intent takes the round trip through the codec that its reader will make: what cannot be read is never sent.
    """
    if not isinstance(order, (Buy, Sell)):
        raise BadInput("action", f"must be Buy, Sell or None, not {type(order).__name__}")
    buys = isinstance(order, Buy)
    size = order.size_lamports if isinstance(order, Buy) else order.size_units
    if type(size) is not int or not size > 0:
        raise BadInput("size_lamports" if buys else "size_units", f"must be a positive integer, not {size!r}")
    draft = OrderIntent(
        id=derive("intent", spec.id, spec.spec_hash, event.event_id, sequence),
        strategy=spec.id,
        spec_hash=spec.spec_hash,
        event_id=event.event_id,
        sequence=sequence,
        time_ns=event.time_ns,
        slot=getattr(event, "slot", 0),
        mint=order.mint,
        side=Side.BUY if buys else Side.SELL,
        size_lamports=size if buys else 0,
        size_units=0 if buys else size,
        slippage_bps_max=order.slippage_bps_max,
        quote_lamports=order.quote_lamports,
        base_units=order.base_units,
        reason=order.reason,
    )
    try:
        return codec.decode(OrderIntent, codec.encode(draft))
    except (TypeError, OverflowError, ValueError, msgspec.MsgspecError) as error:
        raise BadInput("action", f"cannot be written: {error}") from None
