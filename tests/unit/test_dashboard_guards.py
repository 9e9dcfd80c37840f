"""Who may write from the page, and what every answer carries."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from memesnipe.dashboard.app import make_app
from memesnipe.dashboard.commands import CloseAsked, HaltAsked
from memesnipe.dashboard.door import Door
from memesnipe.kernel.errors import Refused, Unavailable
from memesnipe.kernel.health import Health
from memesnipe.kernel.hosts import is_loopback
from memesnipe.kernel.reasons import ReasonCode

HALT = b'{"state":"halted","scope":"*","reason":"test"}'


class Asked:
    """Stands in for the bus: keeps what was asked, fails when told to."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.asked: list[HaltAsked | CloseAsked] = []
        self._failure = failure

    def halt(self, asked: HaltAsked) -> None:
        if self._failure:
            raise self._failure
        self.asked.append(asked)

    def close(self, asked: CloseAsked) -> None:
        self.asked.append(asked)


class Feed:
    """Stands in for the feed: one picture, one place."""

    def __init__(self) -> None:
        self.places = 1

    def newest(self) -> bytes:
        return b'{"time_ms":1}'

    def take_place(self) -> bool:
        self.places -= 1
        return self.places >= 0

    def give_back(self) -> None:
        self.places += 1

    def pictures(self, may_see: Callable[[], bool]) -> list[bytes]:
        assert may_see()
        return [b"data: {}\n\n"]


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def client(asked: Asked) -> FlaskClient:
    return make_app(Feed(), None, asked, Health("dashboard"), Door("", frozenset(), lambda: 0.0)).test_client()  # type: ignore[arg-type]


def token_of(client: FlaskClient) -> str:
    page = client.get("/", base_url="http://127.0.0.1:8080").get_data(as_text=True)
    return page.partition('name="csrf-token" content="')[2].partition('"')[0]


def post(client: FlaskClient, path: str = "/api/halt", body: bytes = HALT, **changes: Any) -> TestResponse:
    base, token = changes.pop("base_url", "http://127.0.0.1:8080"), changes.pop("token", None)
    headers = {"Origin": changes.pop("origin", base), "X-CSRF-Token": token_of(client) if token is None else token}
    return client.post(path, data=body, base_url=base, headers=headers, **changes)


def test_the_page_itself_may_halt(client: FlaskClient, asked: Asked) -> None:
    assert post(client).status_code == 200
    assert [one.state.value for one in asked.asked if isinstance(one, HaltAsked)] == ["halted"]


@pytest.mark.parametrize(
    "changes",
    [
        {"token": ""},
        {"token": "guessed"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"base_url": "http://evil.example:8080"},
        {"environ_base": {"REMOTE_ADDR": "192.168.1.7"}},
    ],
    ids=["no token", "wrong token", "other origin", "null origin", "rebound name", "other machine"],
)
def test_a_stranger_may_not_halt(client: FlaskClient, asked: Asked, changes: dict[str, Any]) -> None:
    assert post(client, **changes).status_code == 403
    assert asked.asked == []


def test_another_machine_is_given_no_token(client: FlaskClient) -> None:
    answer = client.get("/", base_url="http://10.0.0.5:8080", environ_base={"REMOTE_ADDR": "10.0.0.9"})

    assert answer.status_code == 403
    assert "MEMESNIPE_DASHBOARD_PASSWORD_FILE" in answer.get_json()["detail"]
    assert "csrf" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"state":"gone"}', b'{"state":"halted","scope":"a b"}', b'{"state":"halted","more":1}', b'{"state":NaN}', b"[" * 3_000],
)
def test_a_bad_body_is_named_and_not_acted_on(client: FlaskClient, asked: Asked, body: bytes) -> None:
    answer = post(client, body=body)

    assert (answer.status_code, bool(answer.get_json()["detail"])) == (400, True)
    assert asked.asked == []


def test_a_long_body_is_refused(client: FlaskClient, asked: Asked) -> None:
    assert post(client, body=b" " * 5_000).status_code == 413
    assert asked.asked == []


def test_frozen_is_refused_with_the_command_that_works() -> None:
    frozen = Asked(Refused(ReasonCode.FROZEN, "memesnipe resume --frozen"))
    client = make_app(Feed(), None, frozen, Health("dashboard"), Door("", frozenset(), lambda: 0.0)).test_client()  # type: ignore[arg-type]

    assert "--frozen" in post(client).get_json()["detail"]


def test_an_unknown_outcome_is_not_called_a_failure() -> None:
    away = Asked(Unavailable("redis", "gone"))
    client = make_app(Feed(), None, away, Health("dashboard"), Door("", frozenset(), lambda: 0.0)).test_client()  # type: ignore[arg-type]

    answer = post(client)

    assert (answer.status_code, "NOT known" in answer.get_json()["detail"]) == (503, True)


@pytest.mark.parametrize("path", ["/", "/api/snapshot", "/metrics", "/healthz", "/health", "/readyz", "/nothing", "/static/page.js"])
def test_every_answer_carries_the_security_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers

    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_page_has_no_inline_script_or_style_and_asks_no_third_party(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)

    assert "style=" not in page
    assert "onclick" not in page
    assert "//" not in page.replace("<!doctype html>", "")


def test_one_page_too_many_is_told_to_come_again(client: FlaskClient) -> None:
    with client.get("/events"):
        assert client.get("/events").status_code == 503


def test_a_page_that_leaves_gives_its_place_back(client: FlaskClient) -> None:
    client.get("/events").close()

    assert client.get("/events").status_code == 200


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("127.8.8.8", True),
        ("localhost.evil.example", False),
        ("0.0.0.0", False),
        ("", False),
    ],
)
def test_loopback_is_an_address_not_a_likeness(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
