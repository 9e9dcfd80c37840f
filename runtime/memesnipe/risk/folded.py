"""The fold streams as read so far: config, allocations and the kill switch, and the rules they make."""

import asyncio

from memesnipe.bus.api import Bus
from memesnipe.bus.following import folded_on
from memesnipe.bus.topology import ALLOCATIONS, CONFIG, KILL_SWITCH
from memesnipe.risk.book import Book
from memesnipe.risk.decide import take_halt
from memesnipe.risk.rules import Rules


class Folded:
    """Cursors into three streams that everyone reads from the start."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._after: dict[str, str] = {}
        self.rules = Rules()

    async def refresh(self, book: Book) -> Book:
        """Read what is new; return the book with the halts among it taken in. Raises Unavailable."""
        new = (folded_on(self._bus, stream.name, self._after) for stream in (CONFIG, ALLOCATIONS, KILL_SWITCH))
        configs, allocations, halts = await asyncio.gather(*new)
        for entry in configs:
            self.rules = self.rules.with_config(entry.message)
        for entry in allocations:
            self.rules = self.rules.with_allocation(entry.message)
        for entry in halts:
            self.rules = self.rules.with_halt(entry)
            book = take_halt(book, self.rules, entry.message)
        return book
