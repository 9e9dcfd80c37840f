"""The three CustomResourceDefinitions, as dicts. Pure."""

from typing import Any

import msgspec

from memesnipe.manifests.fields import NAME_PATTERN, Model
from memesnipe.manifests.models import GROUP, VERSION, AllocationSpec, RiskPolicySpec, StrategySpecModel
from memesnipe.manifests.status import AllocationStatus, Column, RiskPolicyStatus, Status, StrategyStatus
from memesnipe_operator.crds.schema import structural

Manifest = dict[str, Any]
LABELS = {"app.kubernetes.io/name": "memesnipe", "app.kubernetes.io/part-of": "memesnipe"}
SINGLETON = "default"


class Resource(msgspec.Struct, frozen=True):
    """One kind, with the models that its schema is made from."""

    kind: str
    plural: str
    short_name: str
    description: str
    spec: type[Model]
    status: type[Status]
    singleton: bool = False
    """Whether only the one named `default` is accepted: there is one portfolio in a namespace."""

    @property
    def group(self) -> str:
        """Return its API group."""
        return GROUP

    @property
    def definition_name(self) -> str:
        """Return the name of its CustomResourceDefinition."""
        return f"{self.plural}.{GROUP}"


STRATEGY = Resource("Strategy", "strategies", "strat", "One running strategy.", StrategySpecModel, StrategyStatus)
ALLOCATION = Resource(
    "Allocation", "allocations", "alloc", "The portfolio's capital and how it is shared out.", AllocationSpec, AllocationStatus, True
)
RISK_POLICY = Resource(
    "RiskPolicy", "riskpolicies", "rp", "The portfolio's limits and its kill switch.", RiskPolicySpec, RiskPolicyStatus, True
)
RESOURCES = (STRATEGY, ALLOCATION, RISK_POLICY)


def definition(resource: Resource) -> Manifest:
    """Return the CustomResourceDefinition of one kind.

    There is no scale subresource: two executors of one Strategy would make every intent twice. `spec.paused` is its switch.
    """
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": resource.definition_name, "labels": dict(LABELS)},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": _names(resource), "versions": [_version(resource)]},
    }


def _names(resource: Resource) -> Manifest:
    return {
        "kind": resource.kind,
        "listKind": f"{resource.kind}List",
        "plural": resource.plural,
        "singular": resource.kind.lower(),
        "shortNames": [resource.short_name],
        "categories": ["memesnipe"],
    }


def _version(resource: Resource) -> Manifest:
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [_column(one) for one in resource.status.columns],
        "schema": {"openAPIV3Schema": _root(resource)},
    }


def _column(column: Column) -> Manifest:
    made = {"name": column.name, "type": column.type, "jsonPath": column.path, "description": column.description}
    return {**made, "priority": 1} if column.wide else made


def _root(resource: Resource) -> Manifest:
    root: Manifest = {
        "type": "object",
        "description": resource.description,
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "maxLength": 64},
            "kind": {"type": "string", "maxLength": 64},
            "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 63, "pattern": NAME_PATTERN}}},
            "spec": structural(resource.spec),
            "status": structural(resource.status),
        },
    }
    if resource.singleton:
        message = f"there is one {resource.kind} in a namespace: name it '{SINGLETON}'"
        root["x-kubernetes-validations"] = [{"rule": f"self.metadata.name == '{SINGLETON}'", "message": message}]
    return root
