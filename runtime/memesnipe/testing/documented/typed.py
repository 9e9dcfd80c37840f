"""A `memesnipe …` of a page, run as a person would run it in a checkout.

It is the real entry point in this process, so that a hundred commands take seconds.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog

from memesnipe.cli.main import main

_SETTING = re.compile(r"([A-Z][A-Z_0-9]*)=(.*)")
_MAY_BE_GIVEN = re.compile(r" \[([^\]]+)\]")


class Answer(NamedTuple):
    """What a command ended with."""

    code: int
    said: str
    """Both of its streams."""


def as_typed(text: str, stands_for: Mapping[str, str]) -> str:
    """Return the command with what stands for something put in; what may be left out, such as `[-s STRATEGY]`, is given."""
    plain = _MAY_BE_GIVEN.sub(r" \1", text.replace(" [OPTIONS]", "")).replace(".venv/bin/", "")
    for word, real in stands_for.items():
        plain = re.sub(rf"(?<![\w./-]){re.escape(word)}(?![\w/-]|\.\w)", lambda _, real=real: real, plain)  # type: ignore[misc]  # a default binds it
    return plain


def run(line: str, folder: Path, settings: Mapping[str, str]) -> Answer:
    """Run one `[NAME=value …] memesnipe …` in a folder, its output kept. Nothing of this process' own settings is seen by it."""
    words = shlex.split(re.split(r" (?:>>?) ", line)[0])
    given = dict(settings)
    while found := _SETTING.fullmatch(words[0]):
        given[found[1]] = found[2]
        words = words[1:]
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("MEMESNIPE_", "PAPER_"))]:
            patch.delenv(name)
        for name, value in given.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        patch.setattr(sys, "argv", words)
        patch.setattr(os, "execv", _beside)
        with _own_logs():
            return _answer_of(main)


@contextlib.contextmanager
def _own_logs() -> Iterator[None]:
    """A command sets up logging for its whole process; this one's next test must not find its lines in what that command said."""
    before = structlog.get_config()
    try:
        yield
    finally:
        structlog.configure(**before)


def _beside(program: str, words: list[str]) -> None:
    """Run what the command would become: this process must stay."""
    ran = subprocess.run(words, executable=program, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - a command of ours
    print(ran.stdout, ran.stderr)
    raise SystemExit(ran.returncode)


def _answer_of(command: Callable[[], None]) -> Answer:
    said = io.StringIO()
    code: object = 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            command()
        except SystemExit as ended:
            code = ended.code
    if isinstance(code, int | None):
        return Answer(code or 0, said.getvalue())
    return Answer(1, f"{said.getvalue()}{code}")
