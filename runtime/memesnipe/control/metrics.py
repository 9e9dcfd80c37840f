"""Control's own metrics."""

from prometheus_client import Counter, Gauge

CONFIG_VERSION = Gauge("memesnipe_config_version", "Version of the configuration in force")
CONFIG_ERRORS = Counter("memesnipe_config_errors_total", "Reads of the manifests folder that were refused; the last good one stays")
LEASES_GRANTED = Counter("memesnipe_leases_granted_total", "Mode leases signed", ["strategy", "kind"])
GATE_FAILING = Gauge("memesnipe_gate_failing", "1 while a go-live gate of a strategy says False", ["strategy", "gate"])
