"""The signer's own metrics. Refusals are counted in the shared `memesnipe_rejections_total{stage="signer"}`."""

from prometheus_client import Counter, Gauge, Histogram

SIGNATURES = Counter("memesnipe_signer_signatures_total", "New signatures, by kind of order", ["kind"])
NEW = {True: SIGNATURES.labels("reduce"), False: SIGNATURES.labels("buy")}
"""By whether the order reduces a position; resolved once, for this is the hot path."""
REPEATS = Counter("memesnipe_signer_repeats_total", "Requests answered with a stored signature")
STORE_FAILURES = Counter("memesnipe_signer_store_failures_total", "Times the store could not be written: no signature left")
SPENT_LAMPORTS = Gauge("memesnipe_signer_spent_lamports", "Spent in the sliding window", ["window"])
SPENT_HOUR, SPENT_DAY = SPENT_LAMPORTS.labels("hour"), SPENT_LAMPORTS.labels("day")
AUDIT_LINES = Gauge("memesnipe_signer_audit_lines", "Lines in the audit chain")
STRANGERS = Counter("memesnipe_signer_strangers_total", "Connections turned away in the TLS handshake: not the guard, or expired")
GUARD_CERTIFICATE_EXPIRES_S = Gauge(
    "memesnipe_signer_guard_certificate_expires_timestamp_seconds", "When the certificate ends that wallet_guard showed last; 0: none yet"
)
MEMORY_LOCKED = Gauge("memesnipe_signer_memory_locked", "1: no key lies in memory that may be swapped; 0: one does")
KEY_FAILURES = Counter("memesnipe_signer_key_failures_total", "A service that holds the key gave no signature of ours, by kind", ["kind"])
JITO_CHALLENGES = Counter("memesnipe_signer_jito_challenges_total", "Challenges for Jito's auth key, by outcome", ["outcome"])
SIGN_S = Histogram(
    "memesnipe_signer_sign_seconds",
    "Checked, signed and made durable",
    buckets=(0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0),
)
