"""A corpus of swap transactions made to steal: none is signed, and each is stopped by the one check that is there for it.

Every mutant carries fresh approvals of both guards over its own bytes and goes through the real signer. `pytest -s` prints the table;
`python -m memesnipe.testing.mutants.proof --seed 7 --each 100` makes another and larger one.
"""

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import memesnipe
from memesnipe.chain import decode
from memesnipe.kernel.errors import Refused
from memesnipe.messages import codec
from memesnipe.testing.mutants import page
from memesnipe.testing.mutants.corpus import KINDS, PER_KIND, mutants, taken_away
from memesnipe.testing.mutants.honest import world_of
from memesnipe.testing.mutants.kind import Kind
from memesnipe.testing.mutants.proof import Row, prove, table
from memesnipe.testing.swaps import World

SEED = 1
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "signer-corpus.md"
PACKAGE = Path(memesnipe.__file__).parent
JUDGES = [
    *sorted((PACKAGE / "chain" / "policy").glob("*.py")),
    *sorted((PACKAGE / "chain").glob("decode*.py")),
    PACKAGE / "signer" / "checks.py",
]
NOT_IN_THE_CORPUS = {
    "_malformed": "makes the refusal; who raises it is listed by its own name",
    "_parsed": "bytes that cannot be read at all leave nothing to sign",
    "_instructions": "an index that points nowhere leaves nothing to judge; the sanitiser finds it first",
    "read_transaction": "reads what has landed; nothing is signed by it",
    "_token_of": "a mint that is no key has no accounts",
    "_program_of": "as above",
    "live_is_allowed_here": "the signer's own switch, not the request's: test_signer_refusals",
    "same_attempt_is_the_same_bytes": "behind it stands a second wall, the store's UNIQUE: test_signer_refusals",
}
"""Functions that refuse and are no kind's check, each with the reason."""


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(SEED)


@pytest.fixture(scope="module")
def rows() -> Iterator[list[Row]]:
    proven: list[Row] = []
    yield proven
    print("", *table(proven), f"{len(proven)} kinds, {sum(row.made for row in proven)} mutants", sep="\n")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_mutants_of_a_kind_are_refused_and_only_by_its_check(kind: Kind, world: World, rows: list[Row]) -> None:
    row = prove(kind, world, mutants(kind, world, SEED))
    rows.append(row)

    assert row.wrong == []
    assert (row.made, row.refused, row.signed_without_check, row.originals_signed) == (PER_KIND,) * 4


def test_the_corpus_is_as_large_as_it_claims() -> None:
    assert len(KINDS) * PER_KIND >= 1_000
    assert len({kind.name for kind in KINDS}) == len(KINDS) >= 100


def test_no_check_is_without_a_kind_that_needs_it() -> None:
    """A check that no mutant meets is one that somebody can delete unseen."""
    needed = {kind.check.__name__ for kind in KINDS}
    refusing = {name for path in JUDGES for name in refusing_functions(path)}

    assert refusing - needed - set(NOT_IN_THE_CORPUS) == set()
    assert set(NOT_IN_THE_CORPUS) - refusing == set()


def test_a_function_refuses_for_one_reason_alone() -> None:
    """Two refusals in one function could not be taken away one at a time."""
    twice = [
        f"{path.name}:{name}"
        for path in JUDGES
        for name, count in refusing_functions(path).items()
        if count > 1 and name not in MORE_THAN_ONE
    ]

    assert twice == []


MORE_THAN_ONE = {
    "_instructions": "as above",
    "read_transaction": "as above",
    "size_is_within_cap": "zero and too much: two ends of one bound",
    "_malformed": "as above",
}


def refusing_functions(path: Path) -> dict[str, int]:
    """How often each function of a module makes a refusal."""
    found: dict[str, int] = {}
    for function in ast.walk(ast.parse(path.read_text())):
        if isinstance(function, ast.FunctionDef):
            calls = [node.func.id for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
            if count := sum(name in {"Refused", "Replayed", "_malformed"} for name in calls):
                found[function.name] = count
    return found


def test_the_page_of_the_corpus_is_made_from_its_kinds() -> None:
    assert PAGE.read_text(encoding="utf-8") == page.render(), (
        "renew it: python -m memesnipe.testing.mutants.page > docs/reference/signer-corpus.md"
    )


def test_the_same_seed_makes_the_same_corpus() -> None:
    first, second = (digest(KINDS[30], world_of(9)) for _ in range(2))

    assert first == second != digest(KINDS[30], world_of(10))


def digest(kind: Kind, world: World) -> bytes:
    return hashlib.sha256(b"".join(each.request.message for each in mutants(kind, world, SEED))).digest()


def test_a_check_that_was_taken_away_is_back_afterwards() -> None:
    with taken_away(decode.version_is_allowed):
        decode.version_is_allowed(b"\x81")

    with pytest.raises(Refused):
        decode.version_is_allowed(b"\x81")


def test_requests_of_the_corpus_cross_the_door_as_they_were_made(world: World) -> None:
    """The door decodes before the checks run: a mutant that could not be encoded would prove nothing."""
    made = [each.request for kind in KINDS for each in mutants(kind, world, SEED, 1)]

    assert [codec.decode(type(each), codec.encode(each)) for each in made] == made
