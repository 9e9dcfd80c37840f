"""What pages tell people to type that needs no stack and no cluster: generators, studies, what a shell does. In a checkout, in order."""

from pathlib import Path

import pytest

from memesnipe.signer.store import Store
from memesnipe.testing.documented.shell import type_in
from memesnipe.testing.documented.table import SHELL, share_of

TAKES_MINUTES = {
    *("python -m memesnipe.testing.allocation.study", "python -m memesnipe.testing.calibration", "python -m memesnipe.testing.promotion"),
    *("python tests/bench/signer_floor.py", "python tests/bench/operator_scale.py --strategies 10000", "python scripts/evidence_pages.py"),
    "python -m memesnipe.testing.mutants.proof --seed 7 --each 100",
}
"""Asked for their help, which reads all of their code; a run of the smallest size is some other test's."""


@pytest.fixture(scope="module")
def desk(checkout: Path) -> Path:
    """A checkout with what is asked for there: a key, and what a signer signed."""
    (checkout / "my_wallet.json").write_text("[]")
    (checkout / "shared").mkdir(exist_ok=True)
    Store.open(checkout / "shared" / "signer.db").close()
    return checkout


def smallest(command: str) -> str:
    """Return the least that shows that a command can be run."""
    if "pytest " in command:
        return f"{command} --collect-only --quiet"
    return f"{command} --help" if command in TAKES_MINUTES else command


@pytest.mark.parametrize("command", share_of(SHELL))
def test_a_command_of_a_page_does_what_the_page_says(desk: Path, surroundings: dict[str, str], command: str) -> None:
    code, said = type_in(desk, surroundings, smallest(command))

    assert code == 0, said


def test_what_takes_minutes_is_still_on_a_page() -> None:
    assert set(share_of(SHELL)) >= TAKES_MINUTES
