"""What a source is: something that delivers events, and can be told where it had stopped."""

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from memesnipe.kernel.errors import BadInput
from memesnipe.messages.market import MarketEvent


class Delivery(msgspec.Struct, frozen=True):
    """What a source saw at once. `cursor` covers it: written only after the events are published; empty writes nothing."""

    source: str
    events: tuple[MarketEvent, ...] = ()
    cursor: bytes = b""
    bad: tuple[BadInput, ...] = ()
    migrated: tuple[str, ...] = ()
    """Mints that left the venue this source watches: somebody else must price them from now on."""


class Source(Protocol):
    """One way to learn of the world."""

    @property
    def name(self) -> str:
        """The source's name, in metrics and in its cursor's key."""
        ...

    def deliveries(self, cursor: bytes) -> AsyncIterator[Delivery]:
        """Deliver what came after `cursor` (empty: from now on), for ever or until the source is exhausted."""
        ...
