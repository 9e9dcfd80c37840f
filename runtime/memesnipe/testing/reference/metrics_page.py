"""docs/reference/metrics.md: every metric that a service may expose, as the code declares it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from memesnipe.testing.reference.sources import Source, cell, sources

KINDS = ("Counter", "Gauge", "Histogram", "Summary")
HEAD = """# Metrics

Every service serves `/metrics` in Prometheus' text format: its own metrics and those of every service. Made from the code by
`python -m memesnipe.testing.reference`; a test holds it against the code. A histogram `x` is exposed as `x_bucket`, `x_sum` and `x_count`.
What to do when one looks wrong: [alerts](alerts.md).

| metric | kind | labels | of | what |
|---|---|---|---|---|
"""


class Metric(NamedTuple):
    """One metric as it is exposed."""

    name: str
    kind: str
    labels: tuple[str, ...]
    service: str
    what: str


def render(root: Path) -> str:
    """Return the page as Markdown."""
    return HEAD + "".join(f"{_row(one)}\n" for one in metrics(root))


def metrics(root: Path) -> list[Metric]:
    """Return every metric that is declared by a literal name, by name."""
    return sorted({metric for source in sources(root) for metric in _declared(source)})


def _declared(source: Source) -> Iterator[Metric]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS and node.args:
            name, what = (_literal(one) for one in (*node.args, None)[:2])
            if isinstance(name, str) and isinstance(what, str):
                yield Metric(_exposed(name, node.func.id), node.func.id.lower(), _labels(node), source.service, what)


def _labels(call: ast.Call) -> tuple[str, ...]:
    given = [*call.args[2:3], *(one.value for one in call.keywords if one.arg == "labelnames")]
    labels = _literal(given[0]) if given else ()
    return tuple(labels) if isinstance(labels, list | tuple) else ()


def _literal(node: ast.expr | None) -> object:
    try:
        return ast.literal_eval(node) if node is not None else None
    except ValueError:  # not a literal: a text that is put together is none of a declaration
        return None


def _exposed(name: str, kind: str) -> str:
    return f"{name}_total" if kind == "Counter" and not name.endswith("_total") else name


def _row(one: Metric) -> str:
    return f"| `{one.name}` | {one.kind} | {', '.join(f'`{label}`' for label in one.labels)} | {one.service} | {cell(one.what)} |"
