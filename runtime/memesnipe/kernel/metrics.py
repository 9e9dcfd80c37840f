"""The metrics every service shares. A service adds its own beside these in its package's `metrics.py`."""

from prometheus_client import Counter, Gauge, Histogram

HOP_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

MESSAGES_READ = Counter("memesnipe_messages_read_total", "Messages read from a stream", ["stream"])
MESSAGES_WRITTEN = Counter("memesnipe_messages_written_total", "Messages written to a stream", ["stream"])
BAD_INPUT = Counter("memesnipe_bad_input_total", "Inputs refused at a boundary", ["source", "field"])
DEAD_LETTERS = Counter("memesnipe_dead_letters_total", "Entries that could not be decoded, kept in the dead-letter stream", ["stream"])
REJECTIONS = Counter("memesnipe_rejections_total", "Orders refused, by stage and reason", ["stage", "reason"])
HOP_LATENCY_S = Histogram("memesnipe_hop_latency_seconds", "Event time to handled, by stage", ["stage"], buckets=HOP_BUCKETS_S)
STREAM_GAPS = Counter("memesnipe_stream_gaps_total", "Times a market reader fell behind and skipped to the newest", ["stream"])
READY = Gauge("memesnipe_ready", "1 while the service takes work")
EXTERNAL_CALLS = Counter("memesnipe_external_calls_total", "Calls to hosts outside, by endpoint and outcome", ["endpoint", "outcome"])
EXTERNAL_LATENCY_S = Histogram("memesnipe_external_latency_seconds", "Latency of calls to hosts outside", ["endpoint"])
