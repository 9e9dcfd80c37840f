"""The generated files are what the models make, and the API server can take what they say: structural, bounded, explained."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from memesnipe.manifests.directions import DIRECTIONS, NESTED, PROMOTION
from memesnipe.manifests.fields import Change
from memesnipe.manifests.models import RiskPolicySpec
from memesnipe.manifests.promotion import Promotion
from memesnipe.manifests.status import GATES
from memesnipe_operator.crds import page_text, policies
from memesnipe_operator.crds.definitions import RESOURCES, definition
from memesnipe_operator.crds.files import files, stale

ROOT = Path(__file__).parents[2]
OLDER = ROOT / "tests" / "data" / "crds_before.yaml"
Schema = Mapping[str, Any]
STRUCTURAL = {
    "type", "description", "default", "enum", "required", "properties", "additionalProperties", "items", "format", "pattern",
    "minimum", "maximum", "minLength", "maxLength", "maxItems", "maxProperties",
    "x-kubernetes-validations", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-int-or-string", "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys", "x-kubernetes-map-type",
}  # fmt: skip
"""What a schema of ours may say; `$ref`, `anyOf`, `title` and the like are not for a CustomResourceDefinition."""


def root_of(made: Mapping[str, Any]) -> Schema:
    schema: Schema = made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def nodes(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    yield path, schema
    for name, one in schema.get("properties", {}).items():
        yield from nodes(one, f"{path}.{name}")
    for inner in ("items", "additionalProperties"):
        if inner in schema:
            yield from nodes(schema[inner], f"{path}[]")


NODES = [(f"{resource.kind}{path}", node) for resource in RESOURCES for path, node in nodes(root_of(definition(resource)))]


def test_the_generated_files_are_what_the_models_make() -> None:
    assert stale(ROOT) == [], "renew them: python -m memesnipe_operator.crds"


def test_every_node_says_only_what_a_structural_schema_may_say() -> None:
    assert {key for _, node in NODES for key in node} <= STRUCTURAL
    assert [path for path, node in NODES if "type" not in node and "x-kubernetes-int-or-string" not in node] == []


def test_every_text_list_map_and_number_has_a_bound() -> None:
    """Without one the API server must assume the worst, and refuses our rules for what they might cost."""
    bounds = {"string": {"maxLength", "enum", "format"}, "array": {"maxItems"}, "integer": {"maximum"}, "number": {"maximum"}}
    maps = {"additionalProperties": {"maxProperties"}}

    unbounded = [path for path, node in NODES if node.get("type") in bounds and not bounds[node["type"]] & set(node)]
    unbounded += [path for path, node in NODES for key, needed in maps.items() if key in node and not needed & set(node)]

    assert unbounded == []


def test_only_what_a_strategys_code_decides_is_left_open() -> None:
    opened = [path for path, node in NODES if "x-kubernetes-preserve-unknown-fields" in node]

    assert opened == ["Strategy.spec.parameters", "Strategy.status.lastStableSpec"]


def test_every_field_is_explained() -> None:
    unexplained = [
        path for path, node in NODES if ".spec" in path or ".status" in path if not path.endswith("[]") and not node.get("description")
    ]

    assert unexplained == []


def test_conditions_are_kept_by_type() -> None:
    found = [node for path, node in NODES if path.endswith(".status.conditions")]

    assert [(one["x-kubernetes-list-type"], one["x-kubernetes-list-map-keys"]) for one in found] == [("map", ["type"])] * len(RESOURCES)


def test_a_rule_is_a_sentence_that_names_a_field() -> None:
    rules = [rule for _, node in NODES for rule in node.get("x-kubernetes-validations", [])]

    assert len(rules) > 20
    assert [rule for rule in rules if not rule["message"] or "\n" in rule["message"]] == []


def test_a_strategy_has_no_scale_subresource() -> None:
    assert [list(definition(one)["spec"]["versions"][0]["subresources"]) for one in RESOURCES] == [["status"]] * len(RESOURCES)


def test_every_limit_has_a_direction() -> None:
    limits = {field.alias for field in RiskPolicySpec.model_fields.values()} - {"killSwitch"}

    assert {*DIRECTIONS, *NESTED} == limits


@pytest.mark.parametrize("group", NESTED)
def test_every_limit_of_a_group_has_a_direction(group: str) -> None:
    assert set(NESTED[group]) == {field.alias for field in type(getattr(RiskPolicySpec(), group)).model_fields.values()}


def test_every_demand_has_a_direction() -> None:
    assert set(PROMOTION) == {field.alias for field in Promotion.model_fields.values()}


def test_every_gate_fits_the_pattern_of_a_condition() -> None:
    [pattern] = {node["pattern"] for path, node in NODES if path == "Strategy.status.conditions[].type"}

    assert [gate for gate in GATES if not re.fullmatch(pattern, gate)] == []


def test_every_kind_of_change_and_every_policy_is_on_the_page() -> None:
    assert set(page_text.CHANGES) == set(Change)
    assert set(page_text.POLICIES) == {policy.name for policy in policies.POLICIES}


def test_the_example_on_the_page_has_the_columns_that_are_there() -> None:
    headers = [line.split() for line in page_text.EXAMPLE.splitlines() if line.startswith("NAME ")]

    assert headers == [["NAME", *(column.name for column in one.status.columns if not column.wide)] for one in RESOURCES]


def test_policies_fail_closed_and_each_is_bound_to_deny() -> None:
    made = policies.manifests()

    assert {one["spec"]["failurePolicy"] for one in made if one["kind"] == "ValidatingAdmissionPolicy"} == {"Fail"}
    bound = {one["spec"]["policyName"]: one["spec"]["validationActions"] for one in made if one["kind"].endswith("Binding")}
    assert bound == {policy.name: ["Deny"] for policy in policies.POLICIES}


def test_the_chart_keeps_the_definitions_when_it_is_uninstalled() -> None:
    text = files()[Path("charts/memesnipe/templates/generated-crds.yaml")]

    assert text.count("helm.sh/resource-policy: keep") == len(RESOURCES)
    assert text.count("{{") == 2 * len(RESOURCES) + 2  # two labels each; if and end


@pytest.mark.parametrize("older", list(yaml.safe_load_all(OLDER.read_text(encoding="utf-8"))), ids=lambda one: one["spec"]["names"]["kind"])
def test_nothing_that_was_accepted_before_is_refused_or_lost_now(older: Mapping[str, Any]) -> None:
    [resource] = [one for one in RESOURCES if one.kind == older["spec"]["names"]["kind"]]
    now = dict(nodes(root_of(definition(resource))))

    narrowed = [path for path, node in nodes(root_of(older)) if path not in now or not _as_wide(node, now[path])]

    assert narrowed == []


def _as_wide(before: Schema, now: Schema) -> bool:
    same = all(before.get(key) == now.get(key) for key in ("type", "format", "pattern", "default"))
    as_many = all(
        now.get(key, before[key]) >= before[key] for key in before if key in ("maximum", "maxLength", "maxItems", "maxProperties")
    )
    as_few = all(now.get(key, before[key]) <= before[key] for key in before if key in ("minimum", "minLength"))
    return same and as_many and as_few and set(before.get("enum", [])) <= set(now.get("enum", [])) and _needs_no_more(before, now)


def _needs_no_more(before: Schema, now: Schema) -> bool:
    return set(now.get("required", [])) <= set(before.get("required", []))
