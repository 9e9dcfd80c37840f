"""Metrics of wallet_guard. Labels are bounded: modes, statuses and reasons come from enums."""

from prometheus_client import Counter, Gauge, Histogram

from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.orders import FillStatus

FILLS = Counter("memesnipe_guard_fills_total", "Fills by mode, side and status", ["mode", "side", "status"])
FILL = {(mode, side, status): FILLS.labels(mode.value, side.value, status.value) for mode in Mode for side in Side for status in FillStatus}
"""Looked up once: a look-up by labels costs as much as three checks."""
PENDING = Gauge("memesnipe_guard_pending_orders", "Orders accepted without an outcome yet", ["mode"])
ATTEMPTS = Counter("memesnipe_guard_attempts_total", "Live attempts by outcome", ["outcome"])
LANDING_S = Histogram(
    "memesnipe_guard_landing_seconds", "First broadcast to known outcome", buckets=(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
)
FEE_ESTIMATES = Counter(
    "memesnipe_guard_fee_estimates_total", "Where the price of a place in a block came from: asked, known, constant", ["what", "source"]
)
OFFERED_PRICE = Gauge(
    "memesnipe_guard_offered_price_micro_lamports", "Compute-unit price of the last transaction built, after the policy's cap", ["lane"]
)
OFFERED_TIP = Gauge("memesnipe_guard_offered_tip_lamports", "Tip of the last transaction built, after the policy's cap", ["lane"])
REQUOTES = Counter("memesnipe_guard_requotes_total", "Bytes that waited too long for the signer and were built anew")
HOSTS_DISAGREE = Counter(
    "memesnipe_guard_hosts_disagree_total", "RPC hosts that contradict each other or the chain's rules: expiry, height, history", ["what"]
)
UNPAIRED = Counter(
    "memesnipe_guard_orders_unpaired_total",
    "Live orders without a paper twin, by why not",
    ["why"],
)
LEASE_AGE_S = Gauge("memesnipe_guard_lease_age_seconds", "Age of the mode lease last used")
SIGNER_CERTIFICATE_EXPIRES_S = Gauge(
    "memesnipe_guard_signer_certificate_expires_timestamp_seconds", "When the signer's certificate ends, as seen last; 0: none seen yet"
)
"""wallet_guard's own is made at the same time, so this one tells for both."""
TOKEN_CHECKS = Counter(
    "memesnipe_guard_token_checks_total", "Checks of a token before a buy: passed, or the reason it was refused", ["outcome"]
)
TOKEN_CHECK_S = Histogram(
    "memesnipe_guard_token_check_seconds", "A whole check of a token before a buy", buckets=(0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 5.0, 10.0)
)
TOKEN_ROUND_TRIPS = Counter(
    "memesnipe_guard_token_round_trips_total", "Round trips by what they rest on: simulated, or the quotes of a wallet too poor", ["basis"]
)
