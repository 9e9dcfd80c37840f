"""The wallet's key in Vault: signed there, verified here, and every way in which Vault can fail."""

import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from solders.keypair import Keypair

from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.signer.https import Https
from memesnipe.signer.keys import KeySource
from memesnipe.signer.opening import key_of
from memesnipe.signer.settings import SignerSettings
from memesnipe.testing.vault import TOKEN, FakeVault, a_vault
from memesnipe_operator.setup.certificates import SERVER, Authority

KEY = Keypair()
MESSAGE = b"\x80 the bytes of a transaction's message"
TIMEOUT_MS = 400


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    with a_vault(FakeVault(wallet=KEY)) as running:
        yield running


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.touch(mode=0o600)
    path.write_text(TOKEN + "\n")
    return path


def settings(vault: FakeVault, token_file: Path, **changes: Any) -> SignerSettings:
    given = {
        "key_source": "vault",
        "wallet_address": str(KEY.pubkey()),
        "vault_url": vault.url,
        "vault_key": "wallet",
        "vault_token_file": str(token_file),
        "vault_timeout_ms": TIMEOUT_MS,
    }
    return SignerSettings(**{**given, **changes})


@pytest.fixture
def key(vault: FakeVault, token_file: Path) -> KeySource:
    return key_of(settings(vault, token_file))


def test_vault_signs_and_its_signature_is_the_key_s(key: KeySource) -> None:
    assert key.sign(MESSAGE) == bytes(KEY.sign_message(MESSAGE))
    assert key.pubkey == KEY.pubkey()


def test_asking_twice_gives_the_same_signature(key: KeySource) -> None:
    assert key.sign(MESSAGE) == key.sign(MESSAGE)


def test_an_answer_with_something_behind_the_signature_is_no_signature(key: KeySource, vault: FakeVault) -> None:
    vault.fault = "tail"

    with pytest.raises(Unavailable, match="holds no Ed25519 signature"):
        key.sign(MESSAGE)


def test_an_answer_that_is_too_long_is_not_read_to_its_end(vault: FakeVault) -> None:
    vault.fault = "huge"

    with pytest.raises(Unavailable):
        Https("vault", vault.url, timeout_s=5.0).ask("GET", "/", {})


def test_no_time_left_is_unavailable_and_nothing_is_asked(vault: FakeVault) -> None:
    with pytest.raises(Unavailable):
        Https("vault", vault.url, timeout_s=0.0).ask("GET", "/", {})

    assert vault.asked == []


def test_one_connection_serves_many_signatures(key: KeySource, vault: FakeVault) -> None:
    for number in range(5):
        key.sign(MESSAGE + bytes([number]))

    assert vault.connections == 1


FAULTS = ["sealed", "silent", "trickle", "garbage", "huge", "half", "hang_up", "echo", "lie"]


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_vault_does_no_signature_leaves_and_the_wait_is_short(fault: str, key: KeySource, vault: FakeVault) -> None:
    vault.fault = fault
    began_s = time.monotonic()

    with pytest.raises(Unavailable) as raised:
        key.sign(MESSAGE)

    assert time.monotonic() - began_s < 10 * TIMEOUT_MS / 1_000  # many times the bound, for a busy machine; a trickle would last 9 s
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize("fault", FAULTS)
def test_when_vault_is_well_again_the_same_bytes_get_their_signature(fault: str, key: KeySource, vault: FakeVault) -> None:
    vault.fault = fault
    with pytest.raises(Unavailable):
        key.sign(MESSAGE)

    vault.fault = ""

    assert key.sign(MESSAGE) == bytes(KEY.sign_message(MESSAGE))


def test_a_connection_that_vault_closed_meanwhile_is_opened_again(key: KeySource, vault: FakeVault) -> None:
    kept: Any = key
    wire, _ = kept._remote._https._connection
    wire.shutdown(2)

    assert key.sign(MESSAGE) == bytes(KEY.sign_message(MESSAGE))


def test_a_vault_that_is_gone_is_unavailable(token_file: Path) -> None:
    with a_vault(FakeVault(wallet=KEY)) as vault:
        key = key_of(settings(vault, token_file))
    kept: Any = key
    kept._remote._https._connection[0].shutdown(2)

    with pytest.raises(Unavailable, match="signing key"):
        key.sign(MESSAGE)


def test_a_rotated_key_is_refused_until_somebody_says_so(vault: FakeVault, key: KeySource, token_file: Path) -> None:
    vault.keys["wallet"].append(Keypair())

    with pytest.raises(Unavailable, match="its signature is not by"):
        key.sign(MESSAGE)

    assert key_of(settings(vault, token_file, vault_key_version=1)).sign(MESSAGE) == bytes(KEY.sign_message(MESSAGE))


def test_another_key_than_the_pinned_one_is_found_at_start(vault: FakeVault, token_file: Path) -> None:
    vault.keys["wallet"] = [Keypair()]

    with pytest.raises(ConfigError, match="is not the Ed25519 key of the wallet"):
        key_of(settings(vault, token_file))


@pytest.mark.parametrize("kind", ["ecdsa-p256", "aes256-gcm96"])
def test_a_key_of_another_kind_is_found_at_start(kind: str, vault: FakeVault, token_file: Path) -> None:
    vault.kind = kind

    with pytest.raises(ConfigError, match="is not the Ed25519 key of the wallet"):
        key_of(settings(vault, token_file))


@pytest.mark.parametrize(("change", "said"), [({"vault_key": "other"}, "no such key"), ({"vault_mount": "kv"}, "no such key")])
def test_a_key_that_is_not_there_says_which_setting(change: dict[str, str], said: str, vault: FakeVault, token_file: Path) -> None:
    with pytest.raises(Unavailable, match=said):
        key_of(settings(vault, token_file, **change))


def test_a_renewed_token_is_taken_up_without_a_restart(key: KeySource, token_file: Path) -> None:
    token_file.write_text("hvs.expired")
    with pytest.raises(Unavailable, match="the token is refused") as raised:
        key.sign(MESSAGE)

    token_file.write_text(TOKEN)

    assert key.sign(MESSAGE) == bytes(KEY.sign_message(MESSAGE))
    assert "hvs." not in str(raised.value)


@pytest.mark.parametrize("content", ["", "two words", "a\r\nX-Other: 1", "\u00fc", "x" * 600])
def test_what_is_no_token_is_never_sent(content: str, key: KeySource, token_file: Path, vault: FakeVault) -> None:
    token_file.write_text(content)
    calls = len(vault.asked)

    with pytest.raises(Unavailable, match="holds no token"):
        key.sign(MESSAGE)

    assert len(vault.asked) == calls


def test_a_token_file_that_others_can_read_is_not_used(key: KeySource, token_file: Path) -> None:
    token_file.chmod(0o644)

    with pytest.raises(Unavailable, match="open to everyone"):
        key.sign(MESSAGE)


@pytest.fixture
def authority() -> Authority:
    return Authority(datetime.now(UTC))


def tls(authority: Authority, folder: Path, name: str) -> ssl.SSLContext:
    leaf = authority.leaf((name,), SERVER)
    (folder / "vault.crt").write_bytes(leaf.certificate)
    (folder / "vault.key").write_bytes(leaf.key)
    (folder / "ca.crt").write_bytes(authority.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "vault.crt", folder / "vault.key")
    return context


def test_vault_under_tls_signs_for_who_knows_its_ca(authority: Authority, token_file: Path, tmp_path: Path) -> None:
    with a_vault(FakeVault(wallet=KEY), tls(authority, tmp_path, "localhost")) as vault:
        key = key_of(settings(vault, token_file, vault_ca_file=str(tmp_path / "ca.crt"), vault_timeout_ms=5_000))

        assert key.sign(MESSAGE) == bytes(KEY.sign_message(MESSAGE))


@pytest.mark.parametrize("stranger", ["another CA", "another name", "another address"])
def test_a_stranger_under_tls_never_sees_the_token(stranger: str, authority: Authority, token_file: Path, tmp_path: Path) -> None:
    context = tls(authority, tmp_path, "elsewhere" if stranger == "another name" else "localhost")
    if stranger == "another CA":
        (tmp_path / "ca.crt").write_bytes(Authority(datetime.now(UTC)).certificate)

    with a_vault(FakeVault(wallet=KEY), context) as vault:
        vault.url = vault.url.replace("localhost", "127.0.0.1" if stranger == "another address" else "localhost")
        with pytest.raises(Unavailable):
            key_of(settings(vault, token_file, vault_ca_file=str(tmp_path / "ca.crt"), vault_timeout_ms=5_000))

    assert vault.asked == []


def test_a_ca_file_that_is_none_is_an_error_at_start(token_file: Path, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("no certificate")
    vault = FakeVault(wallet=KEY)
    vault.url = "https://localhost:8200"

    with pytest.raises(ConfigError, match=r"ca\.crt"):
        key_of(settings(vault, token_file, vault_ca_file=str(tmp_path / "ca.crt")))
