"""Commands in the documentation are ones that exist: the real parser takes every `memesnipe` of a page, and every `make` names a target."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import typer

from memesnipe.cli.commands import app
from memesnipe.cli.main import SERVICES

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted((ROOT / "docs").rglob("*.md"))
PAGES += sorted((ROOT / "strategies").rglob("*.md"))
BLOCK = re.compile(r"^```[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^(?: {4}|\t)(.*)$", re.MULTILINE)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
START = re.compile(r"^(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?(memesnipe|make) (.*)$")
LEFT_OUT = {"...", "…"}
"""What a page writes where a reader knows what goes there: the rest of the command is held against the parser all the same."""


class Command(NamedTuple):
    """A command as a page writes it."""

    page: Path
    program: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.program} {' '.join(self.words)}"


def commands() -> Iterator[Command]:
    """Yield every command, once a page."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = "\n".join([*BLOCK.findall(text), *INDENTED.findall(BLOCK.sub("", text))]).replace("\\\n", " ")
        for line in dict.fromkeys([*blocks.splitlines(), *INLINE.findall(BLOCK.sub("", text))]):
            if (found := START.match(line.strip())) is not None:
                yield Command(page, found[1], _words(found[2]))


def _words(line: str) -> tuple[str, ...]:
    line = re.split(r"\s(?:&&|\|\||\||;|>|&)\s", line)[0]
    return tuple(word for word in shlex.split(line, comments=True) if word not in LEFT_OUT)


def parsed(words: list[str]) -> None:
    """Let the real parser take it, without running it. Raises click.UsageError."""
    at: Any = typer.main.get_command(app)
    context = click.Context(at, info_name="memesnipe")
    while hasattr(at, "commands") and words:
        name, *words = words
        if name == "--help" or name.isupper():  # a page's word for any command
            return
        at = at.commands.get(name)
        if at is None:
            raise click.UsageError(f"no command {name!r}")
        context = click.Context(at, info_name=name, parent=context)
    if at.context_settings.get("ignore_unknown_options"):  # it hands them on to a parser of its own
        return
    for option in (word.partition("=")[0] for word in words if word.startswith("-") and not re.fullmatch(r"-\d+", word)):
        if option not in {name for parameter in at.params for name in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}:
            raise click.UsageError(f"{at.name} has no option {option}")


ALL = list(commands())


def test_the_pages_show_commands() -> None:
    assert len([one for one in ALL if one.program == "memesnipe"]) > 60


@pytest.mark.parametrize("command", [one for one in ALL if one.program == "memesnipe"], ids=str)
def test_a_command_of_a_page_is_one_that_the_parser_takes(command: Command) -> None:
    if command.words and command.words[0] in SERVICES:
        return
    try:
        parsed(list(command.words))
    except click.UsageError as error:
        pytest.fail(f"{command}: {error.message}")


def test_every_make_of_a_page_names_a_target() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {(str(one), word) for one in ALL if one.program == "make" for word in one.words[:1] if re.fullmatch(r"[a-z-]+", word)}

    assert len(named) > 10
    assert [command for command, target in sorted(named) if target not in targets] == []
