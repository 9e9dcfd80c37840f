"""What is said of what we install: SBOMs by role, licences, and the release's notes, each from one place."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def script(name: str) -> ModuleType:
    """Return a script of the checkout as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with every SBOM and report, made by the real generator of the environment that runs this."""
    supply = script("supply_chain")
    folder = tmp_path_factory.mktemp("supply")
    assert supply.sbom(folder) == 0
    return folder


def sbom(made: Path, role: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((made / f"{role}.cdx.json").read_text(encoding="utf-8"))
    return found


def test_the_signers_sbom_names_every_package_of_its_lock_file_and_no_other(made: Path) -> None:
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "requirements-signer.lock").read_text(), re.MULTILINE))

    listed = {re.sub(r"[-_.]+", "-", one["name"]).lower(): one["version"] for one in sbom(made, "signer")["components"]}

    assert listed == locked


@pytest.mark.parametrize("role", ["signer", "runtime", "operator", "research", "allocator", "up", "dev"])
def test_an_sbom_is_cyclonedx_and_every_tie_in_it_leads_to_something_in_it(made: Path, role: str) -> None:
    found = sbom(made, role)

    refs = {one["bom-ref"] for one in found["components"]} | {found["metadata"]["component"]["bom-ref"]}
    assert found["bomFormat"] == "CycloneDX"
    assert {ref for tie in found["dependencies"] for ref in (tie["ref"], *tie["dependsOn"])} <= refs


def test_a_licence_report_has_a_row_for_each_package(made: Path) -> None:
    report = (made / "signer-licences.md").read_text(encoding="utf-8")

    assert "| h11 | " in report
    assert report.count("\n| ") == len(sbom(made, "signer")["components"]) + 1


def test_chart_and_changelog_have_the_version_of_the_project() -> None:
    notes = script("release_notes")
    chart = (ROOT / "charts" / "memesnipe" / "Chart.yaml").read_text(encoding="utf-8")

    assert re.findall(r'^(?:version|appVersion): "?([^"\n]+)', chart, re.MULTILINE) == [notes.version()] * 2
    assert notes.notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), notes.version())


def test_a_version_without_notes_cannot_be_released() -> None:
    notes = script("release_notes")

    with pytest.raises(LookupError, match=r"no notes for 2\.0"):
        notes.notes("## 1.0\n\n- first\n", "2.0")


def test_the_release_notes_end_where_the_next_version_begins() -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts" / "release_notes.py"], capture_output=True, text=True, check=True)

    assert done.stdout.startswith("### Added")
    assert "\n## " not in done.stdout
