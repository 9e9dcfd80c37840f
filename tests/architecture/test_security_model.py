"""The security model names the tests that prove it: every one is there, and nobody who attacks is left without one."""

import ast
import re
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "security-model.md"
PROOF = re.compile(r"\[`(test_\w+|Test\w+)`\]\(\.\./\.\./(tests/[\w/]+\.py)\)")
NAMED = re.compile(r"`(test_\w+|Test\w+)`")


@lru_cache(maxsize=128)
def names_in(path: str) -> frozenset[str]:
    """Return the names of a file's tests: functions, classes, and machines that are given a name at its end."""
    if not (ROOT / path).is_file():
        return frozenset()
    body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    defined = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    given = {target.id for node in body if isinstance(node, ast.Assign) for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(defined | given)


def attackers() -> dict[str, str]:
    """Return each attacker's part of the page by its heading."""
    part = PAGE.read_text(encoding="utf-8").partition("\n## Attackers\n")[2].partition("\n## ")[0]
    heads = re.findall(r"^### (.+)$", part, re.MULTILINE)
    return dict(zip(heads, re.split(r"^### .+$", part, flags=re.MULTILINE)[1:], strict=True))


def test_every_test_that_the_security_model_names_exists() -> None:
    proofs = PROOF.findall(PAGE.read_text(encoding="utf-8"))

    assert len(proofs) > 60
    assert [f"{path}::{name}" for name, path in proofs if name not in names_in(path)] == []


def test_no_test_is_named_without_its_file() -> None:
    text = PAGE.read_text(encoding="utf-8")

    assert sorted(set(NAMED.findall(text)) - {name for name, _ in PROOF.findall(text)}) == []


def test_every_attacker_has_a_proof_and_an_honest_end() -> None:
    found = attackers()

    assert len(found) >= 14
    assert [name for name, part in found.items() if not PROOF.search(part)] == []
    assert [name for name, part in found.items() if "**Not stopped:" not in part] == []
