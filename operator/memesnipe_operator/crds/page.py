"""docs/reference/resources.md, made from the models: every field with its type, unit, default, bounds and what changing it does. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from memesnipe.manifests.directions import DIRECTIONS, NESTED, PROMOTION, Looser
from memesnipe.manifests.fields import Change, Model
from memesnipe.manifests.models import GROUP, VERSION
from memesnipe.manifests.status import Status
from memesnipe_operator.crds import page_text
from memesnipe_operator.crds.definitions import RESOURCES, Resource
from memesnipe_operator.crds.policies import POLICIES
from memesnipe_operator.crds.schema import resolved


class Row(msgspec.Struct, frozen=True):
    """One field, as the page says it."""

    path: str
    type: str
    default: str
    bounds: str
    change: str
    description: str


def render() -> str:
    """Return the page as markdown."""
    changes = "".join(f"| {change.value} | {page_text.CHANGES[change]} |\n" for change in Change)
    head = page_text.HEAD + page_text.CHANGES_HEAD + changes + page_text.EXAMPLE
    return "\n".join([head, *map(_section, RESOURCES), _policies(), page_text.TAIL])


def _section(resource: Resource) -> str:
    spec = "\n".join(_spec_row(row, resource) for row in rows(resource.spec, "spec"))
    rules = "\n".join(f"- `{rule.message}`" for rule in resource.spec.rules)
    parts = [
        f"## {resource.kind}\n",
        f"{resource.description} `{GROUP}/{VERSION}`, `kubectl get {resource.plural}` or `{resource.short_name}`."
        + page_text.NOTES[resource.kind],
        page_text.SPEC_HEAD[resource.kind] + spec + "\n",
        *([f"Refused, besides a value out of its bounds:\n\n{rules}\n"] if rules else []),
        "Columns:\n\n" + page_text.COLUMNS_HEAD + "\n".join(_columns(resource.status)) + "\n",
        "Status, written by the operator alone:\n\n"
        + page_text.STATUS_HEAD
        + "\n".join(map(_status_row, rows(resource.status, "status")))
        + "\n",
    ]
    return "\n".join(parts)


def rows(model: type[Model], prefix: str) -> Iterator[Row]:
    """Yield the fields of a model, those of the objects in it behind them."""
    schema = model.model_json_schema(by_alias=True)
    yield from _rows(schema, schema.get("$defs", {}), prefix, "")


def _rows(schema: Mapping[str, Any], defs: Mapping[str, Any], prefix: str, change: str) -> Iterator[Row]:
    required = schema.get("required", [])
    for name, one in schema["properties"].items():
        node = resolved(one, defs)
        path, own = f"{prefix}.{name}", node.get("x-change", change)
        yield Row(
            path, _type(node, defs), _default(node, name in required), _bounds(node, defs), own, " ".join(node["description"].split())
        )
        inner = resolved(node.get("items", node), defs)
        if "properties" in inner:
            yield from _rows(inner, defs, f"{path}[]" if "items" in node else path, own)


def _type(node: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    value = next(iter(node.get("patternProperties", {}).values()), None)
    if value is not None:
        return f"map of name to {_type(resolved(value, defs), defs)}"
    if "items" in node:
        return f"list of {_type(resolved(node['items'], defs), defs)}"
    if "x-kubernetes-int-or-string" in node:
        return "quantity"
    shown = node.get("format", node["type"])
    return f"{shown}, {node['x-unit']}" if "x-unit" in node else shown


def _default(node: Mapping[str, Any], required: bool) -> str:
    if required:
        return "**needed**"
    default = node.get("x-cluster-default", node.get("default"))
    return "" if default in (None, "") else f"`{default}`".replace("False", "false")


def _bounds(node: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    if "x-kubernetes-int-or-string" in node:
        return ""  # a quantity has a notation, which its description shows
    value = resolved(next(iter(node.get("patternProperties", {}).values()), {}), defs)
    longest = {"maxLength": "characters", "maxProperties": "entries", "maxItems": "entries"}
    said = [f"{node[key]:,} {what} at most" for key, what in longest.items() if key in node]
    return "; ".join([*_values(node), *said, *_values(value)])


def _values(node: Mapping[str, Any]) -> list[str]:
    if "enum" in node:
        return [" or ".join(f"`{one}`" for one in node["enum"])]
    return [f"{node['minimum']:,} to {node['maximum']:,}"] if "maximum" in node else []


def _spec_row(row: Row, resource: Resource) -> str:
    cells = [f"`{row.path}`", row.type, row.default, row.bounds, f"{Change(row.change).value}"]
    if resource.kind in WAYS:
        cells.append(_direction(row.path, resource.kind))
    return f"| {' | '.join([*cells, row.description])} |"


def _direction(path: str, kind: str) -> str:
    return WAYS[kind].get(path.removeprefix("spec."), "milder" if path.startswith("spec.killSwitch") else "")


def _named(ways: Mapping[str, Looser], prefix: str = "") -> dict[str, str]:
    return {prefix + field: "" if way is Looser.NEVER else way.value for field, way in ways.items()}


WAYS = {
    "RiskPolicy": _named(DIRECTIONS) | {name: way for group, ways in NESTED.items() for name, way in _named(ways, f"{group}.").items()},
    "Allocation": {"capitalSol": Looser.LARGER.value, "weightsBps": Looser.LARGER.value, "method": "any"} | _named(PROMOTION, "promotion."),
}
"""By kind and field: which change needs the verb."""


def _status_row(row: Row) -> str:
    return f"| `{row.path}` | {row.type} | {row.bounds} | {row.description} |"


def _columns(status: type[Status]) -> Iterator[str]:
    for column in status.columns:
        yield f"| {column.name} | {'`-o wide`' if column.wide else 'yes'} | `{column.path}` | {column.description} |"


def _policies() -> str:
    listed = "\n".join(
        f"| `{policy.name}` | {', '.join(policy.operations)} of {policy.resource.plural} | {page_text.POLICIES[policy.name]} |"
        for policy in POLICIES
    )
    return page_text.POLICIES_HEAD + listed + "\n"
