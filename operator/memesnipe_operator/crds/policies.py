"""The admission policies of this product: going live, raising capital, loosening limits and demands, evidence, deletions. Pure."""

from memesnipe.manifests.directions import PROMOTION
from memesnipe.manifests.promotion import Promotion
from memesnipe_operator.crds.admission import HOUSEKEEPERS, Policy, Validation, golive, needs_golive
from memesnipe_operator.crds.attesting import ATTESTING
from memesnipe_operator.crds.definitions import ALLOCATION, RISK_POLICY, STRATEGY, Manifest
from memesnipe_operator.crds.loosening import LOOSENING, defaults, looser

GOING_LIVE = Policy(
    name="memesnipe-strategies-golive",
    resource=STRATEGY,
    operations=("CREATE", "UPDATE"),
    variables={
        **golive(STRATEGY),
        "live": "has(object.spec.mode) && object.spec.mode == 'live'",
        "was": "oldObject != null && has(oldObject.spec.mode) && oldObject.spec.mode == 'live'",
        "same": "oldObject != null && object.spec == oldObject.spec",
    },
    validations=[
        needs_golive(
            STRATEGY, "!variables.live || variables.same", "variables.was ? 'changing a live Strategy\\'s spec' : 'spec.mode: live'"
        )
    ],
)
"""Back to paper is free for whoever may edit the Strategy."""

RAISING_CAPITAL = Policy(
    name="memesnipe-allocations-golive",
    resource=ALLOCATION,
    operations=("CREATE", "UPDATE"),
    variables={
        **golive(ALLOCATION),
        "before": "oldObject == null ? 0.0 : double(oldObject.spec.capitalSol)",
        "weights": "has(object.spec.weightsBps) ? dyn(object.spec.weightsBps) : dyn({})",
        "weightsBefore": "oldObject != null && has(oldObject.spec.weightsBps) ? dyn(oldObject.spec.weightsBps) : dyn({})",
        "raised": "variables.weights.filter(name, variables.weights[name] > variables.weightsBefore[?name].orValue(0))",
        "method": "oldObject != null && object.spec.method != oldObject.spec.method",
        "defaults": f"dyn({defaults(Promotion(), PROMOTION)})",
        "new": "has(object.spec.promotion) ? dyn(object.spec.promotion) : variables.defaults",
        "old": "oldObject != null && has(oldObject.spec.promotion) ? dyn(oldObject.spec.promotion) : variables.defaults",
        "weaker": looser(PROMOTION),
    },
    validations=[
        needs_golive(
            ALLOCATION,
            "double(object.spec.capitalSol) <= variables.before",
            "'raising spec.capitalSol from ' + string(variables.before) + ' to ' + string(double(object.spec.capitalSol))",
        ),
        needs_golive(ALLOCATION, "!variables.method", "'another spec.method, which shares the capital out anew,'"),
        needs_golive(ALLOCATION, "size(variables.raised) == 0", "'raising spec.weightsBps of ' + variables.raised.join(', ')"),
        needs_golive(ALLOCATION, "size(variables.weaker) == 0", "'weakening spec.promotion: ' + variables.weaker.join(', ')"),
    ],
)
"""A new Allocation raises the capital from nothing, and its demands are measured by the defaults: otherwise deleting the old one would
be the way round. Deleting it makes nothing looser: without an Allocation there is no capital, and nothing trades live."""

_NOT_HOUSEKEEPING = {"not-housekeeping": f"!(request.userInfo.username in [{', '.join(repr(name) for name in HOUSEKEEPERS)}])"}
_TERMINATING = "has(namespaceObject.metadata.deletionTimestamp)"

KEEPING_LIMITS = Policy(
    name="memesnipe-riskpolicies-delete",
    resource=RISK_POLICY,
    operations=("DELETE",),
    variables=golive(RISK_POLICY),
    conditions=_NOT_HOUSEKEEPING,
    validations=[needs_golive(RISK_POLICY, _TERMINATING, "'deleting a RiskPolicy'")],
)

KEEPING_POSITIONS = Policy(
    name="memesnipe-strategies-delete",
    resource=STRATEGY,
    operations=("DELETE",),
    variables={
        "open": "has(oldObject.status) && has(oldObject.status.openPositions) ? oldObject.status.openPositions : 0",
        "refuses": "has(params.spec.onDelete) && params.spec.onDelete == 'Refuse'",
    },
    conditions=_NOT_HOUSEKEEPING,
    of_risk_policy=True,
    validations=[
        Validation(
            f"!variables.refuses || variables.open == 0 || {_TERMINATING}",
            "'Strategy ' + oldObject.metadata.name + ' has ' + string(variables.open) + ' open positions and the RiskPolicy says onDelete: "
            "Refuse: set paused: true, close them and delete it when POSITIONS is 0, or set onDelete: Close'",
            "it has open positions and the RiskPolicy says onDelete: Refuse: close them first, or set onDelete: Close",
        )
    ],
)

POLICIES = (GOING_LIVE, RAISING_CAPITAL, LOOSENING, KEEPING_LIMITS, KEEPING_POSITIONS, ATTESTING)


def manifests() -> list[Manifest]:
    """Return every policy with its binding."""
    return [manifest for policy in POLICIES for manifest in policy.manifests()]
