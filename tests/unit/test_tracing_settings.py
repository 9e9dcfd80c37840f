"""Where traces go is said once, in words a person can act on, and what opens the collector's door is shown nowhere."""

import subprocess
import sys
from pathlib import Path

import pytest

from memesnipe.bus.api import Entry
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.settings import load
from memesnipe.supervisor import plan
from memesnipe.supervisor.settings import UpSettings
from memesnipe.testing.builders import a_fill
from memesnipe.tracing.backlog import Backlog, Book, behind, spans_in
from memesnipe.tracing.settings import TracingSettings, headers_in

KEY = "k3yOfTheCollector"


def settings(**env: str) -> TracingSettings:
    return load(TracingSettings, {f"MEMESNIPE_{name}": value for name, value in env.items()})


def a_file(folder: Path, text: str) -> Path:
    file = folder / "headers"
    file.write_text(text)
    file.chmod(0o600)
    return file


@pytest.mark.parametrize(
    "url", ["http://collector:4318/v1/traces", "https://traces.example.org/v1/traces", "http://[::1]:4318/v1/traces", "http://127.0.0.1:1/"]
)
def test_an_address_by_http_or_https_is_taken(url: str) -> None:
    assert settings(OTLP_URL=url).url() == url


@pytest.mark.parametrize(
    "url",
    [
        "", "collector:4318", "grpc://collector:4317", "file:///etc/passwd", "http://", "http://me:k3yOfTheCollector@host/v1/traces",
        "http://host:99999/", "http://host /v1", "http://host/\nX: y", "http://host/#k3yOfTheCollector",
    ],
)  # fmt: skip
def test_anything_else_is_one_clear_error_that_names_the_variable_and_does_not_repeat_it(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        settings(OTLP_URL=url).url()

    assert str(refused.value).startswith("MEMESNIPE_OTLP_URL: ")
    assert KEY not in str(refused.value)
    assert KEY not in repr(settings(OTLP_URL=url))


def test_headers_are_read_from_their_file(tmp_path: Path) -> None:
    file = a_file(tmp_path, f"# the vendor's\nX-Key: {KEY}\n\nAuthorization:Basic dXNlcjpwYXNz==\n")

    assert headers_in(file) == {"X-Key": KEY, "Authorization": "Basic dXNlcjpwYXNz=="}
    assert settings().headers() == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"X-Key {KEY}\n", "headers:1: must be a header"), (f"# one\nX Key: {KEY}\n", "headers:2: must be a header"),
        (f"X-Key: {KEY}\x00\n", "headers:1: must be a header"), (f"X-Key: {KEY}ü\n", "headers:1: must be a header"),
        ("X-Key:\n", "headers:1: must be a header"), ("# none\n", "holds no header"), ("A: b\n" * 17, "17 headers, want at most 16"),
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_is_told_by_its_line_without_what_stands_there(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        headers_in(a_file(tmp_path, text))

    assert said in str(refused.value)
    assert KEY not in str(refused.value)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = a_file(tmp_path, f"X-Key: {KEY}\n")
    file.chmod(0o644)

    with pytest.raises(ConfigError, match="chmod 600"):
        headers_in(file)


def test_a_ca_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="MEMESNIPE_OTLP_CA_FILE: /nowhere is no file"):
        settings(OTLP_CA_FILE="/nowhere").ca_file()


def entries(count: int, stream: str = "orders:fills:momentum") -> list[Entry]:
    return [Entry(stream, f"{number}-0", a_fill(), "momentum") for number in range(1, count + 1)]


def test_a_backlog_that_is_full_gives_up_the_oldest_and_says_which() -> None:
    backlog = Backlog(outcomes_max=3)

    gone = backlog.add(entries(5))

    assert [entry.id for entry in gone] == ["1-0", "2-0"]
    assert [entry.id for entry in backlog.batch()] == ["3-0", "4-0", "5-0"]
    assert len(spans_in(gone)) == 2


def test_reading_is_taken_up_behind_what_was_taken_on_each_stream_by_itself() -> None:
    book = behind(Book(after={"orders:fills:other": "7-0"}), entries(2))

    assert book.after == {"orders:fills:other": "7-0", "orders:fills:momentum": "2-0"}


def test_nothing_but_the_tracers_own_process_loads_the_library() -> None:
    code = "import sys, memesnipe.tracing.service, memesnipe.live_check.installation; print('google.protobuf' in sys.modules)"

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert ran.stdout.strip() == "False", ran.stderr


@pytest.mark.parametrize(("url", "replay", "runs"), [("", "", False), ("http://c/", "", True), ("http://c/", "tape.parquet", False)])
def test_it_is_started_where_a_collector_is_named_and_never_in_a_replay(url: str, replay: str, runs: bool) -> None:
    around = plan.Surroundings({}, "http://rpc", "ws://rpc", "http://jup", 8091, "w", "w", replay)

    assert (plan.TRACER in plan.stages(load(UpSettings, {"MEMESNIPE_OTLP_URL": url}), around)) is runs
