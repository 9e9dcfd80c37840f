"""One namespace as different people see it, and the roles that the page on RBAC tells to make: for tests of who may do what."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from memesnipe.manifests.models import API_VERSION, GROUP
from memesnipe.testing.cluster import ApiError, Cluster

RBAC_PAGE = Path(__file__).parents[3] / "docs" / "howto" / "rbac.md"
TRADER, CAPTAIN, MOMENTUM_ONLY = "tara", "gwen", "mona"
"""As the page calls them: who may edit, who may also go live, who may take one Strategy live."""
POLICY, STRATEGY, ALLOCATION = "riskpolicies/default", "strategies/momentum", "allocations/default"
PLURAL = {"Strategy": "strategies", "Allocation": "allocations", "RiskPolicy": "riskpolicies"}
RBAC = "rbac.authorization.k8s.io/v1"
MERGE = "application/merge-patch+json"
DRY = "?dryRun=All"


def body(kind: str, name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a manifest."""
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": dict(spec)}


class Desk:
    """One namespace, seen by whoever asks. Each call returns "" when it is accepted, else what the person is told."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self._root = f"/apis/{API_VERSION}/namespaces/{namespace}"

    def told(self, method: str, path: str, content: object = None, *, who: str = "", content_type: str = "application/json") -> str:
        """Ask as `who`, an admin when empty."""
        try:
            self.cluster.call(method, f"{self._root}/{path}", content, content_type=content_type, as_user=who)
        except ApiError as error:
            return str(error)
        return ""

    def create(self, kind: str, name: str, spec: Mapping[str, Any], *, who: str = "", query: str = "") -> str:
        """Create an object; an admin does when `who` is empty."""
        return self.told("POST", f"{PLURAL[kind]}{query}", body(kind, name, spec), who=who)

    def patch(self, path: str, patch: Mapping[str, Any], *, who: str = "") -> str:
        """Merge a patch into an object."""
        return self.told("PATCH", path, patch, who=who, content_type=MERGE)

    def change(self, path: str, spec: Mapping[str, Any], *, who: str = TRADER) -> str:
        """Merge into an object's spec; the trader does, unless told otherwise."""
        return self.patch(path, {"spec": spec}, who=who)

    def say_status(self, path: str, **status: Any) -> None:
        """Write what the operator would have written. Raises AssertionError when it is refused."""
        told = self.patch(f"{path}/status", {"status": status})
        if told:
            raise AssertionError(told)


def people(namespace: str) -> list[dict[str, Any]]:
    """Return the roles and bindings that the page tells to make, for another namespace."""
    blocks = re.findall(r"```yaml\n(.*?)```", RBAC_PAGE.read_text(encoding="utf-8"), re.DOTALL)
    found = [one for block in blocks for one in yaml.safe_load_all(block)]
    trader = next(one for one in found if one["kind"] == "RoleBinding" and one["roleRef"]["name"] == "memesnipe-trader")
    trader["subjects"].append({**trader["subjects"][0], "name": MOMENTUM_ONLY})  # "mona also needs the trader's role"
    return [{**one, "metadata": {**one["metadata"], "namespace": namespace}} for one in found]


def granting(namespace: str, who: str, resource: str, *verbs: str) -> list[dict[str, Any]]:
    """Return a role and its binding that let somebody do something more."""
    metadata = {"name": f"more-{resource.replace('/', '-')}-{verbs[0]}", "namespace": namespace}
    rules = [{"apiGroups": [GROUP], "resources": [resource], "verbs": list(verbs)}]
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": who}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": metadata["name"]}
    return [
        {"apiVersion": RBAC, "kind": "Role", "metadata": metadata, "rules": rules},
        {"apiVersion": RBAC, "kind": "RoleBinding", "metadata": metadata, "roleRef": reference, "subjects": [subject]},
    ]


def admit(cluster: Cluster, roles: list[dict[str, Any]]) -> None:
    """Create roles and bindings, one by one: kubectl would take longer than all the rest of a test."""
    for one in roles:
        cluster.call("POST", f"/apis/{RBAC}/namespaces/{one['metadata']['namespace']}/{one['kind'].lower()}s", one)
