"""The command line explains itself: every command has one line, the page is made from the parser, the shells get their scripts."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from memesnipe.cli import manual
from memesnipe.cli.commands import app
from memesnipe.cli.page import render

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "scipy", "sqlalchemy", "redis", "pydantic", "flask", "httpx", "apprise", "kopf", "solders", "yaml")


def test_the_reference_page_says_what_the_parser_says() -> None:
    page = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")

    assert page == render(), "renew it: python -m memesnipe.cli.page > docs/reference/cli.md"


def test_the_manual_has_a_line_for_each_command_and_says_every_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")

    said = CliRunner().invoke(app, ["--help"]).output

    lines = {line.split()[1]: line for line in said.splitlines() if line.startswith("│ ") and len(line.split()) > 2}
    shown = [name for name, command in get_command(app).commands.items() if not command.hidden]  # type: ignore[attr-defined] # a group
    assert [name for name in shown if name not in lines] == []
    assert all(f"  {code}" in said for code, _ in manual.EXIT_CODES)
    assert all(title in said for title, _ in manual.CHAPTERS)


def test_at_80_columns_a_command_to_copy_stands_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    said = CliRunner().invoke(app, ["--help"]).output

    assert all(command in said for command, _ in manual.EXAMPLES)
    assert all(command in said for _, command in manual.WHERE)


def test_the_version_is_the_one_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    said = CliRunner().invoke(app, ["--version"])

    assert (said.exit_code, said.output) == (0, f"memesnipe {project['version']}\n")


@pytest.mark.parametrize(
    "name", ["status", "positions", "report", "reconcile", "close", "kill", "resume", "doctor", "notify", "allocations"]
)
def test_what_shows_something_has_json_as_a_flag(name: str) -> None:
    (option,) = [one for one in get_command(app).commands[name].params if "--json" in one.opts]  # type: ignore[attr-defined] # a group

    assert option.is_flag


def test_every_command_stands_in_a_panel() -> None:
    commands = get_command(app).commands.values()  # type: ignore[attr-defined] # a group

    assert {command.rich_help_panel for command in commands if not command.hidden} == set(manual.PANELS)


def test_help_loads_nothing_that_takes_long() -> None:
    code = "import sys, memesnipe.cli.commands; print([name for name in sys.argv[1:] if name in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", code, *HEAVY], capture_output=True, text=True, check=True).stdout

    assert loaded.strip() == "[]"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_a_script_that_asks_this_program(shell: str) -> None:
    said = CliRunner().invoke(app, ["completion", shell], prog_name="memesnipe")

    assert said.exit_code == 0
    assert "_MEMESNIPE_COMPLETE" in said.output


def test_a_shell_that_asks_gets_commands_and_options() -> None:
    def completed(words: str, position: int) -> list[str]:
        env = {"COMP_WORDS": words, "COMP_CWORD": str(position), "_MEMESNIPE_COMPLETE": "complete_bash", "PATH": "/usr/bin:/bin"}
        return subprocess.run([sys.executable, "-m", "memesnipe"], capture_output=True, text=True, env=env).stdout.split()

    assert (completed("memesnipe or", 1), completed("memesnipe kill --fr", 2)) == (["orders"], ["--freeze"])
