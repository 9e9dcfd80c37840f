"""A manifest means the same on a host and in a cluster: the models and the API server give the same verdict on every one of these."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from memesnipe.manifests.models import API_VERSION, Allocation, Manifest, RiskPolicy, RiskPolicySpec, Strategy
from memesnipe.testing.cluster import ApiError, Cluster
from memesnipe_operator.crds.definitions import RESOURCES

ROOT = Path(__file__).parents[2]
PLURAL = {resource.kind: resource.plural for resource in RESOURCES}
MODELS: TypeAdapter[Strategy | Allocation | RiskPolicy] = TypeAdapter(Manifest)
GONE = object()
"""Takes a field away."""

Patch = dict[str, Any]
BASES: dict[str, dict[str, Any]] = {
    "Strategy": {"apiVersion": API_VERSION, "kind": "Strategy", "metadata": {"name": "momentum"}, "spec": {"strategy": "momentum"}},
    "Allocation": {"apiVersion": API_VERSION, "kind": "Allocation", "metadata": {"name": "default"}, "spec": {"capitalSol": 20}},
    "RiskPolicy": {"apiVersion": API_VERSION, "kind": "RiskPolicy", "metadata": {"name": "default"}, "spec": {}},
}


def weights(count: int, each: int = 1) -> dict[str, int]:
    return {f"s{number}": each for number in range(count)}


def fixed(**given: Any) -> Patch:
    return {"spec": {"method": "fixed", "weightsBps": given}}


def amounts(**given: Any) -> Patch:
    return {"spec": {"resources": {"requests": given}}}


STRATEGY: dict[str, Patch] = {
    "as shipped": {},
    "live": {"spec": {"mode": "live"}},
    "mode in capitals": {"spec": {"mode": "Live"}},
    "mode with a space": {"spec": {"mode": "live "}},
    "mode with a Cyrillic letter": {"spec": {"mode": "liv\u0435"}},
    "mode of no text": {"spec": {"mode": ""}},
    "mode a boolean": {"spec": {"mode": True}},
    "mode null": {"spec": {"mode": None}},
    "paused": {"spec": {"paused": True}},
    "paused a text": {"spec": {"paused": "true"}},
    "paused a number": {"spec": {"paused": 1}},
    "no code": {"spec": {"strategy": GONE}},
    "code null": {"spec": {"strategy": None}},
    "code of no text": {"spec": {"strategy": ""}},
    "code in capitals": {"spec": {"strategy": "Momentum"}},
    "code with a dash at its end": {"spec": {"strategy": "momentum-"}},
    "code with an underscore": {"spec": {"strategy": "launch_sniper"}},
    "code with a line feed at its end": {"spec": {"strategy": "momentum\n"}},
    "code of 63 letters": {"spec": {"strategy": "a" * 63}},
    "code of 64 letters": {"spec": {"strategy": "a" * 64}},
    "code a number": {"spec": {"strategy": 7}},
    "name of 63 letters": {"metadata": {"name": "a" * 63}},
    "name of 64 letters": {"metadata": {"name": "a" * 64}},
    "name with a dot": {"metadata": {"name": "a.b"}},
    "name in capitals": {"metadata": {"name": "Momentum"}},
    "labels": {"metadata": {"labels": {"team": "a"}}},
    "parameters of every type": {"spec": {"parameters": {"a": 1, "b": 0.5, "c": "x", "d": [1, "x"], "e": {"f": None}, "g": True}}},
    "no parameters": {"spec": {"parameters": {}}},
    "64 parameters": {"spec": {"parameters": weights(64)}},
    "65 parameters": {"spec": {"parameters": weights(65)}},
    "parameters a list": {"spec": {"parameters": []}},
    "parameters a text": {"spec": {"parameters": "fast"}},
    "an unknown field": {"spec": {"modus": "live"}},
    "an unknown field beside spec": {"extra": 1},
    "no spec": {"spec": GONE},
    "spec a list": {"spec": []},
    "another version": {"apiVersion": "memesnipe.io/v1"},
    "another kind": {"kind": "Allocation"},
    "whole cores": amounts(cpu=1, memory="1Gi"),
    "millicores": amounts(cpu="500m", memory="256Mi"),
    "half a core as text": amounts(cpu="0.5"),
    "half a core as a number": amounts(cpu=0.5),
    "cores below zero": amounts(cpu=-1),
    "more cores than any node has": amounts(cpu=10_000),
    "more memory than any node has": amounts(memory=10**15),
    "cores of another unit": amounts(cpu="1Gi"),
    "cores finer than a thousandth": amounts(cpu="0.0001"),
    "memory in plain bytes": amounts(memory=268_435_456),
    "memory in an unknown unit": amounts(memory="1GB"),
    "memory of no text": amounts(memory=""),
    "an unknown resource": amounts(gpu=1),
    "asking for more cores than the limit": {"spec": {"resources": {"requests": {"cpu": 1}, "limits": {"cpu": "999m"}}}},
    "asking for as much as the limit": {"spec": {"resources": {"requests": {"cpu": "1000m"}, "limits": {"cpu": 1}}}},
    "asking for more memory than the limit": {"spec": {"resources": {"requests": {"memory": "1Gi"}, "limits": {"memory": "1G"}}}},
    "asking for less memory than the limit": {"spec": {"resources": {"requests": {"memory": "1M"}, "limits": {"memory": "1Mi"}}}},
}
ALLOCATION: dict[str, Patch] = {
    "as shipped": {},
    "no capital": {"spec": {"capitalSol": GONE}},
    "capital null": {"spec": {"capitalSol": None}},
    "capital of nothing": {"spec": {"capitalSol": 0}},
    "capital below nothing": {"spec": {"capitalSol": -0.000000001}},
    "capital of a lamport": {"spec": {"capitalSol": 0.000000001}},
    "capital of a tenth of a lamport": {"spec": {"capitalSol": 0.0000000001}},
    "capital to the lamport": {"spec": {"capitalSol": 999_999.123456789}},
    "capital finer than a lamport": {"spec": {"capitalSol": 1.0000000001}},
    "the most capital": {"spec": {"capitalSol": 1_000_000}},
    "a lamport more": {"spec": {"capitalSol": 1_000_000.000000001}},
    "much too much capital": {"spec": {"capitalSol": 1e99}},
    "capital a boolean": {"spec": {"capitalSol": True}},
    "capital a list": {"spec": {"capitalSol": [0, [1], 0]}},
    "capital a word": {"spec": {"capitalSol": "much"}},
    "equal": {"spec": {"method": "equal"}},
    "an unknown method": {"spec": {"method": "kelly"}},
    "equal with weights": {"spec": {"method": "equal", "weightsBps": {"momentum": 1}}},
    "equal with no weights in a map": {"spec": {"method": "equal", "weightsBps": {}}},
    "fixed": fixed(momentum=6_000, sniper=4_000),
    "fixed without weights": {"spec": {"method": "fixed"}},
    "fixed with no weights in a map": fixed(),
    "fixed, more than the whole": fixed(momentum=6_000, sniper=4_001),
    "a weight of nothing": fixed(momentum=0),
    "a weight above the whole": fixed(momentum=10_001),
    "a weight below nothing": fixed(momentum=-1),
    "a weight with a fraction": fixed(momentum=0.5),
    "a weight a text": fixed(momentum="1"),
    "a weight for a name in capitals": fixed(Momentum=1),
    "a weight for an underscore": fixed(launch_sniper=1),
    "a weight for no name": {"spec": {"method": "fixed", "weightsBps": {"": 1}}},
    "a weight for a name of 64 letters": {"spec": {"method": "fixed", "weightsBps": {"a" * 64: 1}}},
    "1,024 weights": {"spec": {"method": "fixed", "weightsBps": weights(1_024)}},
    "1,025 weights": {"spec": {"method": "fixed", "weightsBps": weights(1_025)}},
    "an unknown field": {"spec": {"capital": 1}},
}
POLICY: dict[str, Patch] = {
    "all defaults": {},
    "a misspelt limit": {"spec": {"tradeSizeSolMx": 1}},
    "a trade larger than a strategy's exposure": {"spec": {"tradeSizeSolMax": 6}},
    "a trade as large as a strategy's exposure": {"spec": {"tradeSizeSolMax": 5}},
    "a lamport larger": {"spec": {"tradeSizeSolMax": 5.000000001}},
    "a strategy's exposure above everyone's": {"spec": {"strategyExposureSolMax": 11}},
    "a token's exposure above everyone's": {"spec": {"tokenExposureSolMax": 10.5}},
    "an hour above its day": {"spec": {"spendSolPerHourMax": 101}},
    "fee and tip above one SOL": {"spec": {"priorityFeeSolMax": 0.6, "tipSolMax": 0.5}},
    "fee and tip of one SOL": {"spec": {"priorityFeeSolMax": 0.5, "tipSolMax": 0.5}},
    "nothing allowed": {"spec": {"tradeSizeSolMax": 0, "strategyExposureSolMax": 0, "tokenExposureSolMax": 0, "openPositionsMax": 0}},
    "no exits": {"spec": {"stopLossBps": 0, "takeProfitBps": 0, "timeStopS": 0}},
    "a whole stop": {"spec": {"stopLossBps": 10_000}},
    "more than a whole stop": {"spec": {"stopLossBps": 10_001}},
    "a goal of ten million": {"spec": {"takeProfitBps": 10_000_000}},
    "a goal above it": {"spec": {"takeProfitBps": 10_000_001}},
    "slippage below nothing": {"spec": {"slippageBpsMax": -1}},
    "slippage with a fraction": {"spec": {"slippageBpsMax": 0.5}},
    "slippage a text": {"spec": {"slippageBpsMax": "100"}},
    "slippage a boolean": {"spec": {"slippageBpsMax": True}},
    "delete by closing": {"spec": {"onDelete": "Close"}},
    "delete refused": {"spec": {"onDelete": "Refuse"}},
    "delete in some other way": {"spec": {"onDelete": "refuse"}},
    "halted": {"spec": {"killSwitch": {"state": "Halted", "reason": "feed is odd"}}},
    "halted in small letters": {"spec": {"killSwitch": {"state": "halted"}}},
    "halted in the services' words": {"spec": {"killSwitch": {"state": "reduce_only"}}},
    "a reason of 256 characters": {"spec": {"killSwitch": {"state": "Halted", "reason": "\u00e9" * 256}}},
    "a reason of 257 characters": {"spec": {"killSwitch": {"state": "Halted", "reason": "\u00e9" * 257}}},
    "one strategy halted": {"spec": {"killSwitch": {"strategies": {"momentum": "Halted"}}}},
    "one strategy in some other state": {"spec": {"killSwitch": {"strategies": {"momentum": "Off"}}}},
    "a strategy that can have no such name": {"spec": {"killSwitch": {"strategies": {"Momentum": "Halted"}}}},
    "a kill switch that says nothing": {"spec": {"killSwitch": {}}},
    "a kill switch with a reason alone": {"spec": {"killSwitch": {"reason": "stop", "strategies": {}}}},
    "an unknown field of the kill switch": {"spec": {"killSwitch": {"state": "Halted", "by": "me"}}},
    "no spec": {"spec": GONE},
}
CASES = [
    (kind, name, patch)
    for kind, cases in (("Strategy", STRATEGY), ("Allocation", ALLOCATION), ("RiskPolicy", POLICY))
    for name, patch in cases.items()
]

DIFFERENT: dict[str, tuple[str, Patch, bool]] = {
    "an amount in quotes": ("Allocation", {"spec": {"capitalSol": "20"}}, True),
    "another name than default": ("Allocation", {"metadata": {"name": "mine"}}, True),
    "another policy than default": ("RiskPolicy", {"metadata": {"name": "mine"}}, True),
    "an unknown field of the metadata": ("Strategy", {"metadata": {"colour": "red"}}, True),
    "null where something has a default": ("Strategy", {"spec": {"paused": None}}, False),
    "a whole number written with a point": ("RiskPolicy", {"spec": {"slippageBpsMax": 5.0}}, False),
    "a status": ("Strategy", {"status": {"mode": "live"}}, False),
}
"""What the two see differently, and whether it is the host that accepts. None of them makes a limit looser than the person wrote."""


@pytest.fixture
def defined(cluster: Cluster, installed: None) -> Cluster:
    """The cluster with our definitions, served."""
    return cluster


def mutant(kind: str, patch: Mapping[str, Any]) -> dict[str, Any]:
    return _merged(copy.deepcopy(BASES[kind]), patch)


def _merged(base: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in patch.items():
        if value is GONE:
            base.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(base.get(key), dict):
            base[key] = _merged(base[key], value)
        else:
            base[key] = copy.deepcopy(value)
    return base


def host_refuses(manifest: Mapping[str, Any]) -> str:
    try:
        MODELS.validate_python(manifest)
    except ValidationError as error:
        return str(error)
    return ""


def cluster_refuses(cluster: Cluster, kind: str, manifest: Mapping[str, Any]) -> str:
    """Return the API server's refusal as kubectl would get it: strict about unknown fields."""
    path = f"/apis/{API_VERSION}/namespaces/default/{PLURAL[kind]}?dryRun=All&fieldValidation=Strict"
    try:
        cluster.call("POST", path, manifest)
    except ApiError as error:
        if error.code not in (400, 422):
            raise
        return str(error)
    return ""


@pytest.mark.parametrize(("kind", "name", "patch"), CASES, ids=[f"{kind}: {name}" for kind, name, _ in CASES])
def test_host_and_cluster_give_the_same_verdict(defined: Cluster, kind: str, name: str, patch: Patch) -> None:
    manifest = mutant(kind, patch)

    host, served = host_refuses(manifest), cluster_refuses(defined, kind, manifest)

    assert bool(host) == bool(served), f"{name}: host: {host or 'accepts'}; cluster: {served or 'accepts'}"


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_they_see_differently_is_known(defined: Cluster, name: str) -> None:
    kind, patch, host_accepts = DIFFERENT[name]
    manifest = mutant(kind, patch)

    host, served = host_refuses(manifest), cluster_refuses(defined, kind, manifest)

    assert (not host, not served) == (host_accepts, not host_accepts), f"host: {host}; cluster: {served}"


def test_the_cases_are_many_and_of_both_verdicts() -> None:
    refused = [name for kind, name, patch in CASES if host_refuses(mutant(kind, patch))]

    assert len(CASES) >= 60
    assert 20 < len(refused) < len(CASES) - 20


@pytest.mark.parametrize("rule", [rule for resource in RESOURCES for rule in resource.spec.rules], ids=lambda rule: rule.message)
def test_every_rule_over_several_fields_is_broken_by_a_case_and_says_the_same_on_both_sides(defined: Cluster, rule: Any) -> None:
    broken = [(kind, mutant(kind, patch)) for kind, _, patch in CASES if rule.message in host_refuses(mutant(kind, patch))]

    assert broken
    assert all(rule.message in cluster_refuses(defined, kind, manifest) for kind, manifest in broken)


def _shipped() -> list[dict[str, Any]]:
    files = [*(ROOT / "manifests").rglob("*.yaml"), *(ROOT / "strategies").rglob("*.yaml")]
    return [one for file in sorted(files) for one in yaml.safe_load_all(file.read_text()) if one]


@pytest.mark.parametrize("manifest", _shipped(), ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_every_shipped_manifest_is_accepted(defined: Cluster, manifest: dict[str, Any]) -> None:
    assert (host_refuses(manifest), cluster_refuses(defined, manifest["kind"], manifest)) == ("", "")


LIMITS = sorted(
    field.alias or name
    for name, field in RiskPolicySpec.model_fields.items()
    if field.annotation in (int, float) or "Sol" in str(field.alias)
)
AMOUNTS = st.one_of(
    st.integers(-1, 12),
    st.integers(0, 10**10).map(lambda tenths: tenths / 10**10),
    st.integers(0, 12 * 10**9).map(lambda lamports: lamports / 10**9),
    st.floats(-1, 1_100_000, allow_nan=False),
)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spec=st.dictionaries(st.sampled_from(LIMITS), AMOUNTS, max_size=4), capital=AMOUNTS)
def test_random_amounts_get_the_same_verdict(defined: Cluster, spec: dict[str, float], capital: float) -> None:
    manifests = [mutant("RiskPolicy", {"spec": _whole(spec)}), mutant("Allocation", {"spec": {"capitalSol": capital}})]

    for manifest in manifests:
        host, served = host_refuses(manifest), cluster_refuses(defined, manifest["kind"], manifest)
        assert bool(host) == bool(served), f"{manifest['spec']}: host: {host or 'accepts'}; cluster: {served or 'accepts'}"


def _whole(spec: Mapping[str, float]) -> dict[str, float]:
    """Counts as whole numbers: one written with a point is among the known differences."""
    return {name: value if "Sol" in name else int(value) for name, value in spec.items()}


def test_defaults_are_the_models(defined: Cluster, namespace: str) -> None:
    path = f"/apis/{API_VERSION}/namespaces/{namespace}/riskpolicies"

    stored = defined.call("POST", path, BASES["RiskPolicy"])["spec"]

    assert stored == {**_plain(RiskPolicySpec().model_dump(by_alias=True, exclude_none=True)), "onDelete": "Close"}
    assert RiskPolicySpec.model_validate(stored) == RiskPolicySpec(on_delete="Close")


def _plain(value: Any) -> Any:
    """Amounts as JSON has them, in groups and lists too."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else float(value)


def test_the_code_of_a_strategy_cannot_be_changed(defined: Cluster, namespace: str) -> None:
    root = f"/apis/{API_VERSION}/namespaces/{namespace}/strategies"
    defined.call("POST", root, BASES["Strategy"])

    with pytest.raises(ApiError, match="cannot be changed: make a new object under a new name"):
        defined.call("PATCH", f"{root}/momentum", {"spec": {"strategy": "launch-sniper"}}, content_type="application/merge-patch+json")


def test_the_definitions_are_structural_and_served(defined: Cluster) -> None:
    for resource in RESOURCES:
        found = defined.call("GET", f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{resource.definition_name}")
        conditions = {one["type"]: one["status"] for one in found["status"]["conditions"]}

        assert conditions.get("NonStructuralSchema", "False") == "False"
        assert (conditions["Established"], conditions["NamesAccepted"]) == ("True", "True")


def test_an_unknown_field_is_dropped_without_strictness_so_the_page_tells_to_keep_it(defined: Cluster, namespace: str) -> None:
    path = f"/apis/{API_VERSION}/namespaces/{namespace}/riskpolicies?fieldValidation=Ignore"

    stored = defined.call("POST", path, mutant("RiskPolicy", {"spec": {"tradeSizeSolMx": 0.1}}))

    assert "tradeSizeSolMx" not in stored["spec"]
    assert "--validate=strict" in (ROOT / "docs" / "reference" / "resources.md").read_text()


def test_kubectl_explains_every_field(defined: Cluster) -> None:
    told = defined.kubectl("explain", "riskpolicy.spec.killSwitch.state").stdout

    assert "nothing is signed, for a stolen key" in " ".join(told.split())
