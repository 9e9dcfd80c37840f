"""Metrics of the clients, beside `memesnipe_external_calls_total` and its latency, which every client shares.

Labels are bounded: parts and methods are literals of our own, lanes and kinds come from enums.
"""

from enum import StrEnum

from prometheus_client import Counter, Histogram


class Said(StrEnum):
    """How a host said no. A count of HTTP statuses alone would show an error inside a 200 as a success."""

    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_IN_200 = "rate_limited_in_200"
    KEY_REFUSED = "key_refused"
    NODE_BEHIND = "node_behind"
    ERROR_IN_200 = "error_in_200"


SAID_NO = Counter("memesnipe_external_said_no_total", "Answers that said no, by endpoint and kind", ["endpoint", "kind"])
WAIT_S = Histogram(
    "memesnipe_external_wait_seconds",
    "How long a call waited for its turn under the host's rate limit",
    ["part", "lane"],
    buckets=(0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0),
)
