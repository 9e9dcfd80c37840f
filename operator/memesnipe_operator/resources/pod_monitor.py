"""Prometheus' way to a strategy's metrics, where its operator's kinds are installed."""

from memesnipe_operator.kinds import POD_MONITOR
from memesnipe_operator.resources.plan import Manifest, Plan


def pod_monitor(plan: Plan) -> Manifest:
    """Scrape the pod's health port."""
    endpoint = {"port": "health", "path": "/metrics", "interval": "15s"}
    spec = {"selector": {"matchLabels": plan.selector()}, "podMetricsEndpoints": [endpoint]}
    made = plan.manifest(POD_MONITOR, spec=spec)
    made["metadata"]["labels"] = {**plan.template.pod_monitor_labels, **made["metadata"]["labels"]}
    return made
