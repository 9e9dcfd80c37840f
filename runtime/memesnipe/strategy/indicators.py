"""Pieces that strategies are made of: averages over TIME, not over ticks, and memory with a bound.

Memecoin ticks come in bursts of several in one block and then none for minutes; an average over ticks would mean something
else for every token. All of them hold plain numbers, so that a snapshot is exact.
"""

from collections.abc import Callable, Iterator
from math import exp
from typing import Generic, TypeVar

T = TypeVar("T")


def decay(elapsed_s: float, time_constant_s: float) -> float:
    """Return how much of an old value is left after `elapsed_s`; 1.0 for no time or time that ran backwards."""
    return exp(-elapsed_s / time_constant_s) if elapsed_s > 0.0 else 1.0


def carried(average: float, last: float, kept: float) -> float:
    """Return a time-weighted average after `last` held for a while; `kept` is `decay` of that while.

    This is the "previous point" scheme for irregular series (Dacorogna et al., An Introduction to High-Frequency Finance,
    2001, ch. 3): it uses only what was known, and several ticks in one instant change nothing until time passes.
    """
    return last + (average - last) * kept


class Recent(Generic[T]):
    """The newest `size_max` things by key; the one not touched for longest is forgotten first."""

    def __init__(self, size_max: int, keep: Callable[[str], bool]) -> None:
        self._size_max, self._keep = size_max, keep
        self._items: dict[str, T] = {}

    def get(self, key: str) -> T | None:
        """Return a thing and make it the newest; None if it is not there."""
        item = self._items.pop(key, None)
        if item is not None:
            self._items[key] = item
        return item

    def put(self, key: str, item: T) -> None:
        """Add a thing as the newest; if there are too many, forget the oldest that `keep` does not hold on to."""
        self._items.pop(key, None)
        self._items[key] = item
        if len(self._items) > self._size_max:
            oldest = next((old for old in self._items if not self._keep(old)), None)
            if oldest is not None:
                del self._items[oldest]

    def drop(self, key: str) -> None:
        """Forget a thing."""
        self._items.pop(key, None)

    def items(self) -> Iterator[tuple[str, T]]:
        """Yield (key, thing), oldest first: putting them back in this order restores the same memory."""
        return iter(self._items.items())

    def __len__(self) -> int:
        return len(self._items)
