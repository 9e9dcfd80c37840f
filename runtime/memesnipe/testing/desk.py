"""One namespace as different people see it, and the roles that the page on RBAC tells to make: for tests of who may do what."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from memesnipe.manifests.models import API_VERSION, GROUP
from memesnipe.testing.cluster import ApiError, Cluster
from memesnipe.testing.roles import RBAC

RBAC_PAGE = Path(__file__).parents[3] / "docs" / "howto" / "rbac.md"
TRADER, CAPTAIN, MOMENTUM_ONLY = "tara", "gwen", "mona"
"""As the page calls them: who may edit, who may also go live, who may take one Strategy live."""
POLICY, STRATEGY, ALLOCATION = "riskpolicies/default", "strategies/momentum", "allocations/default"
PLURAL = {"Strategy": "strategies", "Allocation": "allocations", "RiskPolicy": "riskpolicies"}
MERGE = "application/merge-patch+json"
DRY = "?dryRun=All"
CONFIG_MAPS = "/configmaps"
EVIDENCE_LABEL, EVIDENCE_KEY = "memesnipe.io/evidence", "record.json"


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
        """Ask as `who`, an admin when empty. A path that begins with `/` is below the namespace in the core API."""
        root = f"/api/v1/namespaces/{self.namespace}" if path.startswith("/") else f"{self._root}/"
        try:
            self.cluster.call(method, f"{root}{path}", content, content_type=content_type, as_user=who)
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


def evidence_map(text: str | None, strategy: str = "momentum", name: str = "evidence") -> dict[str, Any]:
    """Return a ConfigMap that is labelled as evidence for a Strategy; without a text it holds no record."""
    data = {} if text is None else {"data": {EVIDENCE_KEY: text}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {EVIDENCE_LABEL: strategy}}, **data}


def granting(namespace: str, who: str, resource: str, *verbs: str, group: str = GROUP, name: str = "") -> list[dict[str, Any]]:
    """Return a role and its binding that let somebody do something more, with `name` to one object alone."""
    metadata = {"name": f"more-{resource.replace('/', '-')}-{verbs[0]}", "namespace": namespace}
    rules = [{"apiGroups": [group], "resources": [resource], "verbs": list(verbs), **({"resourceNames": [name]} if name else {})}]
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": who}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": metadata["name"]}
    return [
        {"apiVersion": RBAC, "kind": "Role", "metadata": metadata, "rules": rules},
        {"apiVersion": RBAC, "kind": "RoleBinding", "metadata": metadata, "roleRef": reference, "subjects": [subject]},
    ]
