"""Who may talk to whom, by the semantics of NetworkPolicies: https://kubernetes.io/docs/concepts/services-networking/network-policies/

A pod that no policy of a direction selects may do everything in it; one that is selected may do what some rule of some policy that
selects it allows. A connection needs its source's leave to go out and its target's leave to come in. Probes by the kubelet come from
the node itself, which network plugins let through; they are not modelled.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Literal

Labels = Mapping[str, str]
Rule = Mapping[str, Any]
Policy = Mapping[str, Any]
Direction = Literal["Ingress", "Egress"]


@dataclass(frozen=True)
class Pod:
    """A pod on the network; `address` is what an ipBlock sees, for some plugins hold pods against it, too."""

    namespace: str
    labels: Labels
    address: str = "10.244.0.9"


@dataclass(frozen=True)
class Outside:
    """Whoever is no pod."""

    address: str


Party = Pod | Outside


class Network:
    """The policies of a cluster, and its namespaces with their labels."""

    def __init__(self, policies: Iterable[Policy], namespaces: Mapping[str, Labels]) -> None:
        self._policies, self._namespaces = list(policies), namespaces

    def allows(self, source: Party, target: Party, port: int, protocol: str = "TCP") -> bool:
        """Return whether a connection comes about."""
        return self._leaves(source, target, port, protocol) and self._enters(source, target, port, protocol)

    def isolates(self, pod: Pod, direction: Direction) -> bool:
        """Return whether some policy of this direction selects the pod, so that only what is allowed passes."""
        return bool(self._of(pod, direction))

    def _leaves(self, source: Party, target: Party, port: int, protocol: str) -> bool:
        policies = self._of(source, "Egress")
        return not policies or any(self._any(p, "egress", "to", target, port, protocol) for p in policies)

    def _enters(self, source: Party, target: Party, port: int, protocol: str) -> bool:
        policies = self._of(target, "Ingress")
        return not policies or any(self._any(p, "ingress", "from", source, port, protocol) for p in policies)

    def _of(self, party: Party, direction: Direction) -> list[Policy]:
        if isinstance(party, Outside):
            return []
        return [p for p in self._policies if _namespace(p) == party.namespace and _isolates(p, direction) and _selects(p, party)]

    def _any(self, policy: Policy, rules: str, peers: str, party: Party, port: int, protocol: str) -> bool:
        allowed: list[Rule] = policy["spec"].get(rules) or []
        return any(self._peer_fits(rule.get(peers), party, _namespace(policy)) and _port_fits(rule, port, protocol) for rule in allowed)

    def _peer_fits(self, peers: list[Rule] | None, party: Party, home: str) -> bool:
        """A rule without peers is for everyone; within one peer the selectors must hold together, between peers one suffices."""
        return not peers or any(self._fits(peer, party, home) for peer in peers)

    def _fits(self, peer: Rule, party: Party, home: str) -> bool:
        if "ipBlock" in peer:
            return _in_block(party.address, peer["ipBlock"])
        if isinstance(party, Outside):
            return False
        if "namespaceSelector" not in peer:
            return party.namespace == home and matches(peer["podSelector"], party.labels)
        there = matches(peer["namespaceSelector"], self._namespaces[party.namespace])
        return there and matches(peer.get("podSelector") or {}, party.labels)


def matches(selector: Mapping[str, Any], labels: Labels) -> bool:
    """Return whether a label selector holds; an empty one always does."""
    exactly: Labels = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in exactly.items()) and all(
        _expression(expression, labels) for expression in selector.get("matchExpressions") or []
    )


def _expression(expression: Mapping[str, Any], labels: Labels) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    decided = {
        "In": key in labels and labels[key] in values,
        "NotIn": key not in labels or labels[key] not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }
    return decided[operator]


def _namespace(policy: Policy) -> str:
    return str(policy["metadata"]["namespace"])


def _selects(policy: Policy, pod: Pod) -> bool:
    return matches(policy["spec"]["podSelector"], pod.labels)


def _isolates(policy: Policy, direction: Direction) -> bool:
    """Without policyTypes a policy is about what comes in, and about what goes out if it says anything about it."""
    spec = policy["spec"]
    types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    return direction in types


def _port_fits(rule: Rule, port: int, protocol: str) -> bool:
    ports = rule.get("ports")
    return not ports or any(_fits_one(one, port, protocol) for one in ports)


def _fits_one(one: Mapping[str, Any], port: int, protocol: str) -> bool:
    first = one.get("port", port)
    if not isinstance(first, int):
        raise TypeError(f"named ports are not understood here: {first!r}")
    last: int = one.get("endPort", first)
    return bool(one.get("protocol", "TCP") == protocol) and first <= port <= last


def _in_block(address: str, block: Mapping[str, Any]) -> bool:
    return _contains(block["cidr"], address) and not any(_contains(inner, address) for inner in block.get("except") or [])


def _contains(cidr: str, address: str) -> bool:
    network, one = ip_network(cidr), ip_address(address)
    return one.version == network.version and one in network
