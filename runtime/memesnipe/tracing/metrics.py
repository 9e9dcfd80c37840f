"""tracer's own metrics. The collector is not named in them: its address may hold what is nobody's business."""

from prometheus_client import Counter, Gauge, Histogram

EXPORTED = Counter("memesnipe_trace_spans_exported_total", "Spans that the collector took")
DROPPED = Counter(
    "memesnipe_trace_spans_dropped_total",
    "Spans given up: the collector refused them for good (refused), took their batch without them (rejected), "
    "or did not answer for so long that newer ones took their place (backlog)",
    ["reason"],
)
FAILED = Counter("memesnipe_trace_exports_failed_total", "Batches that the collector did not take; they are handed to it again", ["why"])
WAITING = Gauge("memesnipe_trace_outcomes_waiting", "Fills and refusals whose spans the collector has not taken yet")
EXPORT_S = Histogram("memesnipe_trace_export_seconds", "How long the collector took for a batch")
for _reason in ("refused", "rejected", "backlog"):
    DROPPED.labels(_reason)
