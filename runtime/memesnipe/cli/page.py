"""docs/reference/cli.md, made from the parser. `python -m memesnipe.cli.page > docs/reference/cli.md` renews it."""

import sys
from collections.abc import Iterator
from typing import Any

import typer

from memesnipe.cli import manual
from memesnipe.cli.commands import app
from memesnipe.cli.main import SERVICES

HEAD = """# The command line

Made from the parser by `python -m memesnipe.cli.page`; a test holds it against the code. `memesnipe --help` says the same in short, and
`memesnipe COMMAND --help` the whole of one command.

Every command that shows something has `--json`: one document on stdout and nothing else, sizes in lamports and token units, times in
nanoseconds. (`backtest` and `walkforward` take a file there.) An error is one line on stderr.

On a terminal too narrow for a table each row is a paragraph; in a pipe each row is one line, however long.
"""

SHELLS = """
## Completion

| shell | once |
|---|---|
| bash | `memesnipe completion bash >> ~/.bash_completion` |
| zsh | `memesnipe completion zsh > "${fpath[1]}/_memesnipe"` |
| fish | `memesnipe completion fish > ~/.config/fish/completions/memesnipe.fish` |
"""


def render() -> str:
    """Return the page as markdown."""
    codes = _table(("code", "means"), ((str(code), meaning) for code, meaning in manual.EXIT_CODES))
    parts = [
        HEAD, "\n## Exit codes\n\n", codes, "\n## Environment\n\n", _table(("variable", "for"), _coded(manual.ENVIRONMENT)),
        "\n## Where\n\n", _table(("where", "how"), ((where, f"`{how}`") for where, how in manual.WHERE)), SHELLS,
        "\n## Services\n\n`memesnipe NAME` runs one: ", ", ".join(f"`{name}`" for name in SERVICES), ".\n",
    ]  # fmt: skip
    for panel in manual.PANELS:
        parts += [f"\n## {panel}\n", *_of_panel(panel)]
    return "".join(parts)


def _of_panel(panel: str) -> Iterator[str]:
    root: Any = typer.main.get_command(app)
    for name, command in root.commands.items():
        if not command.hidden and command.rich_help_panel == panel:
            yield from _commands(name, command)


def _commands(name: str, command: Any) -> Iterator[str]:
    """A group's commands one by one: nobody runs the group itself."""
    if hasattr(command, "commands"):
        for below, one in command.commands.items():
            yield from _commands(f"{name} {below}", one)
        return
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]
    usage = " ".join([*(_metavar(one) for one in arguments), *(["[OPTIONS]"] if options else [])])
    yield f"\n### memesnipe {name}\n\n    memesnipe {name}{' ' + usage if usage else ''}\n\n{_flat(command.help)}\n"
    rows = [(f"`{_metavar(one)}`", _flat(one.help)) for one in arguments]
    rows += [(", ".join(f"`{flag}`" for flag in one.opts), _flat(one.help) + _default(one)) for one in options]
    if rows:
        yield "\n" + _table(("what", "means"), rows)


def _metavar(argument: Any) -> str:
    name = argument.name.upper()
    return name if argument.required else f"[{name}]"


def _default(option: Any) -> str:
    value = option.default
    shown = value not in (None, "", False) and not callable(value)
    return f" Default: `{getattr(value, 'value', value)}`." if shown else ""


def _flat(text: str | None) -> str:
    """One line of markdown: paragraphs of a docstring, joined."""
    return " ".join((text or "").split())


def _coded(pairs: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    return ((f"`{name}`", meaning) for name, meaning in pairs)


def _table(heads: tuple[str, str], rows: Any) -> str:
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(heads)} |", "|---|---|", *lines]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render())
