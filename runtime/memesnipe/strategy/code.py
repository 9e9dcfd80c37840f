"""The bytes that a strategy is made of: its module and the modules it computes with. Their hash says which code trades.

A hash of the module alone would let somebody change a threshold in the module beside it and keep the evidence. What a strategy takes
from the rest of this project (its contract, the engine) is said by the release; what it takes from elsewhere, by the lock files.
"""

import ast
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

from memesnipe.strategy.loading import Plugin

COMPUTES_WITH = ("memesnipe.strategy.indicators",)
"""Beside the modules of its own package."""
OURS = "memesnipe"
MODULES_MAX = 256


def code_of(plugin: Plugin) -> bytes:
    """Return the plugin's source, and behind it, by name, the modules it computes with, each with its name.

    Raises OSError for a file that cannot be read; ValueError for one that is no Python, or for more than MODULES_MAX modules.
    """
    own, module = plugin.source.read_bytes(), plugin.kind.__module__
    found = {module: own}
    _follow(own, module, found)
    del found[module]
    return own + b"".join(b"\0" + name.encode() + b"\0" + source for name, source in sorted(found.items()))


def _follow(source: bytes, module: str, found: dict[str, bytes]) -> None:
    """Add what a module computes with to `found`, and what that computes with."""
    for name in sorted(set(_run_by(source, module))):
        file = _file_of(name) if name not in found and _counts(name, module) else None
        if file is None:
            continue
        if len(found) > MODULES_MAX:
            raise ValueError(f"it is made of more than {MODULES_MAX} modules")
        found[name] = file.read_bytes()
        if file.suffix == ".py":
            _follow(found[name], name, found)


def _run_by(source: bytes, module: str) -> Iterator[str]:
    """Yield every name that may be a module which runs when this one does: those it imports, and the packages that they lie in."""
    for name in (module, *_imported(source, module.rpartition(".")[0])):
        parts = name.split(".")
        yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _imported(source: bytes, package: str) -> Iterator[str]:
    """Yield what is imported: `from a import b` names `a`, and `a.b`, which may be a module."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, RecursionError) as error:
        raise ValueError(f"it is no Python: {error}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])


def _counts(name: str, module: str) -> bool:
    root = module.partition(".")[0]
    return name in COMPUTES_WITH or (root != OURS and (name == root or name.startswith(f"{root}.")))


def _file_of(name: str) -> Path | None:
    """Return a module's file; None for what is no module, such as a class in `from a import B`."""
    loaded = sys.modules.get(name)
    try:
        spec = loaded.__spec__ if loaded is not None else importlib.util.find_spec(name)
    except (ImportError, ValueError):  # what it would lie in is a module, or was not loaded as one
        return None
    return Path(spec.origin) if spec is not None and spec.has_location and spec.origin else None
