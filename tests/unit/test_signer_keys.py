"""Where the wallet's signatures come from: what a key source gives out, and what it never does."""

import base64
import copy
import json
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from memesnipe.approvals.keys import TrustedKeys
from memesnipe.kernel.clock import SystemClock
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.signer import metrics
from memesnipe.signer.environment import refuse_keys_in
from memesnipe.signer.jito import JitoAuth
from memesnipe.signer.keys import Pinned
from memesnipe.signer.memory import SecretKey
from memesnipe.signer.opening import jito_of, key_of
from memesnipe.signer.settings import SignerSettings
from memesnipe.signer.wallet import Wallet
from memesnipe.testing.secrets import secrets_in, spellings
from memesnipe.testing.swaps import World

SEED = bytes(range(1, 33))
KEY = Keypair.from_seed(SEED)


def a_file(path: Path, key: Keypair = KEY) -> Path:
    path.touch(mode=0o600)
    path.write_text(key.to_json())
    return path


@pytest.fixture
def wallet(tmp_path: Path) -> Wallet:
    return Wallet.load(a_file(tmp_path / "wallet.json"))


def test_a_key_from_a_file_signs_as_any_other_ed25519_does(wallet: Wallet) -> None:
    signature = wallet.sign(b"the message")

    assert signature == bytes(KEY.sign_message(b"the message")) == wallet.sign(b"the message")
    assert wallet.pubkey == KEY.pubkey()


SHOWN: dict[str, Callable[[Any], object]] = {
    "repr": repr,
    "str": str,
    "format": lambda key: f"{key} {key!r} {[key]}",
    "attributes": lambda key: [(name, getattr(key, name, None)) for name in dir(key)],
    "json for a log": lambda key: msgspec.json.encode({"key": key}, enc_hook=repr),
    "exception": lambda key: ConfigError(f"{key}"),
}


@pytest.mark.parametrize("way", SHOWN)
@pytest.mark.parametrize("of", ["wallet", "secret key", "jito"])
def test_no_way_of_looking_at_a_key_shows_it(way: str, of: str, wallet: Wallet) -> None:
    key = {"wallet": wallet, "secret key": wallet._key, "jito": JitoAuth(wallet._key, SystemClock())}[of]

    shown = repr(SHOWN[way](key)).encode()

    assert secrets_in(shown, SEED) == []


@pytest.mark.parametrize("way", [pickle.dumps, copy.copy, copy.deepcopy, msgspec.json.encode, msgspec.to_builtins, json.dumps, vars])
@pytest.mark.parametrize("inner", [False, True])
def test_a_key_is_never_copied_or_written_out(way: Callable[[Any], object], inner: bool, wallet: Wallet) -> None:
    with pytest.raises(TypeError) as raised:
        way(wallet._key if inner else wallet)

    assert secrets_in(str(raised.value).encode(), SEED) == []


def test_a_traceback_that_shows_every_local_shows_no_secret(wallet: Wallet) -> None:
    """Nobody should switch that on in a signer; who does shall still not find the key in a log."""
    not_bytes: Any = "no bytes"
    try:
        wallet.sign(not_bytes)
    except TypeError as error:
        plain = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        structured = json.dumps(structlog.tracebacks.ExceptionDictTransformer(show_locals=True)((type(error), error, error.__traceback__)))

    assert secrets_in((plain + structured).encode(), SEED) == []
    assert "memory.py" in plain


@pytest.mark.parametrize("broken", ["other half", "one too many", "not a number"])
def test_a_file_that_is_refused_leaves_nothing_of_it_in_its_traceback(broken: str, tmp_path: Path) -> None:
    numbers: list[Any] = list(bytes(KEY))
    changed = {
        "other half": numbers[:32] + list(bytes(Keypair())[32:]),
        "one too many": [*numbers, 1],
        "not a number": [*numbers[:-1], "x"],
    }[broken]
    path = a_file(tmp_path / "wallet.json")
    path.write_text(json.dumps(changed))

    with pytest.raises(ConfigError) as raised:
        Wallet.load(path)

    error, below_this_test = raised.value, raised.tb.tb_next
    told = "".join(traceback.TracebackException(type(error), error, below_this_test, capture_locals=True).format())
    assert secrets_in(told.encode(), SEED) == []
    assert str(path) in str(error)
    assert "wallet.py" in told


def test_a_key_that_was_wiped_is_gone_and_signs_nothing() -> None:
    key = SecretKey(SEED)
    before = key._page[:]

    key.wipe()

    assert before.startswith(SEED)
    assert key._page[:] == bytes(len(before))
    with pytest.raises(TypeError):
        key.sign(b"the message")


class Says:
    """A service that answers with these bytes."""

    def __init__(self, signature: bytes | None) -> None:
        self.signature = signature

    def sign(self, message: bytes) -> bytes:
        if self.signature is None:
            raise Unavailable("signing key", "away")
        return self.signature


LIES = {
    "another key": bytes(Keypair().sign_message(b"the message")),
    "other bytes": bytes(KEY.sign_message(b"another message")),
    "nothing": b"",
    "too short": bytes(63),
    "zeroes": bytes(64),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_service_that_lies_gets_nothing_out_of_the_door(lie: str) -> None:
    before = metrics.KEY_FAILURES.labels("wrong_signature")._value.get()

    with pytest.raises(Unavailable, match=r"its signature is not by"):
        Pinned(Says(LIES[lie]), KEY.pubkey()).sign(b"the message")

    assert metrics.KEY_FAILURES.labels("wrong_signature")._value.get() == before + 1


def test_a_service_that_tells_the_truth_is_believed() -> None:
    signature = bytes(KEY.sign_message(b"the message"))

    assert Pinned(Says(signature), KEY.pubkey()).sign(b"the message") == signature


def test_a_service_that_is_away_is_counted_and_unknown() -> None:
    before = metrics.KEY_FAILURES.labels("unavailable")._value.get()

    with pytest.raises(Unavailable):
        Pinned(Says(None), KEY.pubkey()).sign(b"the message")

    assert metrics.KEY_FAILURES.labels("unavailable")._value.get() == before + 1


@pytest.mark.parametrize("spelling", sorted(spellings(SEED).keys() - {"raw seed"}))
@pytest.mark.parametrize("name", ["MEMESNIPE_WALLET_FILE", "MEMESNIPE_NEVER_HEARD_OF", "PRIVATE_KEY", "SOLANA_KEY", "JITO_AUTH"])
def test_a_key_in_the_environment_is_refused_in_every_spelling(spelling: str, name: str) -> None:
    value = spellings(SEED)[spelling].decode("latin-1")

    with pytest.raises(ConfigError) as raised:
        refuse_keys_in({"PATH": "/usr/bin", name: value})

    assert name in str(raised.value)
    assert value not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("VAULT_TOKEN", "s.anything"), ("MEMESNIPE_VAULT_TOKEN_FILE", "hvs.CAESIJabcdefghijklmnopqrst"), ("MNEMONIC", "legal winner " * 6)],
)
def test_a_token_and_a_seed_phrase_are_refused_too(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        refuse_keys_in({name: value})


def test_what_a_signer_is_really_given_is_not_taken_for_a_key() -> None:
    given = {
        "MEMESNIPE_WALLET_FILE": "/etc/memesnipe/wallet/wallet.json",
        "MEMESNIPE_WALLET_ADDRESS": str(KEY.pubkey()),
        "MEMESNIPE_GENESIS": "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d",
        "MEMESNIPE_VAULT_URL": "https://vault.example:8200",
        "MEMESNIPE_DATA_DIR": "/var/lib/memesnipe",
        "PAPER_TRADING_MODE": "false",
        "GITHUB_SHA": "a" * 40,
        "PYTHON_SHA256": "b" * 64,
        "MEMESNIPE_HELIUS_API_KEY": "c" * 64,
        "SECRET_KEY_BASE": "d" * 128,
    }

    refuse_keys_in(given)


def test_no_setting_of_the_signer_can_hold_a_key() -> None:
    fields = {field.name for field in msgspec.structs.fields(SignerSettings)}

    named_like_one = {name for name in fields if any(word in name for word in ("key", "wallet", "jito", "secret", "vault_token"))}
    assert named_like_one == {
        "key_source", "key_prefix", "tls_key_file", "vault_key", "vault_key_version", "vault_token_file",
        "wallet_file", "wallet_address", "jito_auth_file",
    }  # fmt: skip


MISSING = {"key_source": "vault", "wallet_address": str(KEY.pubkey()), "vault_url": "https://v", "vault_key": "k", "vault_token_file": "/t"}


@pytest.mark.parametrize("field", ["wallet_address", "vault_url", "vault_key", "vault_token_file"])
def test_a_vault_that_is_half_configured_is_an_error_that_names_what_is_missing(field: str) -> None:
    settings: Any = {**MISSING, field: ""}

    with pytest.raises(ConfigError, match=f"MEMESNIPE_{field.upper()}"):
        key_of(SignerSettings(**settings))


def test_a_wallet_file_beside_vault_is_refused(tmp_path: Path) -> None:
    settings: Any = {**MISSING, "wallet_file": str(a_file(tmp_path / "wallet.json"))}

    with pytest.raises(ConfigError, match="MEMESNIPE_WALLET_FILE"):
        key_of(SignerSettings(**settings))


@pytest.mark.parametrize(
    "url",
    [
        "http://vault.example:8200",
        "https://",
        "ftp://vault",
        "https://user:secret@vault",
        "https://vault/path",
        "https://vault?x=1",
        "vault",
    ],
)
def test_an_address_that_would_send_the_token_in_clear_or_astray_is_refused(url: str) -> None:
    settings: Any = {**MISSING, "vault_url": url}

    with pytest.raises(ConfigError) as raised:
        key_of(SignerSettings(**settings))

    assert "secret" not in str(raised.value)


def test_a_file_of_another_wallet_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    path, other = a_file(tmp_path / "wallet.json"), Keypair().pubkey()

    with pytest.raises(ConfigError, match=str(other)):
        key_of(SignerSettings(wallet_file=str(path), wallet_address=str(other)))


@pytest.mark.parametrize("use", ["wallet", "risk", "guard", "lease"])
def test_jito_s_key_has_no_other_use(use: str, tmp_path: Path) -> None:
    world = World.make()
    publics = {"wallet": bytes(KEY.pubkey()), "risk": b"r" * 32, "guard": b"g" * 32, "lease": b"l" * 32}
    jito = Keypair()
    publics[use] = bytes(jito.pubkey())
    trusted = TrustedKeys.of(**{role: publics[role].hex() for role in ("risk", "guard", "lease")})
    wallet = Pinned(Says(b""), Pubkey.from_bytes(publics["wallet"]))
    settings = SignerSettings(jito_auth_file=str(a_file(tmp_path / "jito.json", jito)))

    with pytest.raises(ConfigError, match="MEMESNIPE_JITO_AUTH_FILE"):
        jito_of(settings, SystemClock(), wallet, trusted)

    assert jito_of(settings, SystemClock(), Pinned(Says(b""), world.wallet), world.trusted) is not None


def test_every_spelling_of_a_secret_is_found_where_it_is() -> None:
    """The tests above lean on the search itself."""
    for name, text in spellings(SEED).items():
        assert name in secrets_in(b"before " + text + b" after", SEED)
    assert base64.b64encode(SEED) in spellings(SEED).values()
