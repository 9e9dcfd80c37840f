"""The kinds that the operator knows: ours, and those it writes for each Strategy. The one place where their paths are spelled."""

import msgspec

from memesnipe.manifests.models import GROUP

VERSION = "v1alpha1"
FIELD_MANAGER = "memesnipe-operator"
FINALIZER = f"{GROUP}/positions"
"""Set while a Strategy may hold something: its deletion waits until the positions are closed."""
EVIDENCE_LABEL = f"{GROUP}/evidence"
"""Of a ConfigMap that holds an evidence record: the name of the Strategy whose it is."""
EVIDENCE_KEY = "record.json"


class Kind(msgspec.Struct, frozen=True):
    """One kind of the API, namespaced."""

    kind: str
    plural: str
    group: str
    version: str

    @property
    def api_version(self) -> str:
        """As manifests have it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str, name: str = "", subresource: str = "") -> str:
        """Return the path on the API server."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return "/".join(part for part in (f"{root}/namespaces/{namespace}/{self.plural}", name, subresource) if part)


STRATEGY = Kind("Strategy", "strategies", GROUP, VERSION)
ALLOCATION = Kind("Allocation", "allocations", GROUP, VERSION)
RISK_POLICY = Kind("RiskPolicy", "riskpolicies", GROUP, VERSION)
OURS = (STRATEGY, ALLOCATION, RISK_POLICY)

SERVICE_ACCOUNT = Kind("ServiceAccount", "serviceaccounts", "", "v1")
CONFIG_MAP = Kind("ConfigMap", "configmaps", "", "v1")
SECRET = Kind("Secret", "secrets", "", "v1")
NETWORK_POLICY = Kind("NetworkPolicy", "networkpolicies", "networking.k8s.io", "v1")
DEPLOYMENT = Kind("Deployment", "deployments", "apps", "v1")
POD_MONITOR = Kind("PodMonitor", "podmonitors", "monitoring.coreos.com", "v1")
LEASE = Kind("Lease", "leases", "coordination.k8s.io", "v1")
EVENT = Kind("Event", "events", "", "v1")
OWNED = (SERVICE_ACCOUNT, CONFIG_MAP, SECRET, NETWORK_POLICY, DEPLOYMENT)
"""What every Strategy has, in the order in which it is written: the pod last, when all it needs is there."""

KIND_OF = {kind.kind: kind for kind in (*OURS, *OWNED, POD_MONITOR)}
