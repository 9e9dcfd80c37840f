"""The executor's own metrics. Label values are bounded: one strategy a process, tables of kinds and checks."""

from prometheus_client import Counter, Gauge

from memesnipe.executor.book import Book
from memesnipe.executor.decide import Heard
from memesnipe.kernel.metrics import HOP_LATENCY_S
from memesnipe.messages.bounds import Side

EVENTS = Counter("memesnipe_executor_events_total", "Market events that were put to a strategy", ["strategy"])
INTENTS = Counter("memesnipe_executor_intents_total", "Order intents written", ["strategy", "side"])
REFUSED = Counter("memesnipe_executor_refused_total", "Answers of a strategy that a check refused", ["strategy", "check"])
ERRORS = Counter("memesnipe_strategy_errors_total", "Faults of a strategy that became no action", ["strategy", "kind"])
METER_DROPPED = Counter("memesnipe_strategy_meter_dropped_total", "Values of a strategy's own metrics, dropped", ["strategy", "cause"])
RELOADS = Counter("memesnipe_executor_reloads_total", "State loaded again: another instance committed", ["strategy"])
CAPITAL = Gauge("memesnipe_executor_capital_lamports", "Capital allotted to a strategy", ["strategy"])
FREE = Gauge("memesnipe_executor_free_lamports", "Capital not bound by positions and orders in flight", ["strategy"])
IN_FLIGHT = Gauge("memesnipe_executor_in_flight", "Orders without outcome", ["strategy"])


class StrategyCounts:
    """The metrics of one strategy, looked up once: they are touched on every commit."""

    def __init__(self, strategy: str) -> None:
        self._strategy = strategy
        self.reloads = RELOADS.labels(strategy)
        self.latency_s = HOP_LATENCY_S.labels("executor")
        self._events, self._capital = EVENTS.labels(strategy), CAPITAL.labels(strategy)
        self._intents = {side: INTENTS.labels(strategy, side.value) for side in Side}
        self._free, self._in_flight = FREE.labels(strategy), IN_FLIGHT.labels(strategy)

    def heard(self, heard: Heard, book: Book) -> None:
        """Count what came of committed events, and show the book."""
        self._events.inc(heard.routed)
        for intent in heard.intents:
            self._intents[intent.side].inc()
        for check in heard.refused:
            REFUSED.labels(self._strategy, check).inc()
        self._capital.set(book.capital_lamports)
        self._free.set(book.free_lamports())
        self._in_flight.set(len(book.in_flight))
