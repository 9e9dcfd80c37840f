"""Every `docker …` of the pages, typed as it stands into a shell beside the running stack, in the order of the pages."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from memesnipe.testing.documented.shell import type_in
from memesnipe.testing.documented.table import COMPOSE, NAMED, help_of, share_of
from memesnipe.testing.images.compose import ComposeStack


@pytest.fixture(scope="module")
def checkout(stack: ComposeStack) -> Iterator[Path]:
    """A checkout in which the stack runs. What the pages halted goes on afterwards."""
    yield stack.folder
    stack.must("run", "--rm", "cli", "resume", "--yes", "--reason", "the pages were tried")


@pytest.mark.parametrize("command", share_of(COMPOSE))
def test_a_command_of_a_page_does_what_the_page_says(stack: ComposeStack, checkout: Path, command: str) -> None:
    typed = help_of(command)[0] if command in NAMED else re.sub(r"\bSERVICE\b", "executor", command)

    code, said = type_in(checkout, stack.env, typed)

    nothing_found = "| grep " in typed and (code, said) == (1, "")  # no mistake of the page's
    assert code == 0 or nothing_found, said
