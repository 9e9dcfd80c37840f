"""Every metric that the code defines, read out of its source: name, and the labels it has."""

import ast
from collections.abc import Iterator
from pathlib import Path

from memesnipe.testing.chart.render import ROOT

KINDS = {"Counter": ("",), "Gauge": ("",), "Histogram": ("_bucket", "_sum", "_count")}
SOURCES = (ROOT / "runtime" / "memesnipe", ROOT / "operator" / "memesnipe_operator")


def defined() -> dict[str, frozenset[str]]:
    """Return each series name with its labels; a histogram has three names."""
    files = (path for source in SOURCES for path in sorted(source.rglob("*.py")) if "testing" not in path.parts)
    return {name: labels for path in files for name, labels in _in_file(path)}


def _in_file(path: Path) -> Iterator[tuple[str, frozenset[str]]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS and _is_name(node):
            labels = _labels(node) | ({"le"} if node.func.id == "Histogram" else set())
            yield from ((f"{ast.literal_eval(node.args[0])}{suffix}", frozenset(labels)) for suffix in KINDS[node.func.id])


def _is_name(node: ast.Call) -> bool:
    first = node.args[0] if node.args else None
    return isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value.startswith("memesnipe_")


def _labels(node: ast.Call) -> set[str]:
    return set(ast.literal_eval(node.args[2])) if len(node.args) > 2 else set()
