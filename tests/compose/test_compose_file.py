"""The compose file as text: confined services, a signer that only wallet_guard reaches, pinned images, every setting explained."""

import re
import subprocess
from typing import Any

import pytest
import yaml

from memesnipe.testing.stacks import ROOT
from memesnipe_operator.setup import dealing
from memesnipe_operator.setup.settings import SetupSettings

TEXT = (ROOT / "docker-compose.yml").read_text()
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
EXAMPLE = (ROOT / ".env.example").read_text()
READ = (ROOT / "monitoring/prometheus.yml").read_text()
OURS = {
    *("control", "executor", "strategy_factory", "autonomous_allocator", "data_consumers", "risk_guardian", "wallet_guard", "signer"),
    *("position_manager", "dashboard"),
}
APPUSER = "10001:10001"
MONITORING = {"prometheus": "65534:65534", "grafana": "472:472"}
"""Their images have users of their own."""
ENDS = {"setup", "cli"}
INSIDE = {"internal": True, "driver_opts": {"com.docker.network.bridge.inhibit_ipv4": "true"}}
READ_ALONE = {"control", "executor", "risk_guardian", "wallet_guard"}
"""Who holds a key that trading needs, or runs code of strategies: they meet Prometheus where nobody else is."""
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::[-+?]|})")

each_service = pytest.mark.parametrize("name", sorted(SERVICES))


def networks_of(name: str) -> set[str]:
    return set(SERVICES[name].get("networks", ()))


def sources_of(name: str) -> set[str]:
    """The volumes and files that a service sees."""
    mounts = SERVICES[name].get("volumes", [])
    return {mount["source"] if isinstance(mount, dict) else re.split(r":(?=/)", mount)[0] for mount in mounts}


def explained() -> dict[str, str]:
    """Every key of .env.example with the comment above it; keys without a line between them share one."""
    found: dict[str, str] = {}
    comment = ""
    for line in EXAMPLE.splitlines():
        if key := re.match(r"#?([A-Z][A-Z_]+)=", line):
            found[key[1]] = comment
        elif line.startswith("# ") and not line.startswith("# ---"):
            comment += line
        else:
            comment = ""
    return found


def test_there_is_one_compose_file() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()

    assert [path for path in tracked if re.search(r"(^|/)(docker-)?compose[^/]*\.ya?ml$", path) and "/tools/" not in path] in (
        ["docker-compose.yml"],
        [],
    )


def test_every_service_of_the_system_is_there() -> None:
    assert set(SERVICES) >= OURS | {"redis", "prometheus", "grafana", "localnet"}


@each_service
def test_nobody_is_root_and_nothing_can_be_written_or_gained(name: str) -> None:
    service = SERVICES[name]

    assert service["user"] == MONITORING.get(name, APPUSER)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "pid", "ipc"} & set(service)


@each_service
def test_memory_cpu_processes_and_logs_have_a_limit(name: str) -> None:
    service = SERVICES[name]

    assert service["mem_limit"]
    assert service["cpus"]
    assert service["pids_limit"]
    assert service["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "5"}}


@each_service
def test_whoever_runs_says_whether_it_is_well_and_comes_back(name: str) -> None:
    service = SERVICES[name]

    if name in ENDS:
        assert (service["restart"], service["healthcheck"]) == ("no", {"disable": True})
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"]


@each_service
def test_whoever_waits_waits_until_the_other_is_well(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert how["condition"] == ("service_completed_successfully" if other == "setup" else "service_healthy")


def test_only_wallet_guard_shares_a_network_with_the_signer_and_it_leads_nowhere() -> None:
    beside = {name for name in SERVICES if networks_of(name) & networks_of("signer")}

    assert networks_of("signer") == {"signing"}
    assert beside == {"signer", "wallet_guard"}
    assert FILE["networks"]["signing"] == INSIDE
    assert "ports" not in SERVICES["signer"]


def test_the_host_has_no_address_in_a_network_that_leads_nowhere() -> None:
    assert {name for name, network in FILE["networks"].items() if network != INSIDE} == {"outside", "pages"}


def metrics_of(name: str) -> str:
    return f"metrics-{name.replace('_', '-')}" if name in READ_ALONE else "metrics"


@pytest.mark.parametrize("name", sorted((OURS | {"notifier", "tracer"}) - {"signer"}))
def test_a_service_tells_its_numbers_in_a_network_with_prometheus_alone(name: str) -> None:
    service = SERVICES[name]

    assert service["networks"][metrics_of(name)] == {"aliases": [f"{name}.metrics"]}
    assert service["environment"]["MEMESNIPE_HEALTH_HOST"] == ("0.0.0.0" if name == "executor" else f"{name}.metrics")
    assert f'"{name}.metrics:8081"' in READ or f"[{name}.metrics], type: A, port: 8081" in READ


@pytest.mark.parametrize("name", sorted(READ_ALONE))
def test_nobody_but_prometheus_meets_who_holds_a_key_where_its_numbers_are_told(name: str) -> None:
    assert {other for other in SERVICES if metrics_of(name) in networks_of(other)} == {name, "prometheus"}
    assert FILE["networks"][metrics_of(name)] == INSIDE


def test_prometheus_is_asked_by_those_behind_the_published_ports_alone() -> None:
    assert "--web.listen-address=prometheus.pages:9090" in SERVICES["prometheus"]["command"]
    assert SERVICES["prometheus"]["networks"]["pages"] == {"aliases": ["prometheus.pages"]}
    assert {name for name in SERVICES if "pages" in networks_of(name)} == {"dashboard", "prometheus", "grafana"}


def test_nobody_but_prometheus_can_say_an_alert_in_its_name() -> None:
    assert {name for name in SERVICES if "alerts" in networks_of(name)} == {"notifier", "prometheus"}
    assert SERVICES["notifier"]["networks"]["alerts"] == {"aliases": [SERVICES["notifier"]["environment"]["MEMESNIPE_NOTIFY_ALERTS_HOST"]]}
    assert FILE["networks"]["alerts"] == INSIDE


def test_the_signers_own_numbers_are_its_health_checks_alone() -> None:
    assert SERVICES["signer"]["environment"]["MEMESNIPE_HEALTH_HOST"] == "127.0.0.1"


def test_the_page_is_served_where_its_port_is_published_and_nowhere_else() -> None:
    assert SERVICES["dashboard"]["environment"]["MEMESNIPE_DASHBOARD_HOST"] == "dashboard.pages"
    assert SERVICES["dashboard"]["networks"]["pages"] == {"aliases": ["dashboard.pages"]}


def test_strategies_share_a_network_with_redis_and_one_with_prometheus_and_with_nobody_else() -> None:
    beside = {network: {name for name in SERVICES if network in networks_of(name)} for network in networks_of("executor")}

    assert beside == {"strategies": {"executor", "redis"}, "metrics-executor": {"executor", "prometheus"}}


@pytest.mark.parametrize("name", ["signer", "executor"])
def test_who_may_tell_nobody_anything_asks_no_name_server_outside(name: str) -> None:
    assert SERVICES[name]["dns"] == ["127.0.0.1"]


def test_only_those_who_ask_hosts_outside_get_out() -> None:
    outward = {name for name, network in FILE["networks"].items() if not network.get("internal")}
    masquerades = FILE["networks"]["pages"]["driver_opts"]["com.docker.network.bridge.enable_ip_masquerade"]

    assert outward == {"outside", "pages"}
    assert masquerades == "false"
    assert {name for name in SERVICES if "outside" in networks_of(name)} == {
        *("control", "data_consumers", "wallet_guard", "position_manager", "notifier", "tracer", "cli")
    }


def test_prometheus_and_grafana_do_not_reach_redis() -> None:
    assert not networks_of("prometheus") & networks_of("redis")
    assert not networks_of("grafana") & networks_of("redis")


def test_ports_are_published_on_loopback_alone() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert ports == {
        "dashboard": ["127.0.0.1:${DASHBOARD_PORT:-80}:8080"],
        "grafana": ["127.0.0.1:${GRAFANA_PORT:-3000}:3000"],
        "prometheus": ["127.0.0.1:${PROMETHEUS_PORT:-9090}:9090"],
    }


def test_the_wallet_and_jitos_key_are_mounted_read_only_into_the_signer_alone() -> None:
    mounted = {name: mount for name, service in SERVICES.items() for mount in service.get("volumes", []) if "/run/wallet/" in str(mount)}
    targets = {mount["target"] for mount in SERVICES["signer"]["volumes"] if isinstance(mount, dict)}

    assert set(mounted) == {"signer"}
    assert targets == {"/run/wallet/my_wallet.json", "/run/wallet/jito_auth_key.json"}
    assert all(mount["read_only"] for mount in SERVICES["signer"]["volumes"] if isinstance(mount, dict))


def test_a_service_has_its_own_keys_and_cannot_change_them() -> None:
    for name in SERVICES:
        keys = {source for source in sources_of(name) if source.startswith("keys-")}
        if name != "setup":
            assert keys <= {f"keys-{name.replace('_', '-')}"}, name
            assert all(
                str(mount).endswith(":/var/lib/memesnipe/keys:ro") for mount in SERVICES[name].get("volumes", []) if "keys-" in str(mount)
            )


def test_setup_has_a_volume_for_everyone_it_deals_to() -> None:
    mounted = {mount.rpartition("/")[2] for mount in SERVICES["setup"]["volumes"] if ":/setup/" in mount}
    dockerfile = re.search(r"for service in ([a-z_ \\\n]+);", (ROOT / "Dockerfile.python").read_text())

    assert dockerfile
    assert mounted == set(dealing.services()) | {"notifier"}
    assert set(dockerfile[1].replace("\\", "").split()) == mounted


def test_nobody_but_the_signer_gets_a_wallets_key_and_nobody_but_its_owner_a_role_key() -> None:
    dealt = dealing.deals(SetupSettings(redis_address="redis:6379", localnet=True))
    owners = {
        file: {deal.service for deal in dealt if deal.file == file}
        for file in ("localnet_wallet.json", "risk.key", "guard.key", "lease.key")
    }

    assert owners == {
        "localnet_wallet.json": {"signer"},
        "risk.key": {"risk_guardian"},
        "guard.key": {"wallet_guard"},
        "lease.key": {"control"},
    }


@each_service
def test_images_are_pinned_and_name_no_registry(name: str) -> None:
    image = re.sub(r"^\$\{[A-Z_]+:-(.*)}$", r"\1", SERVICES[name]["image"])
    repository, _, tag = image.partition("@")[0].partition(":")

    assert "." not in repository.split("/")[0]
    assert re.search(r"\d+\.\d+", tag), image


def test_each_of_our_images_is_built_once_from_the_one_dockerfile_by_role() -> None:
    """Nine services that build the same image make it nine times, and eight of them stay on the disk without a name."""
    built = {name: service["build"] for name, service in SERVICES.items() if "build" in service}
    roles = {name: build["args"]["ROLE"] for name, build in built.items()}

    assert {build["dockerfile"] for build in built.values()} == {"Dockerfile.python"}
    assert roles == {"control": "runtime", "setup": "operator", "signer": "signer", "autonomous_allocator": "allocator"}


@pytest.mark.parametrize("name", sorted(OURS | {"setup", "cli", "localnet", "notifier", "tracer"}))
def test_an_image_of_ours_is_looked_for_in_no_registry_unless_a_person_says_so(name: str) -> None:
    same = {other for other in SERVICES if SERVICES[other]["image"] == SERVICES[name]["image"]}

    assert SERVICES[name]["pull_policy"] == "${MEMESNIPE_PULL_POLICY:-never}"
    assert [other for other in same if "build" in SERVICES[other]] != []


def test_every_variable_is_explained_and_every_explanation_is_of_a_variable() -> None:
    used = set(VARIABLE.findall(TEXT)) | {"COMPOSE_PROFILES"}

    assert set(explained()) == used
    assert [key for key, comment in explained().items() if len(comment) < 20] == []


def test_a_default_that_is_shown_is_the_one_in_the_compose_file() -> None:
    shown = dict(re.findall(r"^#([A-Z][A-Z_]+)=(\S+)$", EXAMPLE, re.MULTILINE))
    defaults = {name: default for name, default in re.findall(r"\$\{([A-Z_]+):-([^}]*)}", TEXT) if default and default != "/dev/null"}

    assert {name: shown[name] for name in shown if name in defaults and not name.endswith(("WALLET_FILE", "JITO_AUTH_FILE"))} == {
        name: defaults[name] for name in shown if name in defaults and not name.endswith(("WALLET_FILE", "JITO_AUTH_FILE"))
    }


def test_the_example_trades_on_paper_on_the_localnet() -> None:
    set_lines = dict(re.findall(r"^([A-Z][A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))

    assert set_lines["PAPER_TRADING_MODE"] == "true"
    assert set_lines["COMPOSE_PROFILES"] == "localnet"
    assert set_lines["MEMESNIPE_RPC_URL"].startswith("http://localnet:")
    assert "PAPER_TRADING_MODE: ${PAPER_TRADING_MODE:-true}" in TEXT


def test_a_proposal_is_carried_out_without_a_person_only_where_the_host_says_so() -> None:
    assert SERVICES["control"]["environment"]["MEMESNIPE_PROMOTION_GOLIVE"] == "${MEMESNIPE_PROMOTION_GOLIVE:-false}"
    assert "#MEMESNIPE_PROMOTION_GOLIVE=false" in EXAMPLE


def test_no_secret_is_handed_over_in_an_environment_or_argument() -> None:
    urls = re.findall(r"redis://[^\s\"]*@", TEXT)

    assert urls == []
    assert all(service.get("environment", {}).get("MEMESNIPE_REDIS_URL", "").count("@") == 0 for service in SERVICES.values())
