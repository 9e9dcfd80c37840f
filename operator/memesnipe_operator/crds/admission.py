"""Who may take risk on: ValidatingAdmissionPolicies and their bindings, as dicts. Pure.

Each asks the API server's own authorizer for the verb `golive`, which RBAC grants like any other verb: nothing of ours has to run for a
refusal, and a dead operator does not open the door. What makes risk smaller is never refused, nor is what leaves the spec as it is
(labels, finalizers); the status is a subresource of its own and not asked about.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from memesnipe.manifests.models import API_VERSION, GROUP
from memesnipe_operator.crds.definitions import LABELS, SINGLETON, Manifest, Resource

VERB = "golive"
ATTEST = "attest"
"""Of who measures: may say what evidence there is, and decides nothing."""
GO_LIVE = "golive"
"""Variable: whether who asks holds the verb on this object."""
HOUSEKEEPERS = (
    "system:serviceaccount:kube-system:generic-garbage-collector",
    "system:serviceaccount:kube-system:namespace-controller",
    "system:kube-controller-manager",
)
"""Who deletes what a deleted namespace or owner leaves behind; a refusal would hold the namespace for ever."""


class Foreign(msgspec.Struct, frozen=True):
    """A resource that is not ours."""

    plural: str
    group: str = ""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One set of rules for one resource."""

    name: str
    resource: Resource | Foreign
    labelled: str = ""
    """Asked only about objects with this label, whatever its value; empty: about all."""
    operations: tuple[str, ...]
    variables: Mapping[str, str] = {}
    """By name, in the order in which one may use another."""
    validations: Sequence["Validation"]
    conditions: Mapping[str, str] = {}
    """By name: asked only where all of them are true."""
    of_risk_policy: bool = False
    """Whether `params` is the namespace's RiskPolicy; without one nothing is refused."""

    def manifests(self) -> tuple[Manifest, Manifest]:
        """Return the policy and the binding that puts it in force everywhere."""
        return _policy(self), _binding(self)


class Validation(msgspec.Struct, frozen=True):
    """One expression that must be true, and what a person is told when it is not."""

    expression: str
    says: str
    """CEL of the message."""
    message: str
    """What is told should `says` itself fail."""


def golive(resource: Resource) -> dict[str, str]:
    """Return the variables that tell who is asked about, and whether who asks may."""
    named = f"authorizer.group('{GROUP}').resource('{resource.plural}').namespace(variables.place).name(variables.name)"
    return {
        "name": "object == null ? oldObject.metadata.name : object.metadata.name",
        "place": "object == null ? oldObject.metadata.namespace : object.metadata.namespace",
        GO_LIVE: f"{named}.check('{VERB}').allowed()",
    }


def needs_golive(resource: Resource, unless: str, what: str) -> Validation:
    """Return the rule that something needs the verb. `unless` is CEL; `what` is CEL of a text, the subject of the message's sentence."""
    kind = f"{resource.plural}.{GROUP}"
    ask = f"' needs the verb {VERB} on {kind}/' + variables.name + ' in namespace ' + variables.place"
    check = f"': ask for a Role that has it; kubectl auth can-i {VERB} {kind}/' + variables.name + ' -n ' + variables.place + ' tells'"
    return Validation(
        f"({unless}) || variables.{GO_LIVE}",
        f"({what}) + {ask} + {check}",
        f"this needs the verb {VERB} on {kind}: ask for a Role that has it; kubectl auth can-i {VERB} {kind} tells",
    )


def _policy(policy: Policy) -> Manifest:
    spec: Manifest = {
        "failurePolicy": "Fail",
        "matchConstraints": _constraints(policy),
        "matchConditions": _named(policy.conditions),
        "variables": _named(policy.variables),
        "validations": [
            {"expression": one.expression, "messageExpression": one.says, "message": one.message, "reason": "Forbidden"}
            for one in policy.validations
        ],
    }
    if policy.of_risk_policy:
        spec["paramKind"] = {"apiVersion": API_VERSION, "kind": "RiskPolicy"}
    return _object("ValidatingAdmissionPolicy", policy.name, {key: value for key, value in spec.items() if value})


def _constraints(policy: Policy) -> Manifest:
    rule = {
        "apiGroups": [policy.resource.group],
        "apiVersions": ["*"],
        "operations": list(policy.operations),
        "resources": [policy.resource.plural],
        "scope": "Namespaced",
    }
    labelled = {"matchExpressions": [{"key": policy.labelled, "operator": "Exists"}]}
    return {"resourceRules": [rule], **({"objectSelector": labelled} if policy.labelled else {})}


def _binding(policy: Policy) -> Manifest:
    spec: Manifest = {"policyName": policy.name, "validationActions": ["Deny"]}
    if policy.of_risk_policy:
        spec["paramRef"] = {"name": SINGLETON, "parameterNotFoundAction": "Allow"}
    return _object("ValidatingAdmissionPolicyBinding", policy.name, spec)


def _object(kind: str, name: str, spec: Manifest) -> Manifest:
    metadata = {"name": name, "labels": dict(LABELS)}
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


def _named(expressions: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"name": name, "expression": expression} for name, expression in expressions.items()]
