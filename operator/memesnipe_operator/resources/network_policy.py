"""Whom a strategy's pod may talk to: Redis and DNS, and whoever scrapes its metrics may come in. Nobody else, in either direction."""

from typing import Any

from memesnipe_operator.kinds import NETWORK_POLICY
from memesnipe_operator.resources.plan import HEALTH_PORT, Manifest, Plan


def network_policy(plan: Plan) -> Manifest:
    """The kubelet's probes come from the node and pass by every policy."""
    spec = {
        "podSelector": {"matchLabels": plan.selector()},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": _ingress(plan.template.monitoring_namespace),
        "egress": list(plan.template.egress),
    }
    return plan.manifest(NETWORK_POLICY, spec=spec)


def _ingress(monitoring_namespace: str) -> list[dict[str, Any]]:
    if not monitoring_namespace:
        return []
    source = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": monitoring_namespace}}}
    return [{"from": [source], "ports": [{"protocol": "TCP", "port": HEALTH_PORT}]}]
