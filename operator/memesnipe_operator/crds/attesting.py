"""The policy that guards evidence: a record's hash says that it is whole, not who made it, so the API server asks who writes it. Pure.

It asks RBAC for a verb and names no account: an account that a pod may run as is anybody's who may make pods in its namespace.
"""

from memesnipe_operator.crds.admission import ATTEST, GO_LIVE, VERB, Foreign, Policy, Validation, golive
from memesnipe_operator.crds.definitions import STRATEGY
from memesnipe_operator.kinds import EVIDENCE_KEY, EVIDENCE_LABEL

_OBJECT = f"has({{0}}.data) && '{EVIDENCE_KEY}' in {{0}}.data"
_LABEL = f"{{0}}.metadata.labels['{EVIDENCE_LABEL}']"
_LABELLED = f"has({{0}}.metadata.labels) && '{EVIDENCE_LABEL}' in {{0}}.metadata.labels"
_KIND = f"{STRATEGY.plural}.{STRATEGY.group}"
_MAY = golive(STRATEGY)[GO_LIVE]

ATTESTING = Policy(
    name="memesnipe-evidence-attest",
    resource=Foreign("configmaps"),
    labelled=EVIDENCE_LABEL,
    operations=("CREATE", "UPDATE"),
    conditions={"holds-a-record": f"{_LABELLED} && {_OBJECT}".replace("{0}", "object")},
    variables={
        "name": _LABEL.replace("{0}", "object"),
        "place": "object.metadata.namespace",
        "may": f"{_MAY} || {_MAY.replace(VERB, ATTEST)}",
        "had": f"oldObject != null && {_LABELLED} && {_OBJECT}".replace("{0}", "oldObject"),
        "same": f"variables.had && {_LABEL.replace('{0}', 'oldObject')} == variables.name"
        f" && oldObject.data['{EVIDENCE_KEY}'] == object.data['{EVIDENCE_KEY}']",
    },
    validations=[
        Validation(
            "variables.same || variables.may",
            f"'an evidence record of Strategy ' + variables.name + ' needs the verb {ATTEST} or {VERB} on {_KIND}/' + variables.name"
            f" + ' in namespace ' + variables.place + ': let the evidence Job make it, or ask for a Role; "
            f"kubectl auth can-i {ATTEST} {_KIND}/' + variables.name + ' -n ' + variables.place + ' tells'",
            f"an evidence record needs the verb {ATTEST} or {VERB} on {_KIND}: let the evidence Job make it, or ask for a Role",
        )
    ],
)
"""Taking a record out, or deleting its ConfigMap, is free for whoever may: it sends a Strategy back to paper."""
