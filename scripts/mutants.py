"""Mutation testing of what may say yes to money: how many small wrong changes of signer, approvals, guard and policy do the tests see?

    make mutants                   a seeded sample of each file, in well under an hour on two cores
    make mutants ARGS=--sample=0   all of them; takes hours
    make mutants ARGS='--only signer/checks.py --sample 0 --show'

mutmut makes and runs the mutants, in a copy under .mutants, each against the tests that reach its function. Left out of the judgement:
log lines, metrics, and changes to the wording of a sentence for a person. A mutant that no test reaches counts as survived.
Exit code 1 below the goal, 2 where nothing could be judged: the tests must pass without any change first.
"""

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / ".mutants"
GOAL_PERCENT = 90
JUDGED = (
    *(f"signer/{name}.py" for name in ("checks", "decide", "case", "windows", "store", "signing", "audit", "wallet", "jito")),
    *(f"approvals/{name}.py" for name in ("approve", "dsse", "leases", "keys", "secret_files")),
    *(f"guard/{name}.py" for name in ("decide", "checks", "outcome", "attempts", "live_checks", "expiry")),
    *("chain/decode*.py", "chain/deltas.py", "chain/token_rules.py", "chain/policy/*.py"),
    *("evidence/verdict.py", "evidence/record.py", "research/splits/walk_forward.py"),
)
TESTS = (
    *(f"unit/test_{stage}_*.py" for stage in ("signer", "approvals", "guard", "decode", "policy", "deltas", "token")),
    *("unit/test_inputs_swaps.py", "unit/test_inputs_tokens.py"),
    *(f"unit/test_research_{subject}.py" for subject in ("gate", "record", "splits")),
    *(f"property/test_{subject}*.py" for subject in ("signer_machine", "guard", "decode_anything", "token_rules")),
)
UNJUDGED_LINES = (r"\blogger\(\)", r"\b_log\.", r"\bmetrics\.", r"\bREJECTIONS\b", r"\bBAD_INPUT\b")
LEFT_OUT = (
    "signer_corpus.py::test_no_check_is_without_a_kind_that_needs_it",
    "signer_corpus.py::test_a_function_refuses_for_one_reason_alone",
    "signer_corpus.py::test_the_page_of_the_corpus_is_made_from_its_kinds",
    "research_gate.py::test_the_page_names_every_demand_and_every_threshold_with_its_default",
)
"""They read the functions of modules, to which mutmut adds many, and pages that the copy has not."""
FEWER_EXAMPLES = {"MEMESNIPE_EXAMPLES": "0.2"}
"""A rule machine runs once for each mutant that nothing quicker kills."""
Function = ast.FunctionDef | ast.AsyncFunctionDef
KILLED, TIMED_OUT = 1, {24, 36, 152, 255}
"""mutmut's exit codes; a mutant that hangs is seen by whoever runs the tests."""


def main() -> int:
    """Make the mutants, run a sample of each file, print the table."""
    asked = _arguments()
    files = [path for pattern in asked.only or JUDGED for path in sorted((ROOT / "runtime/memesnipe").glob(pattern))]
    _copy([path.relative_to(ROOT / "runtime") for path in files])
    _mutmut("run", "no-mutant-yet")  # makes them, and learns which test reaches what
    chosen = [name for path in files for name in _sample(path, asked.sample, asked.seed)]
    _mutmut("run", *chosen)
    return _report(files, set(chosen), show=asked.show)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=20, help="mutants of each file; 0: all")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", nargs="*", help="files below runtime/memesnipe, e.g. signer/checks.py")
    parser.add_argument("--show", action="store_true", help="print the change of each survivor")
    return parser.parse_args()


def _copy(judged: list[Path]) -> None:
    """Lay the sources out as mutmut wants them: `src/`, `tests/` and a pyproject that names what to change."""
    shutil.rmtree(COPY, ignore_errors=True)
    skip = shutil.ignore_patterns("__pycache__")
    for package in ("runtime/memesnipe", "strategies/memesnipe_strategies", "operator/memesnipe_operator"):
        shutil.copytree(ROOT / package, COPY / "src" / Path(package).name, ignore=skip)
    for part in ("unit", "property", "data"):
        shutil.copytree(ROOT / "tests" / part, COPY / "tests" / part, ignore=skip)
    shutil.copy(ROOT / "tests/conftest.py", COPY / "tests")
    tests = [str(path.relative_to(ROOT)) for pattern in TESTS for path in sorted((ROOT / "tests").glob(pattern))]
    lines = {
        "source_paths": ["src"],
        "only_mutate": [f"src/{path}" for path in judged],
        "do_not_mutate_patterns": list(UNJUDGED_LINES),
        "pytest_add_cli_args_test_selection": tests,
        "pytest_add_cli_args": [
            "-p",
            "no:cacheprovider",
            "-q",
            *(f"--deselect=tests/unit/test_{name}" for name in LEFT_OUT),
        ],
        "use_git_change_detection": False,
    }
    table = "\n".join(f"{key} = {json.dumps(value)}" for key, value in lines.items())
    (COPY / "pyproject.toml").write_text(f"{(ROOT / 'pyproject.toml').read_text()}\n[tool.mutmut]\n{table}\n")


def _mutmut(*arguments: str) -> None:
    with (COPY / "mutmut.log").open("a") as log:
        command = [sys.executable, "-m", "mutmut", arguments[0], "--max-children=1", *arguments[1:]]
        subprocess.run(command, check=False, cwd=COPY, stdout=log, stderr=log, env={**os.environ, **FEWER_EXAMPLES})


def _sample(path: Path, size: int, seed: int) -> list[str]:
    """Return the names of a file's mutants to judge, the same ones for the same seed."""
    names = sorted(_results(path))
    wording = _wording_only(path)
    judged = [name for name in names if name.rpartition(".")[2] not in wording]
    return sorted(random.Random(f"{seed}:{path.name}").sample(judged, size)) if 0 < size < len(judged) else judged  # noqa: S311 - a sample, no secret


def _results(path: Path) -> dict[str, int | None]:
    """Return mutant -> exit code of its tests."""
    meta = _made(path).with_suffix(".py.meta")
    results: dict[str, int | None] = json.loads(meta.read_text())["exit_code_by_key"] if meta.exists() else {}
    return results


def _made(path: Path) -> Path:
    return COPY / "mutants/src" / path.relative_to(ROOT / "runtime")


def _wording_only(path: Path) -> set[str]:
    """Return the mutants that change nothing but a sentence: a text with a space, and the values shown in one."""
    functions = {node.name: node for node in ast.walk(ast.parse(_made(path).read_text())) if isinstance(node, Function)}
    same = set[str]()
    for name, node in functions.items():
        stem, found, number = name.rpartition("__mutmut_")
        original = functions.get(f"{stem}__mutmut_orig")
        if found and number.isdigit() and original is not None and _without_texts(node) == _without_texts(original):
            same.add(name)
    return same


def _without_texts(function: Function) -> str:
    class Blank(ast.NodeTransformer):
        def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
            return ast.Constant("") if any(" " in ast.unparse(part) for part in node.values) else node

        def visit_Constant(self, node: ast.Constant) -> ast.Constant:
            return ast.Constant("") if isinstance(node.value, str) and " " in node.value else node

    copy = ast.parse(ast.unparse(function))
    return "".join(ast.dump(statement) for part in copy.body for statement in Blank().visit(part).body)


def _report(files: list[Path], chosen: set[str], *, show: bool) -> int:
    """Print killed / judged by file and in all, then what survived."""
    if any(_results(path)[name] is None for path in files for name in chosen if name in _results(path)):
        print(f"not judged: do the tests pass without a change? See {COPY / 'mutmut.log'}")
        return 2
    killed_all, judged_all, survivors = 0, 0, list[str]()
    print(f"{'file':<32}{'killed':>8}{'judged':>8}{'score':>8}")
    for path in files:
        results = {name: code for name, code in _results(path).items() if name in chosen}
        alive = [name for name, code in results.items() if code != KILLED and code not in TIMED_OUT]
        killed_all, judged_all, survivors = killed_all + len(results) - len(alive), judged_all + len(results), survivors + alive
        if results:
            print(_row(str(path.relative_to(ROOT / "runtime/memesnipe")), len(results) - len(alive), len(results)))
    print(_row("all", killed_all, judged_all))
    for text in _told(survivors, show):
        print(text)
    return 0 if judged_all and 100 * killed_all >= GOAL_PERCENT * judged_all else 1


def _row(name: str, killed: int, judged: int) -> str:
    return f"{name:<32}{killed:>8}{judged:>8}{100 * killed / max(judged, 1):>7.1f}%"


def _told(survivors: list[str], show: bool) -> Iterator[str]:
    for name in survivors:
        yield f"survived: {name}"
        if show:
            shown = subprocess.run([sys.executable, "-m", "mutmut", "show", name], check=False, cwd=COPY, capture_output=True, text=True)
            yield "\n".join(line for line in shown.stdout.splitlines() if line[:1] in "+-" and not line.startswith(("+++", "---")))


if __name__ == "__main__":
    sys.exit(main())
