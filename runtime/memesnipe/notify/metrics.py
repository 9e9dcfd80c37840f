"""notifier's own metrics. Destinations are labelled by number and service, never by an address."""

from prometheus_client import Counter, Gauge, Histogram

SENT = Counter("memesnipe_notifications_sent_total", "Messages that a destination took", ["destination"])
FAILED = Counter("memesnipe_notifications_failed_total", "Attempts that a destination did not take; they are made again", ["destination"])
NOTED = Counter("memesnipe_notifications_made_total", "Messages made, by kind", ["kind"])
SUPPRESSED = Counter("memesnipe_notifications_suppressed_total", "Messages said only within a sum, for their kind came too often")
DROPPED = Counter(
    "memesnipe_notifications_dropped_total", "Messages forgotten because a destination did not answer for too long", ["destination"]
)
WAITING = Gauge("memesnipe_notifications_waiting", "Messages that a destination has not taken yet", ["destination"])
SEND_S = Histogram("memesnipe_notifications_send_seconds", "How long a destination took for a message", ["destination"])
ALERTS = Counter("memesnipe_notifications_alerts_total", "Requests that told of alerts, by outcome", ["outcome"])
SUMMARIES = Counter("memesnipe_notifications_summaries_total", "Daily summaries, by outcome", ["outcome"])
