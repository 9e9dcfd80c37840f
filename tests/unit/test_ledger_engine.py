"""Where the ledger is: an address that cannot be used is one sentence, whoever asks."""

import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from memesnipe.cli.commands import app
from memesnipe.kernel.errors import ConfigError
from memesnipe.ledger.engine import ledger_url, open_engine
from memesnipe.supervisor.settings import UpSettings
from memesnipe.supervisor.unprotected import warning

ROOT = Path(__file__).parents[2]
POSTGRES = "postgresql://memesnipe@127.0.0.1:1/none"
NEEDED_ON_A_HOST = {
    "DATABASE_URL": "psycopg-binary",
    "MEMESNIPE_NOTIFY_URLS_FILE": "apprise",
    "MEMESNIPE_OTLP_URL": "opentelemetry-proto",
    "MEMESNIPE_DASHBOARD_PORT": "flask",
}
"""What docs/howto/one-host.md offers by a variable, and the package that does it."""


@pytest.fixture
def without_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.setenv("DATABASE_URL", POSTGRES)


def test_a_driver_that_is_not_installed_is_a_word_and_no_traceback(without_driver: None) -> None:
    with pytest.raises(ConfigError, match=r"pip install 'memesnipe\[postgres\]'"):
        open_engine(ledger_url("", POSTGRES))


@pytest.mark.parametrize("words", [("orders", "list"), ("orders", "show", "abcd"), ("report",), ("allocations",)], ids=" ".join)
def test_a_command_without_the_driver_says_what_to_install(without_driver: None, words: tuple[str, ...]) -> None:
    said = CliRunner().invoke(app, list(words))

    assert "memesnipe[postgres]" in str(said.exception)
    assert isinstance(said.exception, ConfigError)


def test_a_start_without_the_driver_says_what_to_install(without_driver: None, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="PostgreSQL"):
        warning(UpSettings(data_dir=str(tmp_path), database_url=POSTGRES))


@pytest.mark.parametrize(("variable", "package"), NEEDED_ON_A_HOST.items())
def test_set_up_installs_what_a_documented_variable_needs(variable: str, package: str) -> None:
    page = (ROOT / "docs" / "howto" / "one-host.md").read_text(encoding="utf-8")
    locked = re.findall(r"^([\w.-]+)==", (ROOT / "requirements-up.lock").read_text(), re.MULTILINE)

    assert f"`{variable}`" in page
    assert package in locked
