"""A pydantic model's JSON schema -> the structural schema that a CustomResourceDefinition takes. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from memesnipe.manifests.fields import Model

Schema = dict[str, Any]
DROPPED = frozenset({"title", "$defs", "x-change", "x-unit"})
"""For people and for the reference page; the API server refuses or ignores them."""
FIRST = ("type", "description", "default", "enum", "required", "properties")
"""What a reader of the file looks for; the rest follows."""


def structural(model: type[Model]) -> Schema:
    """Return the schema of a model as Kubernetes takes it: references inlined, no unions, bounds and rules kept."""
    schema = model.model_json_schema(by_alias=True)
    return _node(schema, schema.get("$defs", {}))


def resolved(node: Mapping[str, Any], defs: Mapping[str, Any]) -> Schema:
    """Return a node without `$ref` and without the `null` of an optional field; what is said beside a reference wins over its target."""
    beside = {key: value for key, value in node.items() if key not in ("$ref", "anyOf")}
    if "$ref" in node:
        return {**resolved(defs[node["$ref"].rsplit("/", 1)[1]], defs), **beside}
    if "anyOf" in node:
        [given] = [one for one in node["anyOf"] if one.get("type") != "null"]
        return {**resolved(given, defs), **beside}
    return beside


def _node(node: Mapping[str, Any], defs: Mapping[str, Any]) -> Schema:
    found = {key: value for key, value in resolved(node, defs).items() if key not in DROPPED}
    made = _described(_defaulted(_mapped(found)))
    if "properties" in made:
        made["properties"] = {name: _node(one, defs) for name, one in made["properties"].items()}
    for inner in ("items", "additionalProperties"):
        if inner in made:
            made[inner] = _node(made[inner], defs)
    return {**{key: made[key] for key in FIRST if key in made}, **made}


def _mapped(node: Schema) -> Schema:
    """Return the node with Kubernetes' words for open objects, keyed maps and keyed lists."""
    open_ended = node.pop("additionalProperties", None) is True
    if open_ended:
        node["x-kubernetes-preserve-unknown-fields"] = True
    if "patternProperties" in node:
        node |= _keyed(node)
    if key := node.pop("x-list-map-key", ""):
        node |= {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}
    if "x-kubernetes-int-or-string" in node:
        node.pop("type")  # the API server wants one of the two
    return node


def _keyed(node: Schema) -> Schema:
    """Return a map whose keys have a pattern: a structural schema knows no pattern of keys, so it becomes a rule."""
    [(pattern, value)] = node.pop("patternProperties").items()
    longest = node.pop("propertyNames")["maxLength"]
    rule = {
        "rule": f"self.all(name, size(name) <= {longest} && name.matches('{pattern}'))",
        "message": f"each key must be a name of lower-case letters, digits and '-', {longest} characters at most",
    }
    return {"additionalProperties": value, "x-kubernetes-validations": [rule]}


def _defaulted(node: Schema) -> Schema:
    """Return the node with a default that has its own type; an optional field has none."""
    default = node.pop("x-cluster-default", node.pop("default", None))
    if default is None:
        return node
    return {**node, "default": float(Decimal(default)) if node["type"] == "number" else default}


def _described(node: Schema) -> Schema:
    if "description" in node:
        node["description"] = " ".join(node["description"].split())
    return node
