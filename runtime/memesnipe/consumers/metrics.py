"""What data_consumers count. Labels are bounded: kinds, sources and reasons are few and ours."""

from prometheus_client import Counter, Gauge

EVENTS = Counter("memesnipe_market_events_total", "Events published", ["kind", "source"])
DUPLICATES = Counter("memesnipe_market_duplicates_total", "Events that had been seen before, dropped", ["source"])
FRAMES = Counter("memesnipe_market_frames_total", "Frames published", ["kind"])
LAG_S = Gauge("memesnipe_market_lag_seconds", "Age of the newest event when it was published", ["source"])
RECONNECTS = Counter("memesnipe_source_reconnects_total", "Connections to a source that had to be made again", ["source"])
GAPS = Counter("memesnipe_source_gaps_total", "Absences from a source, by whether they could be filled", ["source", "outcome"])
SKIPPED = Counter("memesnipe_source_skipped_total", "Good records of a source that are none of ours to tell", ["source", "reason"])
TRUNCATED_LOGS = Counter("memesnipe_truncated_logs_total", "Transactions whose logs were cut: events may be missing")
RECORDED = Counter("memesnipe_recorded_events_total", "Events handed to the recorder")
RECORD_FAILURES = Counter("memesnipe_record_failures_total", "Times the recorder could not write; trading goes on without it")
