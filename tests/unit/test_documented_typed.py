"""A command of a page, run in this process: it leaves nothing of its own behind."""

from pathlib import Path

import pytest

from memesnipe.kernel.logs import logger
from memesnipe.testing.documented.typed import run


def test_what_is_logged_after_a_command_is_not_lost_in_what_it_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = run("memesnipe completion bash", tmp_path, {})

    logger().warning("heard_again")

    said = capsys.readouterr()
    assert answer.code == 0, answer.said
    assert "heard_again" in said.out + said.err
