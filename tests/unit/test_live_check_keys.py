"""The key files and certificates that `memesnipe live-check` looks at: read as their owner reads them, told without what is in them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from solders.keypair import Keypair

from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.kernel.errors import ConfigError
from memesnipe.live_check.facts import KeyFile, RoleKeys, Silent, Unseen, Unused
from memesnipe.live_check.gather import keys
from memesnipe.live_check.installation import Installation, Running, read
from memesnipe_operator.setup.certificates import CLIENT, Authority

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def an_installation(folder: Path, **settings: str) -> Installation:
    env = {"DATA_DIR": str(folder), "SIGNER_URL": "http://127.0.0.1:1", "WALLET_FILE": str(folder / "wallet.json")} | settings
    return read({f"MEMESNIPE_{name}": value for name, value in env.items()}, Running(False, {}))


def written(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def a_pair(folder: Path, now: datetime = NOW) -> dict[str, str]:
    """Settings of a guard with a certificate made at a time."""
    authority = Authority(now)
    leaf = authority.leaf(("wallet-guard",), CLIENT)
    files = {"CA": authority.certificate, "CERT": leaf.certificate, "KEY": leaf.key}
    paths = {f"SIGNER_{name}_FILE": str(written(folder / name, pem)) for name, pem in files.items()}
    return {"SIGNER_URL": "https://127.0.0.1:1", **paths}


def test_a_certificate_is_told_with_its_end(tmp_path: Path) -> None:
    (found,) = certificates_of(an_installation(tmp_path, **a_pair(tmp_path)))

    assert found == (str(tmp_path / "CERT"), (NOW + timedelta(days=825)).timestamp())


def certificates_of(place: Installation) -> list[tuple[str, float]]:
    found = keys.certificates(place)
    assert isinstance(found, tuple)
    return [(each.path, each.ends_s) for each in found]


def test_a_certificates_key_that_others_can_read_is_named(tmp_path: Path) -> None:
    settings = a_pair(tmp_path)
    (tmp_path / "KEY").chmod(0o644)

    with pytest.raises(ConfigError, match="KEY: open to everyone"):
        keys.certificates(an_installation(tmp_path, **settings))


def test_on_loopback_without_tls_there_are_no_certificates(tmp_path: Path) -> None:
    assert certificates_of(an_installation(tmp_path)) == []


def test_a_wallet_is_told_by_its_public_half_alone(tmp_path: Path) -> None:
    wallet = Keypair()
    written(tmp_path / "wallet.json", json.dumps(list(bytes(wallet))))

    found = keys.wallet_file(an_installation(tmp_path))

    assert found == KeyFile(str(tmp_path / "wallet.json"), str(wallet.pubkey()))


@pytest.mark.parametrize("text", ["", "[]", "[1, 2]", "{}", "[" + "256," * 63 + "1]"])
def test_a_wallet_file_that_is_none_is_named_and_not_quoted(text: str, tmp_path: Path) -> None:
    written(tmp_path / "wallet.json", text)

    found = keys.wallet_file(an_installation(tmp_path))

    assert isinstance(found, KeyFile)
    assert found.public == ""
    assert found.problem.endswith("must be a JSON array of 64 integers from 0 to 255")


def test_jitos_key_is_looked_at_where_one_is_named(tmp_path: Path) -> None:
    jito = Keypair()
    path = written(tmp_path / "jito.json", json.dumps(list(bytes(jito))))

    assert keys.jito_key(an_installation(tmp_path)) == Unused()
    assert keys.jito_key(an_installation(tmp_path, JITO_AUTH_FILE=str(path))) == KeyFile(str(path), str(jito.pubkey()))


def test_role_keys_are_told_beside_the_pinned_ones(tmp_path: Path) -> None:
    made = {role: SigningKey.create(tmp_path / "keys" / f"{role}.key").public_hex for role in keys.ROLES}
    TrustedKeys.of(**made).save(tmp_path / "keys" / "trusted.json")

    found = keys.role_keys(an_installation(tmp_path))

    assert isinstance(found, RoleKeys)
    assert {role: key.public for role, key in found.keys.items()} == found.trusted == made


def test_a_services_pod_has_one_key_and_that_is_no_mistake(tmp_path: Path) -> None:
    made = {role: SigningKey.create(tmp_path / "keys" / f"{role}.key").public_hex for role in keys.ROLES}
    TrustedKeys.of(**made).save(tmp_path / "keys" / "trusted.json")
    for role in ("risk", "lease"):
        (tmp_path / "keys" / f"{role}.key").unlink()
    env = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "MEMESNIPE_DATA_DIR": str(tmp_path), "MEMESNIPE_SIGNER_URL": "http://127.0.0.1:1"}

    found = keys.role_keys(read(env, Running(False, {})))

    assert isinstance(found, RoleKeys)
    assert set(found.keys) == {"guard"}


def test_a_pod_without_any_key_says_where_they_are(tmp_path: Path) -> None:
    env = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "MEMESNIPE_DATA_DIR": str(tmp_path)}

    assert isinstance(keys.role_keys(read(env, Running(False, {}))), Unseen)


def test_vault_that_does_not_answer_is_no_pass(tmp_path: Path) -> None:
    token = written(tmp_path / "token", "hvs.throwaway")
    settings = {"WALLET_FILE": "", "KEY_SOURCE": "vault", "WALLET_ADDRESS": "1" * 32, "VAULT_URL": "http://127.0.0.1:1", "VAULT_KEY": "k"}
    place = an_installation(tmp_path, **settings, VAULT_TOKEN_FILE=str(token), SIGNER_PORT="0")

    found = keys.wallet_file(place)

    assert isinstance(found, Silent)
    assert "hvs." not in found.why
