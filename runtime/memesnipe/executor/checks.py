"""What an answer of a strategy must pass before it becomes an intent; the table runs in order and the first failure wins.

None of these replaces risk_guardian: they keep a broken strategy from flooding the order path, and name the fault at its source.
"""

from collections.abc import Callable

import msgspec

from memesnipe.executor.book import Book
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.market import MarketEvent
from memesnipe.strategy.contract import Buy, Sell

NS_PER_MS = 1_000_000


class Standing(msgspec.Struct, frozen=True):
    """The conditions an answer is judged under."""

    now_ns: int
    halt: HaltState = HaltState.ACTIVE
    """The more severe of the portfolio's halt and the strategy's own."""
    event_age_ms_max: int | None = 5_000
    """Older (or as far in the future) is not acted on; None in a replay, whose clock is the events' own."""
    actions_per_event_max: int = 8


Order = Buy | Sell
Check = Callable[[Order, MarketEvent, Book, Standing], bool]


def may_trade(order: Order, event: MarketEvent, book: Book, standing: Standing) -> bool:
    """HALTED and FROZEN silence the strategy, REDUCE_ONLY leaves it its sells."""
    return standing.halt is HaltState.ACTIVE or (standing.halt is HaltState.REDUCE_ONLY and isinstance(order, Sell))


def is_fresh(order: Order, event: MarketEvent, book: Book, standing: Standing) -> bool:
    """An old price is somebody else's profit; one from the future is a broken clock."""
    if standing.event_age_ms_max is None:
        return True
    return abs(standing.now_ns - event.time_ns) <= standing.event_age_ms_max * NS_PER_MS


def is_new_event(order: Order, event: MarketEvent, book: Book, standing: Standing) -> bool:
    """A feed that repeats an event after a reconnect must not repeat the order."""
    return event.event_id not in book.acted


def is_alone(order: Order, event: MarketEvent, book: Book, standing: Standing) -> bool:
    """One order a token at a time: the outcome of the first decides whether a second makes sense."""
    return not book.awaits(order.mint)


def is_covered(order: Order, event: MarketEvent, book: Book, standing: Standing) -> bool:
    """A buy fits the free capital, a sell what is held."""
    if isinstance(order, Buy):
        return order.size_lamports <= book.free_lamports()
    held = book.holdings().get(order.mint)
    return held is not None and order.size_units <= held.units


CHECKS: tuple[tuple[str, Check], ...] = (
    ("halted", may_trade),
    ("stale", is_fresh),
    ("repeated_event", is_new_event),
    ("in_flight", is_alone),
    ("not_covered", is_covered),
)
