"""docs/reference/settings.md: every variable that a service reads from its environment, as its settings declare it."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from memesnipe.kernel.settings import variable
from memesnipe.testing.reference.sources import Source, cell, sources

EVERYONES = "CommonSettings"
HEAD = """# Settings

Every service reads its settings from the environment, once, when it starts; a wrong one ends it with a message that names the variable.
Made from the code by `python -m memesnipe.testing.reference`; a test holds it against the code. An empty variable is one that is not set.
In a cluster the chart sets them; what it calls each is in the chart's `values.yaml`.
"""


class Setting(NamedTuple):
    """One variable."""

    name: str
    default: str
    what: str


def render(root: Path) -> str:
    """Return the page as Markdown: everyone's settings first, then service by service."""
    found = dict(sorted(settings(root).items(), key=lambda one: (one[0][1] != EVERYONES, one[0])))
    return HEAD + "".join(_section(_title(*key), rows) for key, rows in found.items() if rows)


def settings(root: Path) -> dict[tuple[str, str], list[Setting]]:
    """Return the variables by (service, name of the class). One that several services read is explained where it is said best."""
    found = {(source.service, node.name): list(_fields(node, kind)) for source in sources(root) for node, kind in _kinds(source)}
    said = {row.name: row.what for rows in found.values() for row in rows if row.what}
    return {key: [row._replace(what=row.what or said.get(row.name, "")) for row in rows] for key, rows in found.items()}


def _kinds(source: Source) -> Iterator[tuple[ast.ClassDef, type[msgspec.Struct]]]:
    for node in source.tree.body:
        if isinstance(node, ast.ClassDef) and node.name.endswith("Settings"):
            kind = getattr(importlib.import_module(source.module), node.name)
            if issubclass(kind, msgspec.Struct):
                yield node, kind


def _fields(node: ast.ClassDef, kind: type[msgspec.Struct]) -> Iterator[Setting]:
    defaults = {one.name: one.default for one in msgspec.structs.fields(kind)}
    for here, after in zip(node.body, (*node.body[1:], None), strict=True):
        if isinstance(here, ast.AnnAssign) and isinstance(here.target, ast.Name):
            name = here.target.id
            yield Setting(variable(name), _text(defaults[name]), cell(_docstring(after)))


def _text(default: object) -> str:
    """Return a default as it would be written into the environment."""
    if default is msgspec.NODEFAULT:
        return "needed"
    text = str(default).lower() if isinstance(default, bool) else f"{default:g}" if isinstance(default, float) else str(default)
    return f"`{text}`" if text else ""


def _docstring(node: ast.stmt | None) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
        return node.value.value
    return ""


def _title(service: str, kind: str) -> str:
    """Return a section's title; the operator's image has several programs with settings of their own."""
    program = kind.removesuffix("Settings").lower()
    return service if service != "operator" or program == service else f"{service}: {program}"


def _section(service: str, rows: list[Setting]) -> str:
    table = "".join(f"| `{row.name}` | {row.default} | {row.what} |\n" for row in rows)
    return f"\n## {service}\n\n| variable | default | what |\n|---|---|---|\n{table}"
