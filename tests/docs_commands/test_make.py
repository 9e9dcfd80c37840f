"""Every `make …` of the pages: its target is there and takes what the page gives it, and what the target does is run by a test."""

import re
import subprocess
from pathlib import Path

import pytest

from memesnipe.testing.documented.table import MAKE, share_of
from memesnipe.testing.stacks import ROOT

RUN_BY = {
    "up": "tests/e2e/test_newcomers_path.py",
    "test": ".ci/run",
    "e2e": ".ci/run",
    "docs": "tests/architecture/test_site.py",
    "sbom": "tests/unit/test_supply_chain.py",
    "audit": "tests/unit/test_supply_chain.py",
    "cluster": "tests/operator/conftest.py",
    "fuzz": "tests/fuzz/test_decoders.py",
    "mutants": "tests/unit/test_signer_corpus.py",
    "build": "tests/image/test_images.py",
    "bench": "tests/docs_commands/test_make.py",
    "long": "tests/unit/test_calibration.py",
}
"""Target -> what runs it, or its own smallest piece where it takes minutes."""
PROGRAMS = [
    "tests/bench/order_path.py",
    "tests/bench/executor_intake.py",
    "scripts/mutants.py",
    "tests/fuzz/run.py",
    "scripts/supply_chain.py",
]
"""Some of what recipes start that take minutes."""


def target_of(command: str) -> str:
    """Return which target a command makes."""
    return re.split(r"\bmake ", command)[1].split()[0]


@pytest.mark.parametrize("command", share_of(MAKE))
def test_a_target_of_a_page_is_there_and_its_recipe_can_be_read(checkout: Path, surroundings: dict[str, str], command: str) -> None:
    read = subprocess.run(
        ["sh", "-c", command.replace("make ", "make -n ")], cwd=checkout, env=surroundings, capture_output=True, text=True, timeout=60
    )

    assert read.returncode == 0, read.stderr
    assert read.stdout.strip()


def test_what_a_target_of_a_page_does_is_run_by_something() -> None:
    assert {target_of(command) for command in share_of(MAKE)} == set(RUN_BY)
    assert [path for path in RUN_BY.values() if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_that_takes_minutes_starts(checkout: Path, surroundings: dict[str, str], program: str) -> None:
    started = subprocess.run(["python", program, "--help"], cwd=checkout, env=surroundings, capture_output=True, text=True, timeout=120)

    assert started.returncode == 0, started.stderr
