"""deploy.sh with made-up `docker`, `helm` and `kubectl` on its path: what it asks of them, and what it makes of their answers."""

import os
import subprocess
from pathlib import Path

import pytest

from memesnipe.testing.stacks import ROOT

RUNNING = "redis running healthy 0\nexecutor running healthy 0\nsetup exited  0\n"
FAKE = """#!/bin/sh
echo "${0##*/} $*" >> "$CALLS"
case "$*" in *--format*) printf '%s' "$ROWS" ;; "compose ps --quiet") echo 1f00 ;; esac
"""


class Script:
    """deploy.sh as a person calls it, from a folder of theirs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._calls = folder, folder / "calls"
        self._programs = folder / "bin"
        self._programs.mkdir()
        for name in ("docker", "helm", "kubectl"):
            (self._programs / name).write_text(FAKE)
            (self._programs / name).chmod(0o755)

    def __call__(self, *words: str, rows: str = "", here: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        path = f"{self._programs}:{os.environ['PATH']}"
        here = here or self.folder
        command = [os.path.relpath(ROOT / "deploy.sh", here), *words]
        given = {"PATH": path, "CALLS": str(self._calls), "ROWS": rows, **env}
        return subprocess.run(command, cwd=here, env=given, capture_output=True, text=True, timeout=30)

    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines() if self._calls.exists() else []


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path)


@pytest.mark.parametrize("words", [(), ("nonsense",)])
def test_without_a_command_it_says_which_there_are_wherever_it_is_called_from(script: Script, words: tuple[str, ...]) -> None:
    told = script(*words, here=ROOT.parent)

    assert told.returncode == 2
    assert "./deploy.sh logs [service]" in told.stderr
    assert script.calls() == []


def test_all_is_well_where_every_service_is_healthy_and_setup_has_ended(script: Script) -> None:
    told = script("test", rows=RUNNING)

    assert (told.returncode, told.stdout) == (0, "all services are well\n"), told.stderr


@pytest.mark.parametrize(
    "ill",
    ["signer running unhealthy 0", "signer running starting 0", "signer restarting  78", "signer exited  0", "setup exited  1"],
)
def test_a_service_that_is_not_healthy_or_was_stopped_is_not_well(script: Script, ill: str) -> None:
    told = script("test", rows=f"{RUNNING}{ill}\n")

    assert told.returncode == 1
    assert told.stderr == f"deploy.sh: not well: {ill}\n"


def test_a_command_of_a_person_that_ended_is_well(script: Script) -> None:
    assert script("test", rows=f"{RUNNING}cli exited  0\n").returncode == 0


def test_the_values_for_helm_are_the_file_that_the_person_named(script: Script) -> None:
    (script.folder / "my values.yaml").write_text("{}")

    told = script("deploy", MEMESNIPE_CONTEXT="desk", MEMESNIPE_VALUES="my values.yaml")

    assert told.returncode == 0, told.stderr
    (call,) = script.calls()
    assert call.startswith("helm --kube-context desk --namespace memesnipe upgrade --install memesnipe charts/memesnipe ")
    assert call.endswith(f" --values {script.folder}/my values.yaml")


def test_the_status_of_a_cluster_has_the_pods_of_every_namespace(script: Script) -> None:
    script("status", MEMESNIPE_CONTEXT="desk")

    assert "--all-namespaces --selector app.kubernetes.io/part-of=memesnipe" in script.calls()[0]


def test_logs_in_a_cluster_take_a_services_name_as_compose_has_it(script: Script) -> None:
    script("logs", "risk_guardian", MEMESNIPE_CONTEXT="desk")

    assert script.calls() == [
        "kubectl --context desk --namespace memesnipe logs --follow --tail 200 --selector app.kubernetes.io/component=risk-guardian"
    ]
