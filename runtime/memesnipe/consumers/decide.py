"""What may be believed. Pure but for the book: an event is new, a repeat, or refused with the field that is wrong with it."""

import msgspec

from memesnipe.consumers.book import Book
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput
from memesnipe.messages import codec
from memesnipe.messages.market import Launch, MarketEvent, PriceTick


class Bounds(msgspec.Struct, frozen=True):
    """How far an event's time may be from ours (nanoseconds)."""

    age_ns_max: int
    future_ns_max: int


def admit(book: Book, event: MarketEvent, now_ns: int, bounds: Bounds) -> bool:
    """Return whether the event is new, and remember it. Raises BadInput for one that must not be acted on."""
    _within_bounds(event)
    if event.event_id in book.ids:
        return False
    _in_time(event, now_ns, bounds)
    if isinstance(event, PriceTick):
        _tick_fits(book, event)
    if isinstance(event, Launch):
        _launch_fits(book, event)
    remember(book, event)
    return True


def _within_bounds(event: MarketEvent) -> None:
    """A value made in this process was not held against its bounds yet; one beyond 64 bits does not even encode."""
    try:
        codec.decode(type(event), codec.encode(event))
    except (OverflowError, TypeError) as error:
        raise BadInput("event", str(error)) from None


def remember(book: Book, event: MarketEvent) -> None:
    """Note an event that was let in, now or by the process before this one."""
    book.ids.put(event.event_id, None)
    if isinstance(event, PriceTick | Launch):
        book.decimals.put(event.mint, event.decimals)
    if isinstance(event, PriceTick):
        book.slots.put(event.mint, event.slot)
    if isinstance(event, Launch):
        book.launches.put(event.mint, event.event_id)


def _in_time(event: MarketEvent, now_ns: int, bounds: Bounds) -> None:
    if not (event.time_ns <= now_ns + bounds.future_ns_max):
        raise BadInput("time_ns", f"{(event.time_ns - now_ns) / NS_PER_S:.1f} s in the future")
    if not (now_ns - event.time_ns <= bounds.age_ns_max):
        raise BadInput("time_ns", f"{(now_ns - event.time_ns) / NS_PER_S:.1f} s old")


def _tick_fits(book: Book, tick: PriceTick) -> None:
    """A price from a slot before the last one of its mint is a fork or a late repeat: acting on it is trading on the past."""
    last = book.slots.get(tick.mint, 0)
    if not (tick.slot >= last):
        raise BadInput("slot", f"{tick.mint}: slot {tick.slot} after slot {last}")
    _same_decimals(book, tick)


def _launch_fits(book: Book, launch: Launch) -> None:
    if book.launches.get(launch.mint, launch.event_id) != launch.event_id:
        raise BadInput("mint", f"{launch.mint} was launched before; a second launch is a spoof or a re-created mint")
    _same_decimals(book, launch)


def _same_decimals(book: Book, event: PriceTick | Launch) -> None:
    known = book.decimals.get(event.mint, event.decimals)
    if known != event.decimals:
        raise BadInput("decimals", f"{event.mint}: {event.decimals} now, {known} before")
