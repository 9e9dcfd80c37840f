"""Who does not answer holds up nobody: `memesnipe status` is asked when something is ill."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from memesnipe.cli import picture

SILENT = 24


@pytest.fixture
def silent_ports() -> Iterator[list[int]]:
    """Ports that take a connection and never say a word."""
    with ExitStack() as opened:
        yield [opened.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(SILENT)]


def test_services_that_hang_are_waited_for_together(silent_ports: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "REPLY_S_MAX", 0.5)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "services.json").write_text(json.dumps({f"executor:{port}": port for port in silent_ports}))
    started_s = time.monotonic()

    found = picture.services_of(tmp_path)

    assert [(one.service, one.ready) for one in found] == [(f"executor:{port}", False) for port in silent_ports]
    assert time.monotonic() - started_s < SILENT * 0.5 / 2
