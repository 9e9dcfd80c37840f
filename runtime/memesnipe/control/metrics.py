"""Control's own metrics."""

from prometheus_client import Counter, Gauge

CONFIG_VERSION = Gauge("memesnipe_config_version", "Version of the configuration in force")
CONFIG_ERRORS = Counter("memesnipe_config_errors_total", "Reads of the manifests folder that were refused; the last good one stays")
LEASES_GRANTED = Counter("memesnipe_leases_granted_total", "Mode leases signed", ["strategy", "kind"])
GATE_FAILING = Gauge("memesnipe_gate_failing", "1 while a go-live gate of a strategy says False", ["strategy", "gate"])
EVIDENCE_ERRORS = Counter("memesnipe_evidence_errors_total", "Records of evidence that cannot be relied on, each time one is read anew")
EVIDENCE_RECORDS = Gauge("memesnipe_evidence_records", "Records of evidence that are whole, whatever they say")
