"""A new strategy loads and passes its own test as it is written, and a bad name writes nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from memesnipe.kernel.errors import ConfigError
from memesnipe.manifests.models import StrategySpecModel
from memesnipe.manifests.reading import parse
from memesnipe.messages.bounds import Mode
from memesnipe.scaffold.strategy import create
from memesnipe.strategy.document import SECTIONS, shortcomings
from memesnipe.strategy.loading import load

ROOT = Path(__file__).parents[2]


def test_module_manifest_document_and_test_are_written(tmp_path: Path) -> None:
    written = create("dip-buyer", tmp_path / "mine")

    assert sorted(path.name for path in written) == ["dip_buyer.md", "dip_buyer.py", "dip_buyer.yaml", "test_dip_buyer.py"]
    assert all(path.is_file() for path in written)


def test_the_generated_test_passes_at_once(tmp_path: Path) -> None:
    create("dip-buyer", tmp_path)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)], capture_output=True, cwd=tmp_path
    )

    assert done.returncode == 0, done.stdout.decode()
    assert b"5 passed" in done.stdout


def test_the_generated_code_is_clean(tmp_path: Path) -> None:
    create("dip-buyer", tmp_path)
    ruff = [sys.executable, "-m", "ruff"]
    config = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]

    lint = subprocess.run([*ruff, "check", *config, tmp_path / "dip_buyer.py"], capture_output=True)
    form = subprocess.run([*ruff, "format", "--check", *config, tmp_path], capture_output=True)

    assert (lint.returncode, form.returncode) == (0, 0), lint.stdout.decode() + form.stdout.decode()


def test_the_generated_strategy_loads_by_its_file(tmp_path: Path) -> None:
    create("dip-buyer", tmp_path)

    assert load("dip-buyer", [tmp_path]).kind.__name__ == "DipBuyer"


def test_the_generated_manifest_runs_the_generated_strategy_on_paper(tmp_path: Path) -> None:
    create("dip-buyer", tmp_path)
    plugin = load("dip-buyer", [tmp_path])

    [manifest] = parse((tmp_path / "dip_buyer.yaml").read_bytes(), "test")

    assert isinstance(manifest.spec, StrategySpecModel)
    assert (manifest.spec.strategy, manifest.spec.mode) == ("dip-buyer", Mode.PAPER)
    plugin.kind.parameters.model_validate(manifest.spec.parameters)


def test_the_generated_document_is_the_template_and_still_to_be_filled_in(tmp_path: Path) -> None:
    create("dip-buyer", tmp_path)

    text = (tmp_path / "dip_buyer.md").read_text()

    assert text.startswith("# dip-buyer\n")
    assert len(shortcomings(text)) == len(SECTIONS)


def test_the_template_that_is_copied_is_the_one_in_the_docs() -> None:
    packaged = ROOT / "runtime" / "memesnipe" / "scaffold" / "templates" / "document.md"

    assert packaged.read_text() == (ROOT / "docs" / "STRATEGY_TEMPLATE.md").read_text()


NOT_IDS = ["", "-", "a-", "-a", "Dip", "dip_buyer", "dip buyer", "../dip", "dip/buyer", "dip.buyer", "dip\n", "a" * 64, "d\u0456p"]
NOT_MODULES = ["class", "match", "import", "None", "7up", "test-me", "conftest"]
TAKEN = ["momentum", "launch-sniper"]


@pytest.mark.parametrize("name", [*NOT_IDS, *NOT_MODULES, *TAKEN])
def test_a_name_that_cannot_be_a_strategy_writes_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        create(name, tmp_path / "mine")

    assert not (tmp_path / "mine").exists()


def test_what_exists_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "dip_buyer.md").write_text("mine")

    with pytest.raises(ConfigError, match=r"dip_buyer\.md"):
        create("dip-buyer", tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["dip_buyer.md"]
