"""Who gets to see the page from elsewhere: whoever knows the password, for a while, and nobody by guessing."""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from memesnipe.dashboard.app import make_app
from memesnipe.dashboard.door import (
    ALL_TRIES_PER_MINUTE_MAX,
    COOKIE,
    SESSION_S,
    SESSIONS_MAX,
    TRIES_PER_MINUTE_MAX,
    Door,
    password_of,
    peers_of,
)
from memesnipe.kernel.errors import ConfigError, Refused
from memesnipe.kernel.health import Health

PASSWORD = "correct horse battery"
ELSEWHERE: dict[str, Any] = {"base_url": "http://10.0.0.5:8080", "environ_base": {"REMOTE_ADDR": "10.0.0.9"}}


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Feed:
    """Stands in for the feed: one picture."""

    def newest(self) -> bytes:
        return b'{"time_ms":1}'


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(clock: Clock) -> FlaskClient:
    door = Door(PASSWORD, frozenset({"172.30.0.1"}), clock)
    return make_app(Feed(), None, None, Health("dashboard"), door).test_client()  # type: ignore[arg-type] # nobody commands here


def sign_in(client: FlaskClient, password: str = PASSWORD, origin: str = "http://10.0.0.5:8080", peer: str = "10.0.0.9") -> TestResponse:
    where = ELSEWHERE | {"environ_base": {"REMOTE_ADDR": peer}}
    return client.post("/api/sign-in", json={"password": password}, headers={"Origin": origin}, **where)


def sees(client: FlaskClient, **where: Any) -> bool:
    return client.get("/api/snapshot", **(where or ELSEWHERE)).status_code == 200


def test_a_stranger_is_shown_where_to_sign_in_and_nothing_else(client: FlaskClient) -> None:
    page = client.get("/", **ELSEWHERE)

    assert page.status_code == 401
    assert 'id="password"' in page.get_data(as_text=True)
    assert not sees(client)
    assert client.get("/events", **ELSEWHERE).status_code == 401


def test_the_password_opens_and_the_cookie_is_out_of_reach_of_scripts_and_other_sites(client: FlaskClient) -> None:
    answer = sign_in(client)

    assert sees(client)
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Strict" in answer.headers["Set-Cookie"]


def test_behind_tls_the_cookie_goes_back_over_tls_alone(client: FlaskClient) -> None:
    assert "Secure" in sign_in(client, origin="https://10.0.0.5:8080").headers["Set-Cookie"]


@pytest.mark.parametrize("password", ["", "wrong horse battery", PASSWORD + " ", "\udcff"])
def test_another_password_opens_nothing(client: FlaskClient, password: str) -> None:
    assert sign_in(client, password).status_code in (400, 403)
    assert not sees(client)


def test_another_site_cannot_sign_in_for_its_reader(client: FlaskClient) -> None:
    assert sign_in(client, origin="http://evil.example").status_code == 403


def test_guessing_stops_after_a_few_tries_a_minute_and_the_password_waits_too(client: FlaskClient, clock: Clock) -> None:
    for _ in range(TRIES_PER_MINUTE_MAX):
        sign_in(client, "guess")

    assert sign_in(client).status_code == 403
    clock.now_s += 61
    assert sign_in(client).status_code == 200


def test_who_guesses_closes_the_door_to_himself_and_not_to_the_one_who_knows(client: FlaskClient) -> None:
    for _ in range(TRIES_PER_MINUTE_MAX + 1):
        sign_in(client, "guess", peer="10.0.0.66")

    assert sign_in(client).status_code == 200


def test_who_guesses_from_many_addresses_gets_no_more_than_all_peers_may(clock: Clock) -> None:
    door = Door(PASSWORD, frozenset(), clock)
    for number in range(ALL_TRIES_PER_MINUTE_MAX):
        with pytest.raises(Refused, match="not the password"):
            door.sign_in("guess", f"10.0.1.{number}")

    with pytest.raises(Refused, match="too many tries"):
        door.sign_in("guess", "10.0.2.1")


def test_signing_in_again_and_again_with_the_password_is_no_guessing(client: FlaskClient) -> None:
    assert {sign_in(client).status_code for _ in range(TRIES_PER_MINUTE_MAX + 1)} == {200}


def test_a_session_ends_after_its_time(client: FlaskClient, clock: Clock) -> None:
    sign_in(client)

    clock.now_s += SESSION_S + 1

    assert not sees(client)


def test_signing_out_ends_the_session_itself_not_the_cookie_alone(client: FlaskClient) -> None:
    secret = sign_in(client).headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    token = client.get("/", **ELSEWHERE).get_data(as_text=True).partition('name="csrf-token" content="')[2].partition('"')[0]

    client.post("/api/sign-out", headers={"Origin": ELSEWHERE["base_url"], "X-CSRF-Token": token}, **ELSEWHERE)
    client.set_cookie("memesnipe_session", secret, domain="10.0.0.5")

    assert not sees(client)


def test_the_gateway_of_a_container_network_counts_as_this_machine_by_its_own_name_alone(client: FlaskClient) -> None:
    gateway = {"environ_base": {"REMOTE_ADDR": "172.30.0.1"}}

    assert sees(client, base_url="http://localhost", **gateway)
    assert not sees(client, base_url="http://rebound.example", **gateway)


@pytest.mark.parametrize("path", ["/healthz", "/static/page.css"])
def test_probes_and_styles_need_no_password(client: FlaskClient, path: str) -> None:
    assert client.get(path, **ELSEWHERE).status_code != 401


def test_what_strategies_earned_is_told_to_who_is_let_in_alone(client: FlaskClient) -> None:
    assert client.get("/metrics", **ELSEWHERE).status_code == 401
    sign_in(client)
    assert client.get("/metrics", **ELSEWHERE).status_code == 200


def test_the_oldest_session_goes_when_there_are_too_many(clock: Clock) -> None:
    door = Door(PASSWORD, frozenset(), clock)
    client = make_app(Feed(), None, None, Health("dashboard"), door).test_client()  # type: ignore[arg-type] # nobody commands here
    sign_in(client)

    for _ in range(SESSIONS_MAX):
        door.sign_in(PASSWORD, "10.0.0.10")

    assert not sees(client)


def test_a_short_password_a_missing_file_and_a_name_for_an_address_are_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("hunter2\n")

    for path in (tmp_path / "short", tmp_path / "none"):
        with pytest.raises(ConfigError, match="MEMESNIPE_DASHBOARD_PASSWORD_FILE"):
            password_of(str(path))
    with pytest.raises(ConfigError, match=r"MEMESNIPE_DASHBOARD_TRUSTED_PEERS: 'gateway' is not an IP address"):
        peers_of("127.0.0.1, gateway")


def test_the_password_is_read_without_its_lines_end(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")

    assert password_of(str(tmp_path / "password")) == PASSWORD


@pytest.mark.parametrize(("host", "origin"), [("not a host", None), ("not a host", "null"), ("10.0.0.5:8080", "http://[")])
def test_no_origin_passes_for_the_pages_own_where_the_host_is_none(client: FlaskClient, host: str, origin: str | None) -> None:
    headers = {"Host": host} | ({"Origin": origin} if origin is not None else {})

    answer = client.post("/api/sign-in", json={"password": PASSWORD}, headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.9"})

    assert (answer.status_code, COOKIE in answer.headers.get("Set-Cookie", "")) == (403, False)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_who_comes_through_a_proxy_on_this_machine_is_not_at_this_machine(client: FlaskClient, header: str) -> None:
    assert client.get("/api/snapshot").status_code == 200
    assert client.get("/api/snapshot", headers={header: "203.0.113.7"}).status_code == 401
