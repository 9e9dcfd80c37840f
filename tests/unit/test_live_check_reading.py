"""How `memesnipe live-check` reads: settings as the services have them, dates, certificates; and how it speaks."""

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from memesnipe.cli.live_check_report import as_json, as_lines
from memesnipe.kernel.errors import ConfigError
from memesnipe.live_check.facts import Offset, Unseen
from memesnipe.live_check.finding import Reported, Status
from memesnipe.live_check.gather.keys import ends_s
from memesnipe.live_check.gather.probe import host_of, offset_in
from memesnipe.live_check.installation import Running, read
from memesnipe_operator.setup.certificates import SERVER, Authority

NOTHING_RUNS = Running(False, {})
NOW = datetime(2026, 1, 2, tzinfo=UTC)
DATE, DATE_S = "Thu, 09 Oct 2025 08:53:20 GMT", 1_760_000_000
RPC = {"MEMESNIPE_RPC_URL": "https://mainnet.helius-rpc.com", "MEMESNIPE_HELIUS_API_KEY": "s3cret"}


def test_a_setting_that_up_does_not_hand_on_is_not_taken_for_one_in_force() -> None:
    place = read({"MEMESNIPE_SIZE_LAMPORTS_MAX": "1"}, NOTHING_RUNS)

    assert not isinstance(place.signer, Unseen)
    assert place.signer.size_lamports_max > 1
    assert place.strangers == ("MEMESNIPE_SIZE_LAMPORTS_MAX",)


def test_where_services_have_their_own_environment_their_settings_are_those() -> None:
    env = {"MEMESNIPE_SIGNER_URL": "http://127.0.0.1:8091", "MEMESNIPE_WALLET_FILE": "w.json", "MEMESNIPE_SIZE_LAMPORTS_MAX": "1"}

    place = read(env, NOTHING_RUNS)

    assert not isinstance(place.signer, Unseen)
    assert (place.by_up, place.signer.size_lamports_max, place.strangers) == (False, 1, ())


@pytest.mark.parametrize("variable", ["MEMESNIPE_DASHBOARD_REFRESH_MS", "MEMESNIPE_DASHBOARD_CLIENTS_MAX", "MEMESNIPE_FACTORY_INTERVAL_S"])
def test_a_setting_of_any_service_is_no_stranger_where_services_are_started_one_by_one(variable: str) -> None:
    place = read({"KUBERNETES_SERVICE_HOST": "10.0.0.1", variable: "1000"}, NOTHING_RUNS)

    assert place.strangers == ()


def test_a_pod_does_not_claim_to_see_the_signer() -> None:
    place = read({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "MEMESNIPE_SIGNER_URL": "http://127.0.0.1:8091"}, NOTHING_RUNS)

    assert (place.place, type(place.signer), place.sees_guard) == ("pod", Unseen, True)


def test_a_pod_of_another_service_does_not_claim_to_see_wallet_guard() -> None:
    assert not read({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "MEMESNIPE_REDIS_URL": "redis://r:6379"}, NOTHING_RUNS).sees_guard


def test_all_wrong_variables_are_named_at_once() -> None:
    env = {"MEMESNIPE_SIGNER_URL": "http://127.0.0.1:8091", "MEMESNIPE_POLL_MS": "soon", "MEMESNIPE_PRICE_INTERVAL_S": "often"}

    with pytest.raises(ConfigError, match=r"MEMESNIPE_POLL_MS.*MEMESNIPE_PRICE_INTERVAL_S"):
        read(env, NOTHING_RUNS)


def test_what_a_running_stack_left_counts_more_than_the_defaults() -> None:
    left = {"redis_url": "redis://cli:pw@127.0.0.1:5", "rpc_url": "http://127.0.0.1:7", "wallet": "W", "signer_port": "9"}

    place = read({}, Running(True, left))

    assert (place.chain_url, place.wallet, place.guard.signer_url) == ("http://127.0.0.1:7", "W", "http://127.0.0.1:9")


def test_a_key_in_vault_is_not_looked_for_in_a_file() -> None:
    env = RPC | {"MEMESNIPE_KEY_SOURCE": "vault", "MEMESNIPE_WALLET_ADDRESS": "1" * 32, "MEMESNIPE_VAULT_URL": "https://vault:8200"}

    place = read(env, NOTHING_RUNS)

    assert not isinstance(place.signer, Unseen)
    assert (place.signer.key_source, place.signer.wallet_file, place.wallet) == ("vault", "", "1" * 32)


def test_nothing_that_is_printed_holds_a_secret() -> None:
    place = read(RPC, Running(True, {"redis_url": "redis://cli:s3cret@127.0.0.1:5"}))

    assert "s3cret" not in f"{place!r} {Running(True, {'redis_url': 's3cret'})!r} {host_of(place.chain_url)}"
    assert "s3cret" in place.chain_url


def test_a_secret_key_in_the_environment_is_found_and_not_shown() -> None:
    place = read({"MEMESNIPE_WALLET_KEY": "ab" * 64}, NOTHING_RUNS)

    assert "MEMESNIPE_WALLET_KEY" in place.key_in_environment
    assert "abab" not in place.key_in_environment


def test_a_date_header_bounds_the_clocks_offset_by_the_second_it_names_and_the_time_it_took() -> None:
    sent_ns, received_ns = (DATE_S * 1_000 + 200) * 1_000_000, (DATE_S * 1_000 + 300) * 1_000_000

    assert offset_in("rpc", httpx.Headers({"date": DATE}), sent_ns, received_ns) == Offset("rpc", -800.0, 300.0)


@pytest.mark.parametrize("headers", [{}, {"date": "soon"}, {"date": DATE, "age": "7"}, {"date": DATE, "age": "x"}])
def test_a_date_that_tells_nothing_of_now_is_not_believed(headers: dict[str, str]) -> None:
    assert offset_in("rpc", httpx.Headers(headers), 0, 1) is None


def test_a_certificate_says_when_it_ends(tmp_path: Path) -> None:
    path, leaf = tmp_path / "tls.crt", Authority(NOW).leaf(("localhost",), SERVER)
    path.write_bytes(leaf.certificate)

    assert datetime.fromtimestamp(ends_s(path), UTC) == NOW.replace(microsecond=0) + (datetime(2028, 4, 6, tzinfo=UTC) - NOW)


@pytest.mark.parametrize(
    "text",
    ["", "-----BEGIN CERTIFICATE-----\nMAMCAQA=\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"],
)
def test_a_file_that_is_no_certificate_is_named_and_not_shown(text: str, tmp_path: Path) -> None:
    (tmp_path / "tls.crt").write_text(text)

    with pytest.raises(ConfigError, match=r"tls\.crt: not a readable certificate"):
        ends_s(tmp_path / "tls.crt")


FOUND = [
    Reported("keys", "wallet file", Status.FAIL, "open to everyone", "chmod 600 it"),
    Reported("keys", "signer", Status.UNSEEN, "not visible from here", "look there"),
    Reported("stores", "audit", Status.UNSEEN, "not visible from here", "look there"),
    Reported("clock", "skew", Status.OK, "fine"),
]


def test_people_read_a_line_for_each_finding_its_fix_beneath_it_and_where_to_look_once() -> None:
    lines = [str(line) for line in as_lines(FOUND)]

    assert lines == [
        "fail   keys: wallet file  open to everyone",
        "                          fix: chmod 600 it",
        "unseen keys: signer       not visible from here",
        "unseen stores: audit      not visible from here",
        "ok     clock: skew        fine",
        "to see keys: signer, stores: audit: look there",
        "1 fail, 0 warn, 2 unseen, 1 ok",
    ]


def test_machines_read_the_same_as_json() -> None:
    told = json.loads(as_json(FOUND))

    assert (told["ready"], told["counts"]) == (False, {"ok": 1, "unseen": 2, "warn": 0, "fail": 1})
    assert told["findings"][0] == {
        "area": "keys",
        "check": "wallet file",
        "status": "fail",
        "found": "open to everyone",
        "fix": "chmod 600 it",
    }
