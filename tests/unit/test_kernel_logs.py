"""A log line is one JSON object in ASCII, never shows a secret, and never raises, whatever a stranger put into it."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from memesnipe.kernel import logs
from memesnipe.messages.bounds import Mode

Said = Callable[[], dict[str, Any]]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[Said]:
    """Configure as a service does; `said()` is the one line that was written."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    logs.configure("tested")

    def read() -> dict[str, Any]:
        (line,) = written.getvalue().splitlines()
        assert line.isascii()
        told: dict[str, Any] = json.loads(line)
        return told

    yield read
    structlog.reset_defaults()


def test_a_line_says_who_when_how_bad_and_what(said: Said) -> None:
    logs.logger().warning("refused", reason="halted", lamports=2**63, mode=Mode.LIVE, at=(1, 2))

    line = said()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "refused", "level": "warning", "service": "tested", "reason": "halted", "lamports": 2**63, "mode": "live", "at": [1, 2],
    }  # fmt: skip


@pytest.mark.parametrize("text", ["liv\u0435", "a\u200bb", "\u202eKNOB", "\ud800", "\x1b[2J", "a\nb", "\u009b2J"])
def test_what_a_stranger_wrote_comes_out_as_ascii(text: str, said: Said) -> None:
    logs.logger().info("said", text=text)

    assert said()["text"] == text


@pytest.mark.parametrize("value", [object(), {1: "a", (2,): "b"}, 10**40, float("inf"), b"\xff", {"deep": [{1, 2}]}])
def test_a_value_that_json_does_not_know_costs_no_exception(value: object, said: Said) -> None:
    logs.logger().info("odd", value=value)

    assert said()["event"] == "odd"


@pytest.mark.parametrize("key", ["api_key", "wallet_keypair", "Authorization", "seed_phrase"])
def test_a_secret_is_never_written(key: str, said: Said) -> None:
    logs.logger().info("careless", **{key: "hunter2"})

    assert said()[key] == "[redacted]"


def test_an_exception_is_written_with_its_trace(said: Said) -> None:
    try:
        json.loads("broken")
    except ValueError:
        logs.logger().exception("failed")

    line = said()
    assert (line["level"], "JSONDecodeError: Expecting value" in line["exception"]) == ("error", True)
