"""Roles and bindings of a test, in force: the API server hears of them by a watch of its own, a moment after it has stored them."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from memesnipe.testing.cluster import Cluster

RBAC = "rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


def admit(cluster: Cluster, roles: list[dict[str, Any]]) -> None:
    """Create roles and bindings, one by one (kubectl would take longer than all the rest of a test), and wait until they are in force."""
    for one in roles:
        cluster.call("POST", f"/apis/{RBAC}/namespaces/{one['metadata']['namespace']}/{one['kind'].lower()}s", one)
    for asked in _promised(roles):
        cluster.wait(partial(_may, cluster, asked), f"{asked['user']} may {asked['resourceAttributes']['verb']}")


def bound(account: str, home: str, rules: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return a service account's roles and their bindings. `home`: its namespace; `rules` by the namespace in which they hold."""
    subject = {"kind": "ServiceAccount", "name": account, "namespace": home}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account}
    made: list[dict[str, Any]] = []
    for namespace, allowed in rules.items():
        metadata = {"name": account, "namespace": namespace}
        made.append({"kind": "Role", "metadata": metadata, "rules": allowed})
        made.append({"kind": "RoleBinding", "metadata": metadata, "subjects": [subject], "roleRef": role})
    return made


def _promised(roles: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield one thing that each binding lets each of its subjects do: with it come all the others of its role."""
    known = {(one["metadata"]["namespace"], one["metadata"]["name"]): one["rules"] for one in roles if one["kind"] == "Role"}
    for binding in (one for one in roles if one["kind"] == "RoleBinding"):
        namespace = binding["metadata"]["namespace"]
        rules = known.get((namespace, binding["roleRef"]["name"]), [])
        for subject in binding["subjects"] if rules else ():
            yield {"user": _user(subject), "resourceAttributes": _attributes(rules[0], namespace)}


def _user(subject: dict[str, Any]) -> str:
    if subject["kind"] == "ServiceAccount":
        return f"system:serviceaccount:{subject['namespace']}:{subject['name']}"
    return str(subject["name"])


def _attributes(rule: dict[str, Any], namespace: str) -> dict[str, str]:
    resource, _, part = rule["resources"][0].partition("/")
    asked = {"namespace": namespace, "verb": rule["verbs"][0], "group": rule["apiGroups"][0], "resource": resource, "subresource": part}
    return asked | {"name": next(iter(rule.get("resourceNames", ())), "")}


def _may(cluster: Cluster, asked: dict[str, Any]) -> bool:
    return bool(cluster.call("POST", REVIEWS, {"spec": asked})["status"]["allowed"])
