"""Who may talk to whom, held against the semantics of the rendered NetworkPolicies: nothing here is enforced, all of it is decided."""

from collections.abc import Iterator

import msgspec
import pytest

from memesnipe.testing.chart.network import Network, Outside, Party, Pod, matches
from memesnipe.testing.chart.pods import pods
from memesnipe.testing.chart.render import LIVE, PLATFORM, SIGNER, STRATEGIES, VALUE_SETS, VAULT, Manifest, Values, one, render
from memesnipe_operator.resources.network_policy import network_policy
from memesnipe_operator.resources.plan import Plan, Running
from memesnipe_operator.settings import ExecutorTemplate
from memesnipe_operator.views import strategy_view

PORTS = {"signer": 8091, "redis": 6379, "localnet": 8899, "dashboard": 8080}
METRICS = 8081
DNS = Pod("kube-system", {"k8s-app": "kube-dns"})
PROMETHEUS = Pod("monitoring", {"app.kubernetes.io/name": "prometheus"})
STRANGER = Pod("default", {"app": "stranger"})
INTERNET = Outside("93.184.216.34")
INTERNET_6 = Outside("2606:2800:220:1::1")
METADATA = Outside("169.254.169.254")
INSIDE = Outside("10.0.0.1")
LOCALNET_LIVE = {**VALUE_SETS["live on the localnet"], "monitoring": {"namespace": "monitoring"}}

REACH: dict[str, set[str]] = {
    "operator": {"redis", "localnet", "dns", "api"},
    "setup": {"dns", "api"},
    "drain": {"redis", "dns", "api"},
    "risk-guardian": {"redis", "dns"},
    "wallet-guard": {"redis", "localnet", "signer", "dns"},
    "position-manager": {"redis", "localnet", "dns"},
    "autonomous-allocator": {"redis", "dns"},
    "strategy-factory": {"redis", "dns"},
    "data-consumers": {"redis", "localnet", "dns"},
    "dashboard": {"redis", "dns"},
    "executor": {"redis", "dns"},
    "test": {"dashboard", "dns"},
    "redis": set(),
    "localnet": set(),
    "signer": set(),
}
"""Live on a localnet, where every part runs: who reaches what. Whatever is not here is refused."""


def test_everyone_reaches_what_the_table_says_and_nothing_else() -> None:
    network, parts = installed(LOCALNET_LIVE)
    targets: dict[str, tuple[Party, int]] = {name: (parts[name], port) for name, port in PORTS.items()} | {
        "dns": (DNS, 53),
        "api": (INSIDE, 6443),
    }

    reached = {
        name: {goal for goal, (target, port) in targets.items() if goal != name and network.allows(part, target, port)}
        for name, part in parts.items()
    }

    assert reached == REACH


def test_only_wallet_guard_reaches_the_signer_and_only_on_its_port() -> None:
    network, parts = installed(LOCALNET_LIVE)
    everyone: list[Party] = [*parts.values(), STRANGER, PROMETHEUS, DNS, INSIDE, INTERNET]

    assert [who for who in everyone if network.allows(who, parts["signer"], 8091)] == [parts["wallet-guard"]]
    assert [who for who in everyone if network.allows(who, parts["signer"], METRICS)] == []


def test_the_guards_labels_worn_elsewhere_open_nothing() -> None:
    network, parts = installed(LOCALNET_LIVE)

    for namespace in (STRATEGIES, SIGNER, "default"):
        assert not network.allows(Pod(namespace, parts["wallet-guard"].labels), parts["signer"], 8091)


def test_a_namespace_that_calls_itself_ours_in_another_label_opens_nothing() -> None:
    network, parts = installed(LOCALNET_LIVE)

    assert not network.allows(Pod("evil", parts["wallet-guard"].labels), parts["signer"], 8091)


def test_wallet_guard_lets_nobody_in_from_the_signers_namespace_whatever_may_leave_it() -> None:
    manifests = render(LOCALNET_LIVE)
    policies = [m for m in manifests if m["kind"] == "NetworkPolicy" and m["metadata"]["namespace"] != SIGNER]
    _, parts = installed(LOCALNET_LIVE)
    network = Network(policies, dict(namespaces()))

    assert not any(network.allows(parts["signer"], parts["wallet-guard"], port) for port in (METRICS, 8080, 8091, 443))


def all_but_the_signer(parts: dict[str, Pod]) -> list[Party]:
    """Return whom the signer might try to reach."""
    return [*(part for part in parts.values() if part != parts["signer"]), DNS, STRANGER, INTERNET, INTERNET_6, METADATA, INSIDE]


@pytest.mark.parametrize("protocol", ["TCP", "UDP", "SCTP"])
def test_the_signer_reaches_nothing_not_even_dns(protocol: str) -> None:
    network, parts = installed(LOCALNET_LIVE)

    assert [
        (who, port)
        for who in all_but_the_signer(parts)
        for port in (53, 443, 6379, 6443, 8080, 8091)
        if network.allows(parts["signer"], who, port, protocol)
    ] == []


VAULT_PODS = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}},
    "podSelector": {"matchLabels": {"app": "stranger"}},
}
"""Vault inside the cluster: the pod that is a stranger everywhere else."""


def ways_out(vault: Values) -> list[tuple[Party, int, str]]:
    """Return everything that the signer reaches with this Vault, by port and protocol."""
    network, parts = installed({**LIVE, "signer": {"vault": vault}})
    tried = [
        (who, port, protocol)
        for who in [*all_but_the_signer(parts), VAULT_HOST, VAULT_HOST_6]
        for port in (53, 443, 8200, 8091)
        for protocol in ("TCP", "UDP")
    ]
    return [(who, port, protocol) for who, port, protocol in tried if network.allows(parts["signer"], who, port, protocol)]


VAULT_HOST, VAULT_HOST_6 = Outside("10.2.0.1"), Outside("fd00::2")


@pytest.mark.parametrize(
    ("vault", "where"),
    [
        (VAULT, (VAULT_HOST, 8200, "TCP")),
        ({**VAULT, "url": "https://vault.example"}, (VAULT_HOST, 443, "TCP")),
        ({**VAULT, "url": "https://[fd00::2]:8200", "address": "fd00::2"}, (VAULT_HOST_6, 8200, "TCP")),
        ({**VAULT, "to": [VAULT_PODS]}, (STRANGER, 8200, "TCP")),
    ],
    ids=["by its address", "on the usual port", "by an IPv6 address", "by its pods"],
)
def test_a_signer_whose_key_is_in_vault_reaches_vault_and_nothing_else(vault: Values, where: tuple[Party, int, str]) -> None:
    assert ways_out(vault) == [where]


@pytest.mark.parametrize("name", [name for name in VALUE_SETS if name != "everything"])
def test_without_vault_the_signer_has_no_way_out_in_any_of_the_ways_to_install(name: str) -> None:
    policies = [m for m in render(VALUE_SETS[name]) if m["kind"] == "NetworkPolicy" and m["metadata"]["namespace"] == SIGNER]

    assert [policy["spec"].get("egress") for policy in policies if policy["spec"].get("egress")] == []


def test_an_executor_reaches_redis_and_dns_and_nothing_outside() -> None:
    network, parts = installed({**LIVE, "monitoring": {"namespace": "monitoring"}})
    executor = parts["executor"]

    assert network.allows(executor, parts["redis"], 6379)
    assert network.allows(executor, DNS, 53, "UDP")
    for outside in (INTERNET, INTERNET_6, METADATA, INSIDE, STRANGER):
        assert not any(network.allows(executor, outside, port) for port in (53, 80, 443, 6443))


def test_executors_do_not_reach_one_another() -> None:
    network, parts = installed(LOCALNET_LIVE)
    other = Pod(STRATEGIES, {**parts["executor"].labels, "memesnipe.io/strategy": "other"})

    assert not any(network.allows(other, parts["executor"], port) for port in (80, METRICS))


@pytest.mark.parametrize("namespace", [PLATFORM, STRATEGIES, SIGNER])
def test_a_pod_that_nobody_thought_of_is_cut_off_in_both_directions(namespace: str) -> None:
    network, parts = installed(LOCALNET_LIVE)
    unknown = Pod(namespace, {"app": "unknown"})

    assert network.isolates(unknown, "Ingress")
    assert network.isolates(unknown, "Egress")
    others: list[tuple[Party, int]] = [(parts["redis"], 6379), (parts["signer"], 8091), (DNS, 53), (INTERNET, 443), (STRANGER, 80)]
    for other, port in others:
        assert not network.allows(unknown, other, port)
        assert not network.allows(other, unknown, port)


def test_on_a_real_chain_those_who_need_it_reach_the_internet_and_nothing_that_lies_inside() -> None:
    network, parts = installed(LIVE)

    online = {name for name, part in parts.items() if network.allows(part, INTERNET, 443)}

    # API-server rules have no address: where one is, is known to the cluster's owner alone (networkPolicy.apiServer.to).
    assert online == {"wallet-guard", "position-manager", "data-consumers", "operator", "setup", "drain"}
    for name in ("wallet-guard", "position-manager", "data-consumers"):
        assert network.allows(parts[name], INTERNET_6, 443)
        assert not any(network.allows(parts[name], inside, 443) for inside in (INSIDE, METADATA, STRANGER, Outside("fd00::1")))
        assert not network.allows(parts[name], INTERNET, 80)


def test_on_the_localnet_nobody_who_trades_reaches_the_internet() -> None:
    network, parts = installed(LOCALNET_LIVE)

    assert {name for name, part in parts.items() if network.allows(part, INTERNET, 443)} == {"operator", "setup", "drain"}


def test_with_an_address_of_the_api_server_nobody_has_a_way_past_it() -> None:
    api = {"to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}], "ports": [6443]}
    network, parts = installed({**LOCALNET_LIVE, "networkPolicy": {"apiServer": api}})

    for name in ("operator", "setup", "drain"):
        assert network.allows(parts[name], INSIDE, 6443)
        assert not network.allows(parts[name], INTERNET, 443)


def test_only_the_named_namespace_scrapes_and_only_what_is_meant_to_be_scraped() -> None:
    network, parts = installed(LOCALNET_LIVE)

    scraped = {name for name, part in parts.items() if network.allows(PROMETHEUS, part, METRICS)}

    assert scraped == set(REACH) - {"signer", "setup", "drain", "test", "redis", "localnet"}
    assert [part for part in parts.values() if network.allows(STRANGER, part, METRICS)] == []


def test_nobody_scrapes_when_nobody_is_named() -> None:
    network, parts = installed(LIVE)

    assert [part for part in parts.values() if network.allows(PROMETHEUS, part, METRICS)] == []


def test_the_page_is_read_by_those_who_were_named() -> None:
    ingress = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    network, parts = installed({"dashboard": {"ingressFrom": [ingress]}})

    assert network.allows(PROMETHEUS, parts["dashboard"], 8080)
    assert not network.allows(STRANGER, parts["dashboard"], 8080)


def test_a_redis_and_a_database_of_ones_own_are_reached_on_their_ports_alone() -> None:
    network, parts = installed(VALUE_SETS["own Redis and PostgreSQL"])

    assert {name for name, part in parts.items() if network.allows(part, INSIDE, 6380)} == {
        "operator", "drain", "risk-guardian", "wallet-guard", "position-manager", "autonomous-allocator", "strategy-factory",
        "data-consumers", "dashboard", "executor",
    }  # fmt: skip
    assert {name for name, part in parts.items() if network.allows(part, INSIDE, 5432)} == {"position-manager", "dashboard"}


def test_the_allocator_reaches_the_api_server_only_where_it_may_promote() -> None:
    before, parts = installed({})
    after, _ = installed({"promotion": {"allocatorMayGoLive": True}})

    assert not before.allows(parts["autonomous-allocator"], INSIDE, 6443)
    assert after.allows(parts["autonomous-allocator"], INSIDE, 6443)


def test_the_notifier_reaches_chats_and_mail_and_nothing_inside_and_is_reached_by_alertmanager_alone() -> None:
    alertmanager = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    network, parts = installed({"notifications": {"enabled": True, "alertsFrom": [alertmanager]}})
    notifier = parts["notifier"]

    assert [network.allows(notifier, INTERNET, port) for port in (443, 587, 80, 6379)] == [True, True, False, False]
    assert network.allows(notifier, parts["redis"], 6379)
    assert not any(network.allows(notifier, who, port) for who in (INSIDE, METADATA) for port in (443, 6443, 8091))
    assert [who for who in (PROMETHEUS, STRANGER, *parts.values()) if network.allows(who, notifier, 8093)] == [PROMETHEUS]


def test_the_tracer_reaches_its_collector_at_its_port_and_nothing_else() -> None:
    outside, parts = installed({"tracing": {"enabled": True, "url": "https://traces.example.org/v1/traces"}})
    collector = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    url = "http://collector.monitoring.svc:4318/v1/traces"
    inside, _ = installed({"tracing": {"enabled": True, "url": url, "to": [collector]}})
    tracer = parts["tracer"]

    assert [outside.allows(tracer, INTERNET, port) for port in (443, 80, 4318)] == [True, False, False]
    assert not any(outside.allows(tracer, who, port) for who in (INSIDE, METADATA) for port in (443, 6443, 8091))
    assert [inside.allows(tracer, who, port) for who in (PROMETHEUS, STRANGER, INTERNET) for port in (4318,)] == [True, False, False]
    assert [inside.allows(tracer, part, PORTS.get(name, METRICS)) for name, part in parts.items() if name != "redis"].count(True) == 0
    assert inside.allows(tracer, parts["redis"], 6379)


def test_the_switch_takes_every_policy_away() -> None:
    assert [m for m in render({"networkPolicy": {"enabled": False}}) if m["kind"] == "NetworkPolicy"] == []


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())
def test_every_policy_says_both_directions_and_every_component_has_one(values: Values) -> None:
    manifests = render(values)
    policies = [m for m in manifests if m["kind"] == "NetworkPolicy"]

    assert {tuple(policy["spec"]["policyTypes"]) for policy in policies} == {("Ingress", "Egress")}
    for pod in pods(manifests):
        own = [p for p in policies if p["metadata"]["namespace"] == pod.namespace and p["spec"]["podSelector"]]
        assert any(matches(p["spec"]["podSelector"], pod.labels) for p in own), pod


def installed(values: Values) -> tuple[Network, dict[str, Pod]]:
    """Return the network of an installation with one Strategy, and each part as a pod in it."""
    manifests = render(values)
    policies = [m for m in manifests if m["kind"] == "NetworkPolicy"]
    parts = {pod.component: Pod(pod.namespace, pod.labels) for pod in pods(manifests)}
    plan = strategy_plan(manifests)
    parts["executor"] = Pod(STRATEGIES, plan.labels())
    return Network([*policies, network_policy(plan)], dict(namespaces())), parts


def namespaces() -> Iterator[tuple[str, dict[str, str]]]:
    for name in (PLATFORM, STRATEGIES, SIGNER, "kube-system", "monitoring", "default"):
        yield name, {"kubernetes.io/metadata.name": name}
    yield "evil", {"kubernetes.io/metadata.name": "evil", "name": PLATFORM}


def strategy_plan(manifests: tuple[Manifest, ...]) -> Plan:
    """Return what the operator builds a Strategy from, with the chart's own template."""
    template = msgspec.json.decode(one(manifests, "ConfigMap", "memesnipe-executor")["data"]["executor.json"], type=ExecutorTemplate)
    meta = {"name": "momentum", "namespace": STRATEGIES, "uid": "u", "generation": 1}
    view = strategy_view({"metadata": meta, "spec": {"strategy": "momentum"}})
    return Plan(view, Running("momentum", {}, {}, "hash", "digest"), template, "not a password")
