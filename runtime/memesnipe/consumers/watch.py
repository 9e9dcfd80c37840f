"""Which mints deserve a question to Jupiter: those traded lately, those asked for, and those that left their curve. Bounded."""

from collections.abc import Iterable

from memesnipe.consumers.book import Recent
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.market import MarketEvent, PriceTick

MINTS_MAX = 10_000


class Watch:
    """The newest tick of each mint, and the mints without a pool feed of ours."""

    def __init__(self, mints: Iterable[str] = ()) -> None:
        self.ticks: Recent[PriceTick] = Recent(MINTS_MAX)
        self._unfed: Recent[None] = Recent(MINTS_MAX)
        for mint in mints:
            self._unfed.put(mint, None)

    def see(self, events: Iterable[MarketEvent]) -> None:
        """Note published events."""
        for event in events:
            if isinstance(event, PriceTick):
                self.ticks.put(event.mint, event)

    def migrate(self, mints: Iterable[str]) -> None:
        """Note mints whose pool feed ended."""
        for mint in mints:
            self._unfed.put(mint, None)

    def unfed(self) -> list[str]:
        """Return the mints that Jupiter must price."""
        return list(self._unfed)

    def active(self, now_ns: int, age_s_max: int, most: int) -> list[PriceTick]:
        """Return the last ticks of the mints traded lately, the latest first."""
        newest = list(reversed(self.ticks.values()))[:most]
        return [tick for tick in newest if now_ns - tick.time_ns <= age_s_max * NS_PER_S]
