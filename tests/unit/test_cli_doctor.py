"""What doctor finds on a host, each with what to do: files of keys that others read, ports that are taken, and no stack at all."""

import socket
from pathlib import Path

import pytest

from memesnipe.cli import host_checks
from memesnipe.cli.host_checks import host_findings, key_files, ports, versions
from memesnipe.dashboard.facts import Lag, StreamFacts
from memesnipe.live_check.finding import Status


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEMESNIPE_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("MEMESNIPE_REDIS_URL", raising=False)
    return tmp_path


def a_key(data: Path, mode: int) -> Path:
    path = data / "keys" / "redis" / "cli"
    path.parent.mkdir(parents=True)
    path.write_text("secret")
    path.chmod(mode)
    return path


def test_a_key_that_others_may_read_is_named_with_the_command_and_without_its_content(data: Path) -> None:
    path = a_key(data, 0o644)

    found = key_files(data)

    assert (found.status, str(path) in found.found, f"chmod 600 {path}" in found.fix) == (Status.FAIL, True, True)
    assert "secret" not in found.found + found.fix


def test_keys_that_are_their_owners_alone_are_well(data: Path) -> None:
    a_key(data, 0o600)

    assert key_files(data).status is Status.OK


def test_a_port_that_another_program_has_is_told_before_the_start_fails(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("MEMESNIPE_DASHBOARD_PORT", str(taken.getsockname()[1]))
        found = ports(data)

    assert (found.status, "MEMESNIPE_DASHBOARD_PORT" in found.fix) == (Status.WARN, True)


def test_what_is_installed_here_is_enough(data: Path) -> None:
    assert versions().status is Status.OK


def test_where_nothing_runs_services_and_lag_are_unseen_and_nothing_passes_for_good(data: Path) -> None:
    found = {f"{one.area}: {one.check}": one.status for one in host_findings(data)}

    assert (found["services: ready"], found["streams: lag"], found["host: key files"]) == (Status.UNSEEN,) * 3


def test_a_lag_that_redis_cannot_tell_does_not_pass_for_none(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = StreamFacts(lags=(Lag("orders:approved", "wallet_guard", -1, 0),))
    monkeypatch.setenv("MEMESNIPE_REDIS_URL", "redis://nobody")
    monkeypatch.setattr(host_checks, "streams_now", lambda _found: seen)

    found = {check: one for _, check, one in host_checks.streams(data)}

    assert (found["lag"].status, "1 of 1 groups" in found["lag"].found) == (Status.UNSEEN, True)
