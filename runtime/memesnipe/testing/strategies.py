"""A stage for one strategy: tell it events, see its orders, and let them fill. No bus, no clock, no event loop.

It uses the executor's own `decide`, so a strategy that passes here is driven the same way when it trades.
"""

import inspect
from pathlib import Path
from typing import Any

import msgspec

from memesnipe.executor.book import Book
from memesnipe.executor.checks import Standing
from memesnipe.executor.decide import Heard, Seat, hear
from memesnipe.executor.seat import seated
from memesnipe.executor.state import pack, restore, unpack
from memesnipe.messages.market import MarketEvent
from memesnipe.messages.orders import OrderIntent
from memesnipe.strategy.checks import broken_promises
from memesnipe.strategy.contract import Strategy
from memesnipe.strategy.loading import Plugin
from memesnipe.strategy.spec import StrategySpec
from memesnipe.testing.builders import SOL, a_fill, a_rejection


class CountingMeter:
    """Keeps a strategy's own counters in a dictionary, by name and labels."""

    def __init__(self) -> None:
        self.counts: dict[str, float] = {}
        self.gauges: dict[str, float] = {}

    def count(self, name: str, value: float = 1.0, **labels: str) -> None:
        """Add to a counter."""
        key = _spelled(name, labels)
        self.counts[key] = self.counts.get(key, 0.0) + value

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        self.gauges[_spelled(name, labels)] = value


def _require(faults: list[str]) -> None:
    if faults:
        raise AssertionError("; ".join(faults))


def _spelled(name: str, labels: dict[str, str]) -> str:
    return name + "".join(f" {label}={value}" for label, value in labels.items())


class Rehearsal:
    """One strategy with capital. Raises AssertionError when the strategy breaks the contract or fails on an event."""

    def __init__(self, kind: type[Strategy[Any]], *, capital_sol: float = 10.0, **parameters: Any) -> None:
        _require(broken_promises(kind.id, kind))
        self.meter = CountingMeter()
        self._spec = StrategySpec(kind.id, kind.id, "rehearsal", parameters)
        self._plugin = Plugin(kind.id, kind, Path(inspect.getfile(kind)))
        self.seat: Seat = seated(self._spec, self._plugin, Book(capital_lamports=round(capital_sol * SOL)), self.meter)
        self.standing = Standing(now_ns=0, event_age_ms_max=None)
        self.refused: list[str] = []

    @property
    def book(self) -> Book:
        """Return what the strategy holds and awaits."""
        return self.seat.view.book

    def tell(self, *events: MarketEvent) -> list[OrderIntent]:
        """Put events to the strategy; return the orders that left."""
        heard = Heard()
        hear(self.seat, self.seat.kinds, events, self.standing, heard)
        _require([f"{failure.kind}: {failure.detail}" for failure in heard.faults.values()])
        self.refused += heard.refused
        return heard.intents

    def fill(self, *orders: OrderIntent) -> None:
        """Let orders fill at the price they saw."""
        for order in orders:
            self.seat.view.book = self.book.settle(a_fill(order))

    def reject(self, *orders: OrderIntent) -> None:
        """Let orders end without a fill."""
        for order in orders:
            self.seat.view.book = self.book.settle(a_rejection(order))

    def play(self, *events: MarketEvent) -> list[OrderIntent]:
        """Tell events one by one, filling each order at once; return all orders."""
        orders: list[OrderIntent] = []
        for event in events:
            left = self.tell(event)
            self.fill(*left)
            orders += left
        return orders

    def restarted(self) -> "Rehearsal":
        """Return the same rehearsal after a crash: new code objects, state by way of the stored bytes."""
        data, _, failure = pack(self.seat, b"")
        _require([failure.detail] if failure else [])
        again = Rehearsal(type(self.seat.strategy), **self._spec.parameters)
        if saved := unpack(data):
            failure = restore(again.seat, saved)
            _require([failure.detail] if failure else [])
        return again

    def memory(self) -> bytes:
        """Return the strategy's snapshot as bytes, to compare two of them."""
        return msgspec.msgpack.encode(self.seat.strategy.snapshot())
