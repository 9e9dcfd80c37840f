"""Renders and lints the chart with the real Helm. Values go in through standard input, manifests come out parsed."""

import functools
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from memesnipe.testing.cluster import tool

ROOT = Path(__file__).parents[4]
CHART = ROOT / "charts" / "memesnipe"
PLATFORM, STRATEGIES, SIGNER = "memesnipe", "memesnipe-strategies", "memesnipe-signer"
KUBERNETES = "1.35.0"
WALLET = "9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM"

Values = Mapping[str, Any]
Manifest = dict[str, Any]


class ChartRefused(Exception):  # noqa: N818 - named for what happened
    """Helm would not render these values; the message is what a person would read."""


MINE = {
    "redis": {"enabled": False, "address": "redis.example:6380", "existingSecret": "my-redis"},
    "ledger": {"existingSecret": "my-ledger"},
}
WATCHED = {
    "monitoring": {
        "namespace": "monitoring",
        "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
        "rules": {"enabled": True},
        "grafana": {"enabled": True},
    }
}
STUDY = {
    "evidence": {
        "enabled": True,
        "strategy": "momentum",
        "manifests": "kind: Strategy\nmetadata: {name: momentum}\nspec: {strategy: momentum}\n",
        "claim": "my-recordings",
        "market": "2025/tape.parquet",
        "options": ["--grid", "fast_s=5,10", "--period", "1h"],
    }
}
VAULT: Values = {"url": "https://vault.example:8200", "address": "10.2.0.1", "key": "memesnipe-wallet"}
LIVE = {"paperTradingMode": False, "wallet": {"pubkey": WALLET}}
VALUE_SETS: dict[str, Values] = {
    "defaults": {},
    "localnet": {"localnet": {"enabled": True}},
    "live on the localnet": {"localnet": {"enabled": True}, "paperTradingMode": False},
    "live": LIVE,
    "own Redis and PostgreSQL": MINE,
    "watched": WATCHED,
    "without volumes": {"persistence": {"enabled": False}, "dashboard": {"enabled": False}},
    "everything": {
        **LIVE,
        **MINE,
        **WATCHED,
        **STUDY,
        "images": {"pullSecrets": ["pull"], "runtime": {"digest": "sha256:" + "0" * 64}},
        "pods": {
            "priorityClassName": "important",
            "annotations": {"example.org/team": "trading"},
            "nodeSelector": {"disk": "ssd"},
            "tolerations": [{"key": "trading", "operator": "Exists"}],
        },
        "chain": {
            "existingSecret": "my-chain",
            "secretKeys": {"rpcUrl": "rpc", "wsUrl": "ws", "heliusApiKey": "helius", "jupiterApiKey": "jupiter"},
            "jitoUrl": "https://jito.example",
            "senderUrl": "https://sender.example",
        },
        "ledger": {"existingSecret": "my-ledger", "to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]},
        "signer": {
            "nodeSelector": {"signer": "yes"},
            "vault": {**VAULT, "caKey": "ca.crt"},
            "jito": {"existingSecret": "my-jito"},
        },
        "dataConsumers": {"record": True, "settings": {"MEMESNIPE_RPC_PER_S": "10"}},
        "dashboard": {"replicas": 2, "ingressFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}]},
        "notifications": {
            "enabled": True,
            "alertsFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}],
        },
        "tracing": {
            "enabled": True,
            "url": "https://traces.example.org/v1/traces",
            "headersSecret": "memesnipe-traces",
            "caConfigMap": "my-traces-ca",
        },
        "golive": {"users": ["mona"], "groups": ["desk"]},
        "promotion": {"allocatorMayGoLive": True},
        "uninstall": {"force": True},
    },
}
"""Values that between them switch on everything the chart has."""


def render(values: Values | None = None, *, kubernetes: str = KUBERNETES) -> tuple[Manifest, ...]:
    """Return every manifest, hooks included. They are shared between tests: look, do not change. Raises ChartRefused."""
    return _rendered(json.dumps(values or {}, sort_keys=True), kubernetes)


def render_text(values: Values | None = None, *, kubernetes: str = KUBERNETES) -> str:
    """Return the manifests as Helm prints them. Raises ChartRefused."""
    return _text(json.dumps(values or {}, sort_keys=True), kubernetes)


def lint(values: Values) -> str:
    """Return what `helm lint --strict` says. Raises ChartRefused when it finds fault."""
    return _helm("lint", str(CHART), "--strict", "--namespace", PLATFORM, "--values", "-", standard_input=json.dumps(values))


def default_values() -> dict[str, Any]:
    """Return values.yaml."""
    values: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
    return values


def one(manifests: tuple[Manifest, ...], kind: str, name: str, namespace: str = "") -> Manifest:
    """Return the one manifest of that kind and name. Raises LookupError, naming what there is."""
    named = [m for m in manifests if m["kind"] == kind and m["metadata"]["name"] == name]
    found = [m for m in named if not namespace or m["metadata"].get("namespace") == namespace]
    if len(found) != 1:
        raise LookupError(f"{len(found)} of {kind} {namespace}/{name}; there is {sorted(_name(m) for m in manifests if m['kind'] == kind)}")
    return found[0]


@functools.cache
def _rendered(values: str, kubernetes: str) -> tuple[Manifest, ...]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return tuple(document for document in yaml.load_all(_text(values, kubernetes), Loader=loader) if document)


@functools.cache
def _text(values: str, kubernetes: str) -> str:
    command = ("template", "memesnipe", str(CHART), "--namespace", PLATFORM, "--kube-version", kubernetes, "--values", "-")
    return _helm(*command, standard_input=values)


def _helm(*arguments: str, standard_input: str) -> str:
    command = [str(tool("helm")), *arguments]
    done = subprocess.run(command, input=standard_input, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise ChartRefused((done.stderr or done.stdout).strip())
    return done.stdout


def _name(manifest: Manifest) -> str:
    return f"{manifest['metadata'].get('namespace', '')}/{manifest['metadata']['name']}"
