"""What the chart lets its accounts do in the cluster, and what it never lets them."""

from typing import Any

import pytest

from memesnipe.testing.chart.render import PLATFORM, SIGNER, STRATEGIES, VALUE_SETS, Manifest, Values, one, render

Right = tuple[str, str, str]
"""(namespace or "cluster", "group/resource", verb)"""
OWNED = (
    "apps/deployments",
    "/configmaps",
    "/secrets",
    "/serviceaccounts",
    "networking.k8s.io/networkpolicies",
    "monitoring.coreos.com/podmonitors",
)

each_set = pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())


@each_set
def test_the_operator_never_holds_the_verb_that_takes_a_strategy_live(values: Values) -> None:
    held = rights_of(render(values), "memesnipe-operator")

    assert [right for right in held if right[2] in ("golive", "attest", "*") or "*" in right[1]] == []


@each_set
def test_the_operator_makes_pods_and_reads_secrets_in_the_strategies_namespace_alone(values: Values) -> None:
    held = rights_of(render(values), "memesnipe-operator")

    assert {right[0] for right in held if right[1] in ("/secrets", "/pods", "apps/deployments", "/serviceaccounts")} == {STRATEGIES}
    assert {right[0] for right in held} == {PLATFORM, STRATEGIES, "cluster"}


def test_the_operator_may_do_what_it_does_and_no_more() -> None:
    ours = ("strategies", "allocations", "riskpolicies")
    wanted: set[Right] = {(STRATEGIES, kind, verb) for kind in OWNED for verb in ("get", "list", "watch", "create", "patch", "delete")}
    wanted |= {(STRATEGIES, f"memesnipe.io/{kind}", verb) for kind in ours for verb in ("get", "list", "watch", "patch")}
    wanted |= {(STRATEGIES, f"memesnipe.io/{kind}/status", verb) for kind in ours for verb in ("get", "patch", "update")}
    wanted |= {(STRATEGIES, f"memesnipe.io/{kind}/finalizers", "update") for kind in ours}
    wanted |= {(STRATEGIES, "/pods", verb) for verb in ("get", "list", "watch")}
    wanted |= {(namespace, "/events", verb) for namespace in (PLATFORM, STRATEGIES) for verb in ("create", "patch")}
    wanted |= {
        (PLATFORM, kind, verb) for kind in ("coordination.k8s.io/leases", "/configmaps") for verb in ("create", "get", "update", "patch")
    }
    wanted |= {("cluster", "memesnipe.io/strategies", verb) for verb in ("get", "list", "watch", "patch")}
    wanted |= {("cluster", "memesnipe.io/strategies/status", verb) for verb in ("get", "patch", "update")}

    assert rights_of(render(), "memesnipe-operator") == wanted


def test_the_operator_reads_one_lease_and_one_config_map_of_the_platform() -> None:
    rules = one(render(), "Role", "memesnipe-operator", PLATFORM)["rules"]

    named = {
        name for rule in rules if set(rule["verbs"]) - {"create"} and rule["resources"] != ["events"] for name in rule["resourceNames"]
    }

    assert named == {"memesnipe-operator", "memesnipe-operator-state"}


@each_set
def test_nobody_reads_secrets_but_the_operator_where_it_made_them_setup_and_drain(values: Values) -> None:
    manifests = render(values)

    readers = {
        (account, right[0])
        for account in accounts(manifests)
        for right in rights_of(manifests, account)
        if right[1] == "/secrets" and right[2] in ("get", "list")
    }

    assert readers == {
        ("memesnipe-operator", STRATEGIES),
        ("memesnipe-drain", STRATEGIES),
        ("memesnipe-setup", PLATFORM),
        ("memesnipe-setup", SIGNER),
    }


def test_nobody_may_go_live_until_somebody_is_named() -> None:
    manifests = render()

    assert one(manifests, "Role", "memesnipe-golive", STRATEGIES)
    assert [m for m in manifests if m["kind"] == "RoleBinding" and m["roleRef"]["name"] == "memesnipe-golive"] == []
    assert [account for account in accounts(manifests) if any(right[2] == "golive" for right in rights_of(manifests, account))] == []


def test_those_who_were_named_may_go_live() -> None:
    binding = one(render({"golive": {"users": ["mona"], "groups": ["desk"]}}), "RoleBinding", "memesnipe-golive", STRATEGIES)

    assert [(subject["kind"], subject["name"]) for subject in binding["subjects"]] == [("User", "mona"), ("Group", "desk")]


def test_promotion_gives_the_verb_to_the_allocators_account_for_strategies_alone() -> None:
    held = rights_of(render({"promotion": {"allocatorMayGoLive": True}}), "memesnipe-autonomous-allocator")

    assert held == {(STRATEGIES, "memesnipe.io/strategies", verb) for verb in ("get", "patch", "golive")}


@each_set
def test_no_rule_has_a_wildcard_and_nothing_is_cluster_wide_but_letting_strategies_go(values: Values) -> None:
    manifests = render(values)
    rules = [rule for m in manifests if m["kind"] in ("Role", "ClusterRole") for rule in m["rules"]]

    assert [rule for rule in rules if "*" in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]] == []
    assert [m["metadata"]["name"] for m in manifests if m["kind"] == "ClusterRole"] == ["memesnipe-operator"]


def test_drain_may_stop_the_operator_and_take_away_what_it_made_and_no_more() -> None:
    wanted: set[Right] = {(STRATEGIES, kind, verb) for kind in OWNED for verb in ("list", "delete")}
    wanted |= {(STRATEGIES, "memesnipe.io/strategies", verb) for verb in ("list", "patch")} | {(STRATEGIES, "/pods", "list")}
    wanted |= {(PLATFORM, "/pods", "list"), *((PLATFORM, "apps/deployments", verb) for verb in ("get", "update"))}

    assert rights_of(render(), "memesnipe-drain") == wanted
    assert one(render(), "Role", "memesnipe-drain", PLATFORM)["rules"][0]["resourceNames"] == ["memesnipe-operator"]


def test_drain_goes_before_anything_is_removed_and_its_rights_go_with_it() -> None:
    hooks = [m for m in render() if "drain" in m["metadata"]["name"] and m["kind"] != "NetworkPolicy"]

    assert {m["kind"] for m in hooks} == {"ServiceAccount", "Role", "RoleBinding", "Job"}
    assert {m["metadata"]["annotations"]["helm.sh/hook"] for m in hooks} == {"pre-delete"}
    weights = {m["kind"]: int(m["metadata"]["annotations"].get("helm.sh/hook-weight", "0")) for m in hooks}
    assert all(weight < weights["Job"] for kind, weight in weights.items() if kind != "Job")


def accounts(manifests: tuple[Manifest, ...]) -> list[str]:
    return [m["metadata"]["name"] for m in manifests if m["kind"] == "ServiceAccount"]


def rights_of(manifests: tuple[Manifest, ...], account: str) -> set[Right]:
    """Return all that is bound to a service account of the platform's namespace."""
    held: set[Right] = set()
    for binding in manifests:
        if binding["kind"] in ("RoleBinding", "ClusterRoleBinding") and any(_is(subject, account) for subject in binding["subjects"]):
            where = binding["metadata"].get("namespace", "")
            role = one(manifests, binding["roleRef"]["kind"], binding["roleRef"]["name"], where)
            held |= {(where or "cluster", *right) for rule in role["rules"] for right in _rights(rule)}
    return held


def _is(subject: dict[str, Any], account: str) -> bool:
    return (subject["kind"], subject["name"], subject.get("namespace")) == ("ServiceAccount", account, PLATFORM)


def _rights(rule: dict[str, Any]) -> list[tuple[str, str]]:
    kinds = [f"{group}/{resource}" for group in rule["apiGroups"] for resource in rule["resources"]]
    return [(kind, verb) for kind in kinds for verb in rule["verbs"]]
