"""The product's own source files as syntax trees: what a page says of the code is read from it, without starting any of it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOTS = {"runtime/memesnipe": "", "operator/memesnipe_operator": "operator"}
NOT_SHIPPED = ("testing",)

SERVICES = {
    "kernel": "every service",
    "bus": "every service",
    "chain": "whoever asks a host",
    "approvals": "guards and signer",
    "ledger": "position_manager",
    "consumers": "data_consumers",
    "risk": "risk_guardian",
    "guard": "wallet_guard",
    "positions": "position_manager",
    "allocator": "autonomous_allocator",
    "factory": "strategy_factory",
    "notify": "notifier",
    "tracing": "tracer",
}
"""Folder -> the service whose page it is; a folder that is not here is named as the service is."""


class Source(NamedTuple):
    """One module: the service it belongs to, its name, and its tree."""

    service: str
    module: str
    tree: ast.Module


def sources(root: Path) -> Iterator[Source]:
    """Yield every module that ships, by folder."""
    for folder, service in ROOTS.items():
        for path in sorted((root / folder).rglob("*.py")):
            inside = path.relative_to(root / folder)
            part = inside.parts[0].removesuffix(".py")
            if part not in NOT_SHIPPED:
                module = ".".join((Path(folder).name, *inside.with_suffix("").parts))
                yield Source(service or SERVICES.get(part, part), module, ast.parse(path.read_text(encoding="utf-8")))


def cell(text: str) -> str:
    """Return a text as it may stand in a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
