"""A strategy at its seat in a backtest: the executor's own `hear`, its own book, and nothing around it."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from memesnipe.bus.api import Entry, Output
from memesnipe.bus.folds import Halts
from memesnipe.bus.topology import INTENTS
from memesnipe.executor.book import Book
from memesnipe.executor.checks import Standing
from memesnipe.executor.decide import Heard, hear
from memesnipe.executor.seat import seated
from memesnipe.executor.settings import ExecutorSettings
from memesnipe.messages.market import MarketEvent
from memesnipe.research.backtest.stages import NOTHING
from memesnipe.strategy.loading import Plugin
from memesnipe.strategy.spec import StrategySpec


class SilentMeter:
    """A strategy's own metrics are for people who watch it live; in a search of thousands of runs they would be noise."""

    def count(self, name: str, value: float = 1.0, **labels: str) -> None:
        """Count nothing."""

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Show nothing."""


class StrategyStage:
    """One strategy. Its view is exactly the live one: it sees its own outcomes, and no other strategy."""

    def __init__(self, spec: StrategySpec, plugin: Plugin, capital_lamports: int) -> None:
        self.seat = seated(spec, plugin, Book(capital_lamports=capital_lamports), SilentMeter())
        self.kinds = self.seat.kinds
        self.heard = Heard()
        """Of the whole run; only its intents are taken out."""
        self.refused: Counter[str] = Counter()
        self._stream = INTENTS.of(spec.id)
        self.standing = _standing(spec.id, Halts())

    def obey(self, halts: Halts) -> None:
        """Take up the kill switch as it stands."""
        self.standing = _standing(self.seat.spec.id, halts)

    def listen(self, events: Iterable[MarketEvent]) -> None:
        """Put events to the strategy; what comes of one is there, to be `taken`, before the next is asked for."""
        hear(self.seat, self.kinds, events, self.standing, self.heard)

    def taken(self) -> Sequence[Output]:
        """Return the intents that came of the last event."""
        heard = self.heard
        if heard.refused:
            self.refused.update(heard.refused)
            heard.refused.clear()
        if not heard.intents:
            return NOTHING
        # As the executor stamps them in a replay: thinking takes none of a recording's time.
        wished = [msgspec.structs.replace(intent, wished_ns=intent.time_ns) for intent in heard.intents]
        outputs = [Output(self._stream, intent, intent.id) for intent in wished]
        heard.intents.clear()
        return outputs

    def take(self, entries: Sequence[Entry]) -> Sequence[Output]:
        """Settle the outcomes of its own orders."""
        view = self.seat.view
        for entry in entries:
            view.book = view.book.settle(entry.message)
        return NOTHING


def _standing(strategy: str, halts: Halts) -> Standing:
    """As the executor stands in a replay: events are as old as the recording, so their age says nothing."""
    most = ExecutorSettings().executor_actions_per_event_max
    return Standing(now_ns=0, halt=halts.effective(strategy), event_age_ms_max=None, actions_per_event_max=most)
