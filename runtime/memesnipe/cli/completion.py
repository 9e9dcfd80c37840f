"""`memesnipe completion`: the script that completes commands, options and their choices in a person's shell."""

import os
from enum import StrEnum
from typing import Annotated

import typer

VARIABLE = "_MEMESNIPE_COMPLETE"
"""By which a shell's script asks the program; typer reads it before any command runs."""


class Shell(StrEnum):
    """Which ones typer writes scripts for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def ready_for_completion() -> None:
    """Let typer's own classes answer where a shell asks: click's would not know what typer's scripts send."""
    if os.environ.get(VARIABLE):
        _register()


def completion(context: typer.Context, shell: Annotated[Shell, typer.Argument(help="bash, zsh or fish.", show_default=False)]) -> None:
    """Print the completion script of a shell: `eval "$(memesnipe completion bash)"`, or put it where the shell looks for such."""
    from typer.completion import show_callback

    _register()
    show_callback(context, context.command.params[0], shell.value)


def _register() -> None:
    """Register typer's completion classes: what it does by itself where `--show-completion` is among the options."""
    from typer.completion import get_completion_inspect_parameters

    get_completion_inspect_parameters()
