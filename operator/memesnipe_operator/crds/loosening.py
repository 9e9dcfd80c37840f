"""The policy that guards the limits: looser values and milder halts need the verb, tighter ones never do. Made from the direction table."""

from collections.abc import Mapping
from decimal import Decimal

from memesnipe.manifests.directions import DIRECTIONS, NESTED, Looser
from memesnipe.manifests.fields import Model
from memesnipe.manifests.kill_switch import HaltName
from memesnipe.manifests.models import RiskPolicySpec
from memesnipe_operator.crds.admission import Policy, golive, needs_golive
from memesnipe_operator.crds.definitions import RISK_POLICY

LOOSER_IN_CEL = {
    Looser.LARGER: "{new}.{field} > {old}.{field}",
    Looser.LARGER_OR_ZERO: "{old}.{field} != 0 && ({new}.{field} == 0 || {new}.{field} > {old}.{field})",
    Looser.SMALLER: "{new}.{field} < {old}.{field}",
    Looser.FEWER: (
        "{old}.?{field}.orValue(dyn({})).exists(name, {old}.{field}[name].exists(one, !(one in {new}.?{field}[?name].orValue(dyn([])))))"
    ),
}
"""`Looser.than` for the API server."""

SEVERITY = {name.value: place for place, name in enumerate(HaltName)}
UNKNOWN = HaltName.HALTED.value
"""What may be in force while the status does not say: a drawdown halts at HALTED."""


def defaults(spec: Model, ways: Mapping[str, Looser]) -> str:
    """Return CEL of a map with each limit's default: what a new object is measured by."""
    given = spec.model_dump(by_alias=True)
    return _literal({name: float(given[name]) for name, way in ways.items() if way not in (Looser.NEVER, Looser.FEWER)})


def _literal(values: dict[str, float] | dict[str, int]) -> str:
    return "{" + ", ".join(f"'{name}': {Decimal(repr(value)):f}" for name, value in values.items()) + "}"


def looser(ways: Mapping[str, Looser], group: str = "") -> str:
    """Return CEL of a list that names each limit that is looser in `variables.new` than in `variables.old`, with both values.

    `group`: the object in the spec that has them; its own two variables are `variables.<group>` and `variables.<group>Old`.
    """
    new, old = (f"variables.{group}", f"variables.{group}Old") if group else ("variables.new", "variables.old")
    said = "{condition} ? '{name} from ' + string({old}.{field}) + ' to ' + string({new}.{field}) : ''"
    fewer = "{condition} ? '{name} from more tokens to fewer' : ''"
    each = [
        (fewer if way is Looser.FEWER else said)
        .replace("{condition}", LOOSER_IN_CEL[way])
        .replace("{new}", new)
        .replace("{old}", old)
        .replace("{name}", f"{group}.{field}" if group else field)
        .replace("{field}", field)
        for field, way in ways.items()
        if way is not Looser.NEVER
    ]
    return "[" + ", ".join(each) + "].filter(one, one != '')"


def _nested(spec: RiskPolicySpec) -> dict[str, str]:
    """Return the variables of limits that are an object of their own; one that is absent has its defaults."""
    made = dict[str, str]()
    for group, ways in NESTED.items():
        made |= {
            f"{group}Default": f"dyn({defaults(getattr(spec, group), ways)})",
            group: f"has(object.spec.{group}) ? dyn(object.spec.{group}) : variables.{group}Default",
            f"{group}Old": f"oldObject != null && has(oldObject.spec.{group}) ? dyn(oldObject.spec.{group}) : variables.{group}Default",
            f"{group}Looser": looser(ways, group),
        }
    return made


_SWITCH = {
    "severity": _literal(SEVERITY),
    "switched": "has(variables.new.killSwitch) ? variables.new.killSwitch : dyn({})",
    "before": "has(variables.old.killSwitch) ? variables.old.killSwitch : dyn({})",
    "reworded": "variables.switched.?reason.orValue('') != variables.before.?reason.orValue('')",
    "known": "oldObject != null && has(oldObject.status) && has(oldObject.status.halt)",
    "halts": "variables.known && has(oldObject.status.strategyHalts) ? dyn(oldObject.status.strategyHalts) : dyn({})",
    "states": "variables.switched.?strategies.orValue(dyn({}))",
    "statesBefore": "variables.before.?strategies.orValue(dyn({}))",
    "state": "variables.switched.?state.orValue('')",
    "stateBefore": "variables.before.?state.orValue('')",
    "milder": (
        "variables.state == ''"
        f" ? variables.stateBefore != '' && variables.stateBefore != '{HaltName.ACTIVE.value}'"
        " : (variables.state != variables.stateBefore || variables.reworded)"
        " && (variables.severity[variables.state] < variables.severity[variables.stateBefore == '' ? 'Active' : variables.stateBefore]"
        f" || variables.severity[variables.state] < variables.severity[variables.known ? oldObject.status.halt : '{UNKNOWN}'])"
    ),
    "milderFor": (
        "variables.states.filter(name,"
        " variables.states[name] != variables.statesBefore[?name].orValue('')"
        " && (variables.severity[variables.states[name]] < variables.severity[variables.statesBefore[?name].orValue('Active')]"
        " || variables.severity[variables.states[name]]"
        f" < variables.severity[variables.known ? variables.halts[?name].orValue('Active') : '{UNKNOWN}']))"
        f" + variables.statesBefore.filter(name, variables.statesBefore[name] != '{HaltName.ACTIVE.value}' && !(name in variables.states))"
    ),
}
"""Each change of a state is a command, and for everyone another reason is one too. It is milder when it is less severe than the command
before it, or than what is in force: `Active` said over a drawdown's halt resumes trading, though no earlier command is taken back."""

LOOSENING = Policy(
    name="memesnipe-riskpolicies-golive",
    resource=RISK_POLICY,
    operations=("CREATE", "UPDATE"),
    variables={
        **golive(RISK_POLICY),
        "new": "dyn(object.spec)",
        "old": f"oldObject == null ? dyn({defaults(RiskPolicySpec(), DIRECTIONS)}) : dyn(oldObject.spec)",
        "own": looser(DIRECTIONS),
        **_nested(RiskPolicySpec()),
        "looser": " + ".join(["variables.own", *(f"variables.{group}Looser" for group in NESTED)]),
        **_SWITCH,
        "owned": "has(object.metadata.ownerReferences) && (oldObject == null || !has(oldObject.metadata.ownerReferences)"
        " || object.metadata.ownerReferences != oldObject.metadata.ownerReferences)",
    },
    validations=[
        needs_golive(RISK_POLICY, "size(variables.looser) == 0", "'loosening ' + variables.looser.join(', ')"),
        needs_golive(RISK_POLICY, "!variables.milder", "'a milder killSwitch.state than was commanded or is in force'"),
        needs_golive(
            RISK_POLICY,
            "size(variables.milderFor) == 0",
            "'a milder killSwitch than was commanded or is in force for ' + variables.milderFor.join(', ')",
        ),
        needs_golive(RISK_POLICY, "!variables.owned", "'an owner, whose deletion would delete the RiskPolicy,'"),
    ],
)
