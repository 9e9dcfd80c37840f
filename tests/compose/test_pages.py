"""Every `docker …` of the pages, typed as it stands into a shell beside the running stack, in the order of the pages."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from memesnipe.testing.cluster.tools import tool
from memesnipe.testing.documented.table import COMPOSE, NAMED, help_of, share_of
from memesnipe.testing.images.compose import ComposeStack

DOCKER = """#!/bin/sh
[ "$1" != compose ] || { shift; exec %s "$@"; }
PATH=${PATH#*:} exec docker "$@"
"""
FOLLOWED_S = 5
"""A command that follows something is stopped after so long, and has gone well if it was still at it."""


@pytest.fixture(scope="module")
def programs(stack: ComposeStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a `docker` that has `compose`, as a person's has. What the pages halted goes on afterwards."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "docker").write_text(DOCKER % shlex.quote(str(tool("compose"))))
    (folder / "docker").chmod(0o755)
    yield folder
    stack.must("run", "--rm", "cli", "resume", "--yes", "--reason", "the pages were tried")


@pytest.mark.parametrize("command", share_of(COMPOSE))
def test_a_command_of_a_page_does_what_the_page_says(stack: ComposeStack, programs: Path, command: str) -> None:
    typed = help_of(command)[0] if command in NAMED else re.sub(r"\bSERVICE\b", "executor", command)
    follows = " logs -f " in typed
    given = {**os.environ, **stack.address, "PATH": f"{programs}:{os.environ['PATH']}"}

    words = ["timeout", str(FOLLOWED_S if follows else 120), "bash", "-o", "pipefail", "-c", typed]
    ran = subprocess.run(words, cwd=stack.folder, env=given, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=150)

    if "| grep " in typed:
        assert (ran.returncode in (0, 1), ran.stderr) == (True, "")  # nothing to be found is no mistake of the page's
    else:
        assert ran.returncode == (124 if follows else 0), ran.stdout + ran.stderr
