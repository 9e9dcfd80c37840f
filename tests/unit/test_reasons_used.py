"""The table of reasons is the whole truth: code gives every one of them, and no refusal is made with anything else."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from memesnipe.kernel.reasons import ReasonCode

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for folder in ("runtime/memesnipe", "operator/memesnipe_operator", "strategies/memesnipe_strategies")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "testing" not in path.parts and path.name != "reasons.py"
]
ONLY_NAMED = ("manifests", "dashboard", "cli")
"""These tell of refusals that others make."""
TAKES_A_REASON = {"Refused": 0, "Finding": 0, "Rejection": 3, "Refusal": 0}
"""By class: which argument is the reason."""


def parsed() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}


TREES = parsed()


def codes_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ReasonCode":
            yield node.attr


NAMED = {path: frozenset(codes_in(tree)) for path, tree in TREES.items() if not set(ONLY_NAMED) & set(path.parts)}
"""Looked up once: ninety walks over every tree took half a minute."""


@pytest.mark.parametrize("code", list(ReasonCode))
def test_every_reason_is_given_by_code(code: ReasonCode) -> None:
    givers = [path for path, names in NAMED.items() if code.name in names]

    assert givers, f"nothing refuses for {code.value}: take it out of the table"


def spelt_out() -> Iterator[str]:
    """Yield refusals whose reason is a text."""
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            name = getattr(getattr(node, "func", None), "id", "")
            if not isinstance(node, ast.Call) or name not in TAKES_A_REASON:
                continue
            place = TAKES_A_REASON[name]
            named = [one.value for one in node.keywords if one.arg in ("reason", "code")]
            given = named or node.args[place : place + 1]
            if given and isinstance(given[0], ast.Constant | ast.JoinedStr):
                yield f"{path.relative_to(ROOT)}:{node.lineno}"


def test_no_refusal_has_a_reason_of_its_own_words() -> None:
    assert list(spelt_out()) == []
