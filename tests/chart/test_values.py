"""values.yaml, its schema and its checks: every key documented and bounded, wrong values refused in words a person can act on."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # the package carries no types
import pytest
import yaml

from memesnipe.testing.chart.render import CHART, LIVE, VALUE_SETS, ChartRefused, Values, default_values, render

SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
BOUNDED = {"string": ("maxLength", "pattern"), "integer": ("maximum",), "number": ("maximum",), "array": ("maxItems",)}

WRONG = {
    "a key that does not exist": ({"chian": {}}, "additional properties 'chian' not allowed"),
    "a key deep down that does not exist": ({"signer": {"limits": {"sizeSolMax": 1}}}, "additional properties 'sizeSolMax' not allowed"),
    "text for a switch": ({"paperTradingMode": "yes"}, "at '/paperTradingMode': got string, want boolean"),
    "a number for text": ({"logLevel": 3}, "at '/logLevel'"),
    "a level that does not exist": ({"logLevel": "LOUD"}, "must be one of 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'"),
    "a seed below zero": ({"seed": -1}, "at '/seed': minimum: got -1, want 0"),
    "a URL without a scheme": ({"chain": {"rpcUrl": "api.example.org"}}, "at '/chain/rpcUrl'"),
    "an address that is no base58": ({"wallet": {"pubkey": "0OIl" * 10}}, "at '/wallet/pubkey'"),
    "an image with a capital letter": ({"images": {"runtime": {"repository": "Mine/memesnipe"}}}, "at '/images/runtime/repository'"),
    "a digest that is none": ({"images": {"signer": {"digest": "sha256:1"}}}, "at '/images/signer/digest'"),
    "more lamports than can be counted exactly": ({"signer": {"limits": {"tipLamportsMax": 2**53}}}, "at '/signer/limits/tipLamportsMax'"),
    "a lamport and a half": ({"signer": {"limits": {"tipLamportsMax": 1.5}}}, "at '/signer/limits/tipLamportsMax'"),
    "the master switch as a setting": (
        {"walletGuard": {"settings": {"PAPER_TRADING_MODE": "false"}}},
        "'PAPER_TRADING_MODE' does not match",
    ),
    "a number as a setting": ({"walletGuard": {"settings": {"MEMESNIPE_SEED": 8}}}, "got number, want string"),
    "a peer that is none": ({"networkPolicy": {"dnsTo": [{"ip": "10.0.0.1"}]}}, "additional properties 'ip' not allowed"),
    "Vault in the clear": ({"signer": {"vault": {"url": "http://vault.example:8200"}}}, "at '/signer/vault/url'"),
    "a name for Vault's address": ({"signer": {"vault": {"address": "vault.example"}}}, "at '/signer/vault/address'"),
    "six operators": ({"operator": {"replicas": 6}}, "at '/operator/replicas': maximum: got 6, want 5"),
    "a memory size in words": ({"dashboard": {"resources": {"limits": {"memory": "much"}}}}, "at '/dashboard/resources/limits/memory'"),
    "a key that was taken away": ({"localnet": {"enabled": None}}, "at '/localnet': missing property 'enabled'"),
}

CONTRADICTING = {
    "strategies beside the keys": ({"strategies": {"namespace": "memesnipe"}}, "must be three different ones"),
    "strategies beside the signer": ({"strategies": {"namespace": "memesnipe-signer"}}, "must be three different ones"),
    "live without a wallet": ({"paperTradingMode": False}, "paperTradingMode: false needs wallet.pubkey"),
    "Vault for the localnet's wallet": (
        {"localnet": {"enabled": True}, "signer": {"vault": {"url": "https://v.example"}}},
        "localnet.enabled: true makes a wallet of its own",
    ),
    "Vault without its key": (
        {**LIVE, "signer": {"vault": {"url": "https://v.example", "address": "10.2.0.1"}}},
        "signer.vault.url needs signer.vault.key",
    ),
    "Vault without its address": (
        {**LIVE, "signer": {"vault": {"url": "https://v.example", "key": "wallet"}}},
        "and signer.vault.address, the address of that host",
    ),
    "live without volumes": (
        {**LIVE, "persistence": {"enabled": False}, "ledger": {"existingSecret": "db"}},
        "paperTradingMode: false needs persistence.enabled: true",
    ),
    "live without the policies": ({**LIVE, "admission": {"enabled": False}}, "paperTradingMode: false needs admission.enabled: true"),
    "no Redis at all": ({"redis": {"enabled": False}}, "redis.enabled: false needs redis.address"),
    "two of Redis": ({"redis": {"address": "redis.example:6379"}}, "set redis.enabled: false, or leave them empty"),
    "a page that cannot read the ledger": ({"persistence": {"enabled": False}}, "set dashboard.enabled: false, or name a database"),
    "two pages on one SQLite file": ({"dashboard": {"replicas": 2}}, "dashboard.replicas above 1 needs a PostgreSQL ledger"),
    "a secret key without a Secret": ({"chain": {"secretKeys": {"rpcUrl": "url"}}}, "chain.secretKeys.rpcUrl names a key, but"),
    "traces for nobody": ({"tracing": {"enabled": True}}, "tracing.enabled: true needs tracing.url"),
    "a collector behind our own wall": (
        {"tracing": {"enabled": True, "url": "http://collector.monitoring.svc:4318/v1/traces"}},
        "name the collector's pods in tracing.to",
    ),
    "a monitor that nobody may use": ({"monitoring": {"serviceMonitor": {"enabled": True}}}, "needs monitoring.namespace"),
}


@pytest.mark.parametrize(("values", "words"), WRONG.values(), ids=WRONG.keys())
def test_the_schema_refuses(values: Values, words: str) -> None:
    with pytest.raises(ChartRefused) as refused:
        render(values)

    assert words in str(refused.value)


@pytest.mark.parametrize(("values", "words"), CONTRADICTING.values(), ids=CONTRADICTING.keys())
def test_values_that_contradict_each_other_are_refused_with_what_to_do(values: Values, words: str) -> None:
    with pytest.raises(ChartRefused) as refused:
        render(values)

    assert words in str(refused.value)


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)

    for values in VALUE_SETS.values():
        jsonschema.Draft7Validator(SCHEMA).validate(merged(default_values(), values))


def test_every_value_is_documented_above_itself() -> None:
    lines = (CHART / "values.yaml").read_text().splitlines()
    undocumented = [path for path, line in leaves_with_lines() if not re.match(r"\s*# ", lines[line - 1]) or not documented(lines, line)]

    assert undocumented == []


def test_the_schema_knows_every_value_and_no_more() -> None:
    values = {path for path, _ in leaves_with_lines()}
    known = set(leaves_of_schema(SCHEMA, ""))

    assert values - known == set()
    assert known - values == set()


def test_every_object_of_the_schema_is_closed_and_every_value_bounded() -> None:
    open_ended = [path for path, node in nodes(SCHEMA, "") if not closed(node) or not bounded(node)]

    assert open_ended == ["/properties/global"]


def leaves_with_lines() -> Iterator[tuple[str, int]]:
    """Yield each value's path and the number of its line, counted from 0; a map whose keys the schema leaves open is one value."""
    yield from _leaves(yaml.compose((CHART / "values.yaml").read_text()), "", SCHEMA)


def _leaves(node: Any, path: str, schema: dict[str, Any]) -> Iterator[tuple[str, int]]:
    for key, value in node.value:
        below = resolved(schema)["properties"].get(key.value, {})
        if is_group(below):
            yield from _leaves(value, f"{path}.{key.value}", below)
        else:
            yield f"{path}.{key.value}", key.start_mark.line


def leaves_of_schema(schema: dict[str, Any], path: str) -> Iterator[str]:
    """Yield the path of each value that the schema knows; `global` is Helm's own."""
    for key, below in resolved(schema)["properties"].items():
        if is_group(below):
            yield from leaves_of_schema(below, f"{path}.{key}")
        elif f"{path}.{key}" != ".global":
            yield f"{path}.{key}"


def is_group(schema: dict[str, Any]) -> bool:
    """A group's keys are values of their own; resources, as in Kubernetes, are one value."""
    return schema.get("$ref") != "#/definitions/resources" and "properties" in resolved(schema)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").removeprefix("#/definitions/")
    return SCHEMA["definitions"][name] if name else schema


def documented(lines: list[str], line: int) -> bool:
    """Return whether the comment that ends above a line begins with `# --`."""
    above = line - 1
    while re.match(r"\s*# ", lines[above - 1]) and not re.match(r"\s*# -- ", lines[above]):
        above -= 1
    return bool(re.match(r"\s*# -- \S", lines[above]))


def nodes(node: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        if isinstance(node.get("type"), str):
            yield path, node
        for key, below in node.items():
            yield from nodes(below, f"{path}/{key}")
    elif isinstance(node, list):
        for below in node:
            yield from nodes(below, path)


def closed(node: dict[str, Any]) -> bool:
    return node["type"] != "object" or node.get("additionalProperties") is False or "maxProperties" in node


def bounded(node: dict[str, Any]) -> bool:
    return "const" in node or node["type"] not in BOUNDED or any(bound in node for bound in BOUNDED[node["type"]])


def merged(base: Any, over: Any) -> Any:
    """Return two sets of values as Helm merges them."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    return {key: merged(base[key], over[key]) if key in base and key in over else over.get(key, base.get(key)) for key in {**base, **over}}
