"""The operator's own metrics: rate, errors and duration of what it does, and what is in force."""

from prometheus_client import Counter, Gauge, Histogram

RECONCILES = Counter("memesnipe_reconciles_total", "Reconciles that ended, by kind and outcome", ["kind", "outcome"])
RECONCILE_S = Histogram("memesnipe_reconcile_seconds", "Duration of a reconcile", ["kind"])
QUEUE_LENGTH = Gauge("memesnipe_queue_length", "Keys that wait for a reconcile", ["kind"])
API_CALLS = Counter("memesnipe_api_calls_total", "Calls to the API server, by what they do and how they ended", ["verb", "kind", "outcome"])
DRIFT_REPAIRED = Counter("memesnipe_drift_repaired_total", "Owned objects that somebody changed or deleted, written again", ["kind"])
STRATEGIES = Gauge("memesnipe_strategies", "Applied strategies by effective mode", ["mode"])
ROLLBACKS = Counter("memesnipe_rollbacks_total", "Strategies sent back to their last stable spec", ["strategy"])
CONFIG_REFUSED = Counter("memesnipe_resources_refused_total", "Custom resources that do not validate; the last good one stays", ["kind"])
LEADING = Gauge("memesnipe_operator_leading", "1 while this process holds the lease")
TURN_FAILURES = Counter("memesnipe_operator_turn_failures_total", "Turns of halts, configuration and leases that failed", ["part"])
