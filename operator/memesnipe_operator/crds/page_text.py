"""What the reference page of the custom resources says that no model knows."""

from pathlib import Path

from memesnipe.manifests.fields import Change

HEAD = """# Custom resources

Made from the models in `memesnipe.manifests` by `python -m memesnipe_operator.crds`; a test holds it against them. The same models
validate the manifests of a host (`memesnipe up`), so one YAML serves both. `kubectl explain strategy.spec` says the same in a terminal.

Amounts are numbers of SOL with nine decimals at most; 1 bps is 0.01 %. In a cluster an amount is written without quotes. Unknown fields
are refused: by the models, and in a cluster by kubectl's default `--validate=strict`. A client that asks for less strictness has them
dropped by the API server, so a misspelt limit would silently be the default: keep the strictness.
"""

CHANGES_HEAD = """
What changing a field does:

| word | what happens |
|---|---|
"""
CHANGES = {
    Change.FIXED: "refused: make a new object under a new name",
    Change.GATED: "takes effect when every gate agrees; the way back takes effect at once",
    Change.APPLIED: "in force within seconds; nothing restarts",
    Change.SCALED: "the strategy's pod goes, or comes back as it was; its positions stay guarded meanwhile",
    Change.RESTARTED: "the strategy's process starts anew with what changed; its positions stay guarded meanwhile",
    Change.REPLACED: "another pod takes the place of the strategy's; its positions stay guarded meanwhile",
    Change.COMMAND: "each change of a state or of the reason is one person's command to the kill switch",
}

EXAMPLE = f"""
```
$ kubectl get strategies,allocations,riskpolicies -n memesnipe-strategies
{Path(__file__).with_name("example.txt").read_text(encoding="utf-8").rstrip()}
```

`kubectl get memesnipe` lists all three kinds, `-o wide` shows more columns.
"""

NOTES = {
    "Strategy": """

One pod runs it. There is no scale subresource: two executors of one Strategy would make every intent twice
([decision 6](../adr/0006-no-scale.md)); `spec.paused` is its switch. What a changed field does to its pod, and what a failing spec does:
[the operator](../explanation/operator.md#a-strategys-life). Reasons of its conditions: [operator](operator.md#conditions).
""",
    "Allocation": """

One in a namespace, named `default`. "Looser" says which way a change of a demand needs the verb `golive`; the other way never does.
More capital needs it, too, as do another method and a higher weight. What each demand asks, and how often noise passes all of them:
[what counts as evidence](../explanation/evidence.md).
""",
    "RiskPolicy": """

One in a namespace, named `default`. "Looser" says which way a change needs the verb `golive`; the other way never does. A new RiskPolicy
is measured by the defaults. How a kill switch is used: [halt, and reopen](../howto/halt.md).
""",
}

_SPEC = "| field | type | default | bounds | change | what |\n|---|---|---|---|---|---|\n"
_LIMITS = "| field | type | default | bounds | change | looser | what |\n|---|---|---|---|---|---|---|\n"
SPEC_HEAD = {
    "Strategy": _SPEC,
    "Allocation": _LIMITS,
    "RiskPolicy": _LIMITS,
}
COLUMNS_HEAD = "| column | shown | from | what |\n|---|---|---|---|\n"
STATUS_HEAD = "| field | type | bounds | what |\n|---|---|---|---|\n"

POLICIES_HEAD = """## Who may

ValidatingAdmissionPolicies ask for the verb `golive`, which RBAC grants like any other ([who may do what](../howto/rbac.md)); they hold
while the operator is down. Labels, annotations, finalizers and status never need it, nor does anything that makes risk smaller.

| policy | asked on | refuses |
|---|---|---|
"""
POLICIES = {
    "memesnipe-strategies-golive": "`mode: live`, and any change of the spec while it is live, without `golive`. Back to paper is free.",
    "memesnipe-allocations-golive": (
        "without `golive`: a higher `capitalSol`, another `method`, a higher weight, a weaker demand of `promotion`; a new Allocation "
        "counts from 0, its demands from the defaults."
    ),
    "memesnipe-riskpolicies-golive": (
        "without `golive`: a limit looser than it was, or than its default on a new RiskPolicy; a kill switch command milder than the one "
        "before it or than what is in force (a status that does not say counts as Halted); taking back a severe one; a new owner."
    ),
    "memesnipe-riskpolicies-delete": "deleting it without `golive`, but when its namespace goes.",
    "memesnipe-strategies-delete": (
        "deleting a Strategy with open positions while the RiskPolicy says `onDelete: Refuse`, but when its namespace goes."
    ),
    "memesnipe-evidence-attest": (
        "a new or changed evidence record (`record.json` in a ConfigMap labelled `memesnipe.io/evidence: <Strategy>`) without `attest` or "
        "`golive` on that Strategy. Taking one out is free."
    ),
}

TAIL = """## Versions

`v1alpha1` is served and stored. A new version of the definitions only adds optional fields, so objects from before it stay as they are
(`tests/operator/test_crd_upgrade.py`); apply the definitions before the operator
([upgrade](../howto/upgrade.md#the-definitions)). Uninstalling the chart keeps definitions and objects.
"""
