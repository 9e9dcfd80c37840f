"""The executor's own metrics. Label values are bounded: one strategy a process, tables of kinds and checks."""

from prometheus_client import Counter, Gauge

EVENTS = Counter("memesnipe_executor_events_total", "Market events read for a strategy, routed to it or not", ["strategy"])
INTENTS = Counter("memesnipe_executor_intents_total", "Order intents written", ["strategy", "side"])
REFUSED = Counter("memesnipe_executor_refused_total", "Answers of a strategy that a check refused", ["strategy", "check"])
ERRORS = Counter("memesnipe_strategy_errors_total", "Faults of a strategy that became no action", ["strategy", "kind"])
METER_DROPPED = Counter("memesnipe_strategy_meter_dropped_total", "Values of a strategy's own metrics, dropped", ["strategy", "cause"])
RELOADS = Counter("memesnipe_executor_reloads_total", "State loaded again: another instance committed", ["strategy"])
CAPITAL = Gauge("memesnipe_executor_capital_lamports", "Capital allotted to a strategy", ["strategy"])
FREE = Gauge("memesnipe_executor_free_lamports", "Capital not bound by positions and orders in flight", ["strategy"])
IN_FLIGHT = Gauge("memesnipe_executor_in_flight", "Orders without outcome", ["strategy"])
