"""What the chart makes of its values: rendered by the real Helm, compared with what the services, setup and the operator expect."""

import re
from collections import Counter
from typing import Any

import msgspec
import pytest

from memesnipe.allocator.settings import AllocatorSettings
from memesnipe.cli.main import SERVICES
from memesnipe.consumers.settings import ConsumerSettings
from memesnipe.control.access import service_users
from memesnipe.dashboard.settings import DashboardSettings
from memesnipe.factory.settings import FactorySettings
from memesnipe.guard.settings import GuardSettings
from memesnipe.kernel.settings import load, variable
from memesnipe.localnet.__main__ import settings_of
from memesnipe.notify.settings import NotifySettings
from memesnipe.positions.settings import PositionSettings
from memesnipe.risk.settings import RiskSettings
from memesnipe.signer.settings import SignerSettings
from memesnipe.testing.chart.pods import PodTemplate, pod_of, pods
from memesnipe.testing.chart.render import LIVE, PLATFORM, SIGNER, STRATEGIES, VALUE_SETS, VAULT, WALLET, Values, lint, one, render
from memesnipe.tracing.settings import TracingSettings
from memesnipe_operator.drain.settings import DrainSettings
from memesnipe_operator.settings import ExecutorTemplate, OperatorSettings
from memesnipe_operator.setup import mutual_tls, objects
from memesnipe_operator.setup.settings import SetupSettings

SETTINGS: dict[str, type[msgspec.Struct]] = {
    "operator": OperatorSettings,
    "setup": SetupSettings,
    "drain": DrainSettings,
    "risk-guardian": RiskSettings,
    "wallet-guard": GuardSettings,
    "signer": SignerSettings,
    "position-manager": PositionSettings,
    "autonomous-allocator": AllocatorSettings,
    "strategy-factory": FactorySettings,
    "data-consumers": ConsumerSettings,
    "dashboard": DashboardSettings,
    "notifier": NotifySettings,
    "tracer": TracingSettings,
}
CLUSTER_WIDE = {"Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"}
ONE_AT_A_TIME = {"risk-guardian", "wallet-guard", "position-manager", "autonomous-allocator", "strategy-factory", "data-consumers"}
LOCALNET_LIVE = VALUE_SETS["live on the localnet"]

each_set = pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())


@each_set
def test_helm_lints_every_set_of_values_without_a_warning(values: Values) -> None:
    said = lint(values)

    assert "0 chart(s) failed" in said
    assert "[WARNING]" not in said


@each_set
def test_no_two_objects_have_the_same_kind_namespace_and_name(values: Values) -> None:
    names = Counter((m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) for m in render(values))

    assert [name for name, count in names.items() if count > 1] == []


@each_set
def test_every_object_is_in_one_of_the_three_namespaces_and_says_whose_it_is(values: Values) -> None:
    manifests = [m for m in render(values) if m["kind"] not in CLUSTER_WIDE and not m["kind"].startswith("ValidatingAdmission")]

    assert {m["metadata"]["namespace"] for m in manifests} <= {PLATFORM, STRATEGIES, SIGNER}
    for manifest in manifests:
        labels = manifest["metadata"]["labels"]
        assert (labels["app.kubernetes.io/name"], labels["app.kubernetes.io/managed-by"]) == ("memesnipe", "Helm")
        assert manifest["metadata"]["name"].startswith("memesnipe-")


@each_set
def test_every_variable_is_one_that_the_service_reads_and_its_text_is_understood(values: Values) -> None:
    checked = [pod for pod in pods(render(values)) if pod.component in SETTINGS]

    for pod in checked:
        kind = SETTINGS[pod.component]
        assert set(pod.env) - {variable(field.name) for field in msgspec.structs.fields(kind)} == set(), pod
        load(kind, {name: str(entry["value"]) for name, entry in pod.env.items() if "value" in entry})
    assert len(checked) >= len(SETTINGS) - 4  # on paper there is no signer, and page, notifier and tracer may be off


@each_set
def test_every_service_is_started_by_a_name_that_the_command_line_knows(values: Values) -> None:
    started = {pod.spec["containers"][0]["args"][0] for pod in pods(render(values)) if pod.component in SETTINGS}

    modules = {name for name in started if name.startswith("memesnipe_operator")}
    assert modules == {"memesnipe_operator", "memesnipe_operator.setup", "memesnipe_operator.drain"}
    assert started - modules <= set(SERVICES)


@each_set
def test_whatever_a_pod_mounts_or_reads_is_made_by_setup_by_the_chart_or_named_in_the_values(values: Values) -> None:
    manifests = render(values)
    there = {(m["kind"], m["metadata"]["namespace"], m["metadata"]["name"]) for m in manifests if "namespace" in m["metadata"]}
    there |= set(made_by_setup(localnet=bool(values.get("localnet"))))
    named = {"my-redis", "my-ledger", "my-chain", "my-recordings", "memesnipe-vault", "my-jito", "memesnipe-notify"}
    named |= {"memesnipe-traces", "my-traces-ca"}
    named |= set() if values.get("localnet") else {"memesnipe-wallet"}

    used = {reference for pod in pods(manifests) for reference in references(pod)}

    assert {reference for reference in used if reference not in there and reference[2] not in named} == set()


def test_setup_may_read_and_change_what_it_makes_and_no_other_secret() -> None:
    for localnet in (False, True):
        manifests = render({"localnet": {"enabled": localnet}})
        for namespace in (PLATFORM, SIGNER):
            rules = one(manifests, "Role", "memesnipe-setup", namespace)["rules"]
            allowed = {name for rule in rules if "secrets" in rule["resources"] for name in rule.get("resourceNames", [])}
            made = {name for kind, where, name in made_by_setup(localnet=localnet) if kind == "Secret" and where == namespace}
            assert allowed == made


def test_on_paper_there_is_no_signer_and_nobody_is_told_of_the_wallets_key() -> None:
    manifests = render({"wallet": {"pubkey": WALLET}})

    assert [pod for pod in pods(manifests) if pod.component == "signer"] == []
    assert "MEMESNIPE_SIGNER_URL" not in pod_of(manifests, "wallet-guard").env
    assert "memesnipe-wallet" not in {name for pod in pods(manifests) for _, _, name in references(pod)}


def test_the_guard_calls_the_signer_by_a_name_that_its_certificate_has() -> None:
    manifests = render(LIVE)
    signer_side, _ = mutual_tls.sides(SetupSettings())

    url = pod_of(manifests, "wallet-guard").env["MEMESNIPE_SIGNER_URL"]["value"]

    assert re.fullmatch(r"https://(.+):8091", url)[1] in signer_side.names  # type: ignore[index]
    assert {"name": "sign", "port": 8091, "targetPort": 8091} in one(manifests, "Service", "memesnipe-signer", SIGNER)["spec"]["ports"]


def test_both_ends_of_mutual_tls_find_the_files_that_setup_wrote() -> None:
    manifests = render(LIVE)
    written = {mutual_tls.CA, mutual_tls.CERTIFICATE, mutual_tls.KEY}

    guard = load(GuardSettings, plain(pod_of(manifests, "wallet-guard"))).signer_files()
    signer = load(SignerSettings, plain(pod_of(manifests, "signer"))).tls_files()

    for files in (guard, signer):
        assert files is not None
        assert {path.name for path in (files.ca, files.certificate, files.key)} == written
        assert {str(path.parent) for path in (files.ca, files.certificate, files.key)} == {"/etc/memesnipe/tls"}


def test_the_signer_has_no_address_of_redis_and_no_api_key() -> None:
    signer = pod_of(render(VALUE_SETS["everything"]), "signer")

    assert [name for name, entry in signer.env.items() if "valueFrom" in entry] == []
    assert "MEMESNIPE_REDIS_URL" not in signer.env


def test_keys_of_providers_go_to_those_who_call_the_providers_alone() -> None:
    manifests = render(VALUE_SETS["everything"])

    holders = {pod.component for pod in pods(manifests) if any(name == "my-chain" for _, _, name in references(pod))}

    assert holders == {"operator", "wallet-guard", "position-manager", "data-consumers"}
    assert [pod.component for pod in pods(manifests) if "MEMESNIPE_HELIUS_API_KEY" in pod.env] == ["wallet-guard"]


def test_the_operator_understands_the_template_of_a_strategys_pod() -> None:
    for values in VALUE_SETS.values():
        rendered = one(render(values), "ConfigMap", "memesnipe-executor")["data"]["executor.json"]

        template = msgspec.json.decode(rendered, type=ExecutorTemplate)

        assert template.resources["limits"]["memory"] == "512Mi"
        assert template.redis_address.count(":") == 1
        assert template.egress


def test_files_are_mounted_where_the_services_look_for_them() -> None:
    manifests = render(LIVE)
    where = {
        "risk-guardian": "/var/lib/memesnipe/keys",
        "wallet-guard": str(GuardSettings(data_dir="/var/lib/memesnipe").keys_path),
        "signer": str(SignerSettings(data_dir="/var/lib/memesnipe").trusted_path.parent),
        "operator": OperatorSettings().lease_key_file.rpartition("/")[0],
    }

    for component, folder in where.items():
        mounts = {mount["mountPath"]: mount for mount in pod_of(manifests, component).spec["containers"][0]["volumeMounts"]}
        assert mounts[folder]["readOnly"] is True


def test_the_localnet_understands_its_arguments() -> None:
    localnet = pod_of(render(LOCALNET_LIVE), "localnet")
    arguments = [argument.replace("$(MEMESNIPE_WALLET_PUBKEY)", WALLET) for argument in localnet.spec["containers"][0]["args"]]

    settings = settings_of(arguments[1:])

    assert (arguments[0], settings.host, settings.port, settings.airdrop) == ("localnet", "0.0.0.0", 8899, (WALLET,))
    assert localnet.env["MEMESNIPE_WALLET_PUBKEY"]["valueFrom"] == {"configMapKeyRef": {"name": "memesnipe-wallet", "key": "pubkey"}}


def test_a_real_wallet_is_never_filled_by_the_localnet_nor_signed_for_on_it() -> None:
    manifests = render({**LOCALNET_LIVE, "wallet": {"pubkey": WALLET, "existingSecret": "my-real-wallet"}})

    assert "my-real-wallet" not in {name for pod in pods(manifests) for _, _, name in references(pod)}
    assert WALLET not in str(manifests)


def test_the_signer_is_told_the_one_address_so_that_another_wallet_s_file_is_found_at_its_start() -> None:
    assert pod_of(render(LIVE), "signer").env["MEMESNIPE_WALLET_ADDRESS"]["value"] == WALLET


def test_a_key_in_vault_takes_the_place_of_the_file_and_its_token_is_a_file_of_the_signers_alone() -> None:
    manifests = render({**LIVE, "signer": {"vault": VAULT, "jito": {"existingSecret": "my-jito"}}})

    signer = pod_of(manifests, "signer")
    assert signer.env["MEMESNIPE_KEY_SOURCE"]["value"] == "vault"
    assert "MEMESNIPE_WALLET_FILE" not in signer.env
    sources = {source["secret"]["name"] for volume in signer.spec["volumes"] for source in projected(volume) if "secret" in source}
    assert sources == {"memesnipe-signer-tls", "memesnipe-vault", "my-jito"}
    assert signer.spec["containers"][0]["args"] == ["signer"]
    assert signer.spec["hostAliases"] == [{"ip": "10.2.0.1", "hostnames": ["vault.example"]}]
    others = [pod for pod in pods(manifests) if pod.component != "signer"]
    assert [pod.component for pod in others if "memesnipe-vault" in str(pod.spec) or "my-jito" in str(pod.spec)] == []


def projected(volume: dict[str, Any]) -> list[dict[str, Any]]:
    return list(volume.get("projected", {}).get("sources", []))


def test_a_vault_that_is_named_by_its_address_needs_no_line_in_the_hosts_file() -> None:
    vault = {**VAULT, "url": "https://10.2.0.1:8200"}

    assert "hostAliases" not in pod_of(render({**LIVE, "signer": {"vault": vault}}), "signer").spec


@each_set
def test_what_there_must_be_one_of_is_stopped_before_the_next_is_started(values: Values) -> None:
    manifests = render(values)
    workloads = [m for m in manifests if m["kind"] in ("Deployment", "StatefulSet")]

    for workload in workloads:
        component, spec = workload["metadata"]["labels"]["app.kubernetes.io/component"], workload["spec"]
        if component in ONE_AT_A_TIME:
            assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
        if component in ("signer", "redis", "localnet"):
            assert (workload["kind"], spec["replicas"]) == ("StatefulSet", 1)
    assert one(manifests, "Deployment", "memesnipe-operator")["spec"]["replicas"] == 2


@each_set
def test_every_pod_that_stays_says_when_it_started_lives_and_takes_work(values: Values) -> None:
    for pod in pods(render(values)):
        if pod.kind in ("Job", "Pod"):
            continue
        container = pod.spec["containers"][0]
        probes = [container["startupProbe"], container["livenessProbe"], container["readinessProbe"]]
        assert probes[1] != probes[2], pod
        if pod.component in SETTINGS:
            assert [probe["httpGet"]["path"] for probe in probes] == ["/healthz", "/healthz", "/readyz"]
            assert {"name": "health", "containerPort": 8081} in container["ports"]
        assert pod.spec["terminationGracePeriodSeconds"] >= 30


def test_a_changed_configuration_rolls_its_pods_and_no_others() -> None:
    before = {str(pod): pod.annotations for pod in pods(render())}
    after = {
        str(pod): pod.annotations
        for pod in pods(render({"redis": {"maxMemory": "512mb"}, "strategies": {"nodeSelector": {"disk": "ssd"}}}))
    }

    assert {name for name in before if before[name] != after[name]} == {
        "StatefulSet memesnipe/memesnipe-redis",
        "Deployment memesnipe/memesnipe-operator",
    }


def test_setup_runs_again_when_it_is_told_something_else_and_only_then() -> None:
    def name(values: Values) -> str:
        return pod_of(render(values), "setup").name

    assert name({}) == name({"dashboard": {"enabled": False}})
    assert len({name({}), name({"localnet": {"enabled": True}}), name({"images": {"operator": {"tag": "18.0.1"}}})}) == 3


@each_set
def test_what_happened_to_money_and_the_namespaces_are_kept_on_uninstall(values: Values) -> None:
    kept = [m for m in render(values) if m["kind"] in ("PersistentVolumeClaim", "Namespace", "CustomResourceDefinition")]

    assert {m["metadata"]["annotations"]["helm.sh/resource-policy"] for m in kept} == {"keep"}
    assert {"Namespace", "CustomResourceDefinition"} <= {m["kind"] for m in kept}


def test_namespaces_that_are_there_already_are_left_alone() -> None:
    manifests = render({"signer": {"create": False}, "strategies": {"create": False}})

    assert [m for m in manifests if m["kind"] == "Namespace"] == []


def test_the_namespaces_take_restricted_pods_only() -> None:
    for name in (STRATEGIES, SIGNER):
        labels = one(render(), "Namespace", name)["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_without_volumes_nothing_asks_for_one() -> None:
    manifests = render(VALUE_SETS["without volumes"])

    assert [m for m in manifests if m["kind"] == "PersistentVolumeClaim"] == []
    assert [volume for pod in pods(manifests) for volume in pod.spec["volumes"] if "persistentVolumeClaim" in volume] == []


def test_the_page_reads_a_sqlite_ledger_on_the_node_that_writes_it() -> None:
    page, writer = (pod_of(render(), component) for component in ("dashboard", "position-manager"))

    required = page.spec["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert required[0]["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == "position-manager"
    assert state_of(page) == state_of(writer) == {"persistentVolumeClaim": {"claimName": "memesnipe-ledger"}}


def test_with_postgresql_the_page_runs_anywhere_and_no_ledger_is_on_a_volume() -> None:
    manifests = render(VALUE_SETS["own Redis and PostgreSQL"])

    for component in ("dashboard", "position-manager"):
        pod = pod_of(manifests, component)
        assert "affinity" not in pod.spec
        assert state_of(pod) == {}
        assert pod.env["DATABASE_URL"]["valueFrom"] == {"secretKeyRef": {"name": "my-ledger", "key": "database-url"}}


def test_amounts_in_lamports_are_written_out_in_digits() -> None:
    signer = pod_of(render({**LIVE, "signer": {"limits": {"spendLamportsPerDayMax": 9007199254740991}}}), "signer")

    assert signer.env["MEMESNIPE_SPEND_LAMPORTS_PER_DAY_MAX"]["value"] == "9007199254740991"
    assert signer.env["MEMESNIPE_SPEND_LAMPORTS_PER_HOUR_MAX"]["value"] == "50000000000"


def test_the_signers_limits_are_those_it_has_by_itself_unless_the_values_change_them() -> None:
    settings = load(SignerSettings, plain(pod_of(render(LIVE), "signer")))

    for field in ("size", "tip", "priority_fee"):
        assert getattr(settings, f"{field}_lamports_max") == getattr(SignerSettings(), f"{field}_lamports_max")
    assert settings.spend_lamports_per_day_max == SignerSettings().spend_lamports_per_day_max


def test_a_setting_of_the_values_wins_and_none_is_written_twice() -> None:
    consumers = pod_of(
        render({"dataConsumers": {"settings": {"MEMESNIPE_LOG_LEVEL": "DEBUG", "MEMESNIPE_RPC_PER_S": "10"}}}), "data-consumers"
    )
    names = [entry["name"] for entry in consumers.spec["containers"][0]["env"]]

    assert (consumers.env["MEMESNIPE_LOG_LEVEL"]["value"], consumers.env["MEMESNIPE_RPC_PER_S"]["value"]) == ("DEBUG", "10")
    assert len(names) == len(set(names))


def test_replicas_are_spread_over_nodes() -> None:
    for component in ("operator", "dashboard"):
        spread = pod_of(render(VALUE_SETS["everything"]), component).spec["topologySpreadConstraints"]
        assert spread[0]["topologyKey"] == "kubernetes.io/hostname"


def test_the_custom_resources_and_the_limits_are_a_persons_decision_and_not_in_the_chart() -> None:
    for values in VALUE_SETS.values():
        assert [m for m in render(values) if m["apiVersion"].startswith("memesnipe.io/")] == []


def made_by_setup(*, localnet: bool) -> list[tuple[str, str, str]]:
    """Return (kind, namespace, name) of what setup makes, from its own code."""
    names = [objects.SIGNER_CLIENT, objects.REDIS_ADMIN, objects.REDIS_ACL, objects.OPERATOR]
    names += [objects.role_key(role) for role in objects.ROLES] + [objects.redis_user(user) for user in service_users()]
    made = [("Secret", PLATFORM, name) for name in names] + [("Secret", SIGNER, objects.SIGNER_TLS)]
    made += [("ConfigMap", namespace, objects.TRUSTED) for namespace in (PLATFORM, SIGNER)]
    return made + ([("Secret", SIGNER, objects.WALLET), ("ConfigMap", PLATFORM, objects.WALLET)] if localnet else [])


def references(pod: PodTemplate) -> set[tuple[str, str, str]]:
    """Return (kind, namespace, name) of everything that a pod mounts or reads."""
    kinds = {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap", "secret": "Secret", "configMap": "ConfigMap"}
    sources: list[dict[str, Any]] = [entry["valueFrom"] for entry in pod.env.values() if "valueFrom" in entry]
    for volume in pod.spec["volumes"]:
        sources += volume.get("projected", {}).get("sources", [])
    found = {(kinds[key], pod.namespace, value["name"]) for source in sources for key, value in source.items() if key in kinds}
    claims = [volume["persistentVolumeClaim"]["claimName"] for volume in pod.spec["volumes"] if "persistentVolumeClaim" in volume]
    return found | {("PersistentVolumeClaim", pod.namespace, claim) for claim in claims}


def plain(pod: PodTemplate) -> dict[str, str]:
    """Return the variables whose text is in the manifest."""
    return {name: entry["value"] for name, entry in pod.env.items() if "value" in entry}


def state_of(pod: PodTemplate) -> dict[str, Any]:
    """Return the source of the volume with the pod's state, empty when it has none."""
    return next(({k: v for k, v in volume.items() if k != "name"} for volume in pod.spec["volumes"] if volume["name"] == "state"), {})
