"""Test doubles ship with the product for those who write strategies, and the product itself never runs on one."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTING = ROOT / "runtime" / "memesnipe" / "testing"


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_no_product_module_imports_the_test_doubles() -> None:
    modules = [
        path for root in ("operator", "runtime", "strategies") for path in (ROOT / root).rglob("*.py") if TESTING not in path.parents
    ]

    assert [str(path) for path in modules if any(name.startswith("memesnipe.testing") for name in imports(path))] == []
