"""`memesnipe notify`, and what `memesnipe up` hands on: a wrong address is found in time, and one process alone is told of the file."""

import json
import logging
from pathlib import Path

import pytest
from typer.testing import CliRunner

from memesnipe.cli.commands import app
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.settings import load
from memesnipe.supervisor import plan
from memesnipe.supervisor.plan import NOTIFIER, STAGES, Surroundings
from memesnipe.supervisor.settings import UpSettings
from memesnipe.testing.chats import SECRET, Chat

USERS = {name: f"redis://{name}" for name in ("default", NOTIFIER, *STAGES)}
URLS = "MEMESNIPE_NOTIFY_URLS_FILE"


def around(replay: str = "") -> Surroundings:
    return Surroundings(USERS, "http://rpc", "ws://rpc", "http://jup", 8091, "w", "w", replay)


def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *urls: str) -> None:
    file = tmp_path / "urls"
    file.write_text("\n".join(urls))
    file.chmod(0o600)
    monkeypatch.setenv(URLS, str(file))


def test_a_test_message_reaches_who_listens_and_says_who_did_not_take_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Chat() as chat:
        named(tmp_path, monkeypatch, chat.url, "json://127.0.0.1:1/nobody")
        said = CliRunner().invoke(app, ["notify", "--message", "hello"])

    assert (said.exit_code, [one["message"] for one in chat.told]) == (1, ["hello"])
    assert ("1-json" in said.output, "2-json" in said.output, SECRET in said.output) == (True, True, False)


def test_who_did_not_take_it_is_said_on_stderr_with_what_to_do_in_json_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named(tmp_path, monkeypatch, "json://127.0.0.1:1/nobody")

    said = CliRunner().invoke(app, ["notify", "--json"])

    assert (said.exit_code, json.loads(said.stdout)) == (1, {"1-json": False})
    assert said.stderr.count("\n") == 1
    assert f"look at address 1 of {tmp_path / 'urls'}" in said.stderr


def test_what_the_libraries_below_would_log_of_an_address_is_silenced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named(tmp_path, monkeypatch, "json://127.0.0.1:1/nobody")

    CliRunner().invoke(app, ["notify"])

    assert not any(logging.getLogger(name).isEnabledFor(logging.CRITICAL) for name in ("apprise", "urllib3", "urllib3.connectionpool"))


def test_without_a_file_it_says_which_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URLS, raising=False)

    said = CliRunner().invoke(app, ["notify"])

    assert isinstance(said.exception, ConfigError)
    assert str(said.exception).startswith(URLS)


@pytest.mark.parametrize(
    ("env", "replay", "runs"), [({}, "", False), ({URLS: "urls.txt"}, "", True), ({URLS: "urls.txt"}, "tape.parquet", False)]
)
def test_it_is_started_where_there_is_somebody_to_tell_and_never_in_a_replay(env: dict[str, str], replay: str, runs: bool) -> None:
    assert (NOTIFIER in plan.stages(load(UpSettings, env), around(replay))) is runs


def test_no_other_process_is_told_where_the_addresses_are() -> None:
    settings = load(UpSettings, {URLS: "urls.txt"})

    told = [name for name in plan.stages(settings, around()) if URLS in plan.stage(name, settings, around(), 1).env]

    assert told == [NOTIFIER]
