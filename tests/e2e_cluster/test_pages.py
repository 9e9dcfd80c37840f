"""Every kubectl and helm of the pages, typed as it stands into a terminal beside the installation, in the order of the pages.

Named so that it runs after the product was tried and before it is uninstalled; it leaves everything trading live, with nothing halted.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from memesnipe.testing.documented.desk import SOLD
from memesnipe.testing.documented.table import CLUSTER, share_of
from memesnipe.testing.documented.terminal import Terminal
from memesnipe.testing.installation.installed import STRATEGIES, Installation
from memesnipe.testing.stacks import until

HELD = "SELECT strategy, mint FROM positions WHERE mode = 'live' AND units > 0 ORDER BY strategy = 'busy'"
"""Those of the busy one last: it has sold them when a person has typed their name."""


@pytest.fixture(scope="module")
def terminal(installation: Installation, chart: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    yield Terminal(tmp_path_factory.mktemp("terminal"), installation.cluster.kubeconfig, chart)
    installation.patch("strategy", "momentum", {"mode": "live"})
    reopen(installation, "the pages were tried")
    installation.kubectl("delete", "configmap", "-n", STRATEGIES, "memesnipe-evidence-dip-buyer", "--ignore-not-found")
    installation.until_ready(240)


def reopen(installation: Installation, why: str) -> None:
    """Lift whatever the pages halted, in whichever way: only a change commands something."""
    for state in ("Halted", "Active"):
        each = {"momentum": state}
        patch = {"spec": {"killSwitch": {"state": state, "strategies": each, "reason": f"{why}: {state}"}}}
        installation.kubectl("patch", "riskpolicy", "default", "-n", STRATEGIES, "--type", "merge", "-p", json.dumps(patch))
        until(lambda want=state: installation.halt() == want, 60, f"the halt state {state}")  # type: ignore[misc]  # a default binds it


def words(installation: Installation, command: str) -> dict[str, str]:
    """Return what the words of a command stand for here."""
    found = {"strategy-NAME": "strategy-momentum", "NAME": "momentum", "POD": "deployment/memesnipe-risk-guardian"}
    if " exec " in command:
        installation.until_ready(240)  # a page may have restarted it
    if "STRATEGY MINT" in command:
        reopen(installation, "a position is wanted")
        found["STRATEGY MINT"] = " ".join(map(str, held(installation)))
    return found


def held(installation: Installation) -> tuple[object, ...]:
    """Wait for an open live position; return its strategy and mint."""
    found: list[tuple[object, ...]] = []

    def there() -> bool:
        found[:] = installation.ledger(HELD)
        return bool(found)

    until(there, 300, "an open live position")
    return found[0]


@pytest.mark.parametrize("command", share_of(CLUSTER))
def test_a_command_of_a_page_does_what_the_page_says(installation: Installation, terminal: Terminal, command: str) -> None:
    answer = terminal.type(as_typed(installation, command))
    if " close " in command and SOLD in answer.said:  # its own stop was quicker: then there is another one to close
        answer = terminal.type(as_typed(installation, command))

    assert answer.code in terminal.codes(command), answer.said[-2_000:]


def as_typed(installation: Installation, command: str) -> str:
    """Return a command with its words replaced by what they stand for here."""
    for word, real in words(installation, command).items():
        command = re.sub(rf"\b{word}\b", real, command)
    return command
