"""checkov has no finding but those that are meant, each with its reason. It is installed apart from the project, by checked hashes.

To renew the lock: `echo checkov | uv pip compile - --universal --generate-hashes --no-emit-index-url --no-header --no-annotate
--python-version 3.11 -o tests/chart/checkov.lock`.
"""

import fcntl
import functools
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from memesnipe.testing.chart.render import ROOT, VALUE_SETS, render_text
from memesnipe.testing.cluster.tools import cache_folder

LOCK = Path(__file__).with_name("checkov.lock")

MEANT = {
    "CKV_K8S_8": "the pod of `helm test` ends by itself",
    "CKV_K8S_9": "the same",
    "CKV_K8S_15": "a release's tag never moves, and images.pullPolicy is there for those that do",
    "CKV_K8S_35": "a service's Redis URL is read from its environment, once, and it holds one user of few rights; keys are files",
    "CKV_K8S_38": "operator, setup and drain talk to the API server; nobody else has a token",
    "CKV_K8S_43": "images.*.digest is there to be set; whose registry it is, decides the digest",
}
"""check -> why what it finds is meant."""


@pytest.mark.timeout(600)
def test_checkov_finds_nothing_that_is_not_meant_and_every_reason_is_still_needed(tmp_path: Path) -> None:
    for name, values in VALUE_SETS.items():
        (tmp_path / f"{name.replace(' ', '-')}.yaml").write_text(render_text({**values, "crds": {"enabled": False}}))

    found = findings(tmp_path)

    assert {finding for finding in found if finding[0] not in MEANT} == set()
    assert set(MEANT) - {check for check, _ in found} == set()


def findings(folder: Path) -> set[tuple[str, str]]:
    """Return (check, resource) of all that failed."""
    command = [sys.executable, "-m", "checkov.main", "--directory", str(folder), "--framework", "kubernetes", "--skip-download"]
    env = {**os.environ, "PYTHONPATH": str(installed()), "LOG_LEVEL": "ERROR"}
    done = subprocess.run([*command, "--compact", "--quiet", "--output", "json"], env=env, capture_output=True, text=True, cwd=folder)
    report = json.loads(done.stdout)
    assert report["summary"]["parsing_errors"] == 0, report["results"].get("parsing_errors")
    return {(check["check_id"], check["resource"]) for check in report["results"]["failed_checks"]}


@functools.cache
def installed() -> Path:
    """Return a folder with checkov and all it needs, installed on first use: 300 MB that nobody should have in their environment."""
    key = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    place = cache_folder() / f"checkov-{key}"
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / "checkov.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            _install(place)
    return place


def _install(place: Path) -> None:
    unfinished = place.with_name(f"{place.name}.{os.getpid()}")
    pip = next((ROOT / "scripts" / "bootstrap").glob("pip-*.whl")) / "pip"
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--only-binary", ":all:"]
    command = [sys.executable, str(pip), "install", *options, "--target", str(unfinished), "--requirement", str(LOCK)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    unfinished.rename(place)
