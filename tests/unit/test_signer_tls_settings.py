"""Which settings make TLS between wallet_guard and signer, and which are refused by name."""

import pytest

from memesnipe.guard.settings import GuardSettings
from memesnipe.kernel.errors import ConfigError
from memesnipe.kernel.settings import load
from memesnipe.signer.settings import SignerSettings

TLS = {"MEMESNIPE_TLS_CERT_FILE": "/c", "MEMESNIPE_TLS_KEY_FILE": "/k", "MEMESNIPE_TLS_CLIENT_CA_FILE": "/a"}
SIGNER = {"MEMESNIPE_SIGNER_CERT_FILE": "/c", "MEMESNIPE_SIGNER_KEY_FILE": "/k", "MEMESNIPE_SIGNER_CA_FILE": "/a"}
HTTPS = {"MEMESNIPE_SIGNER_URL": "https://memesnipe-signer.memesnipe-signer.svc:8091"}


@pytest.mark.parametrize("missing", TLS)
def test_a_signer_with_half_of_its_tls_files_names_the_variable_that_is_missing(missing: str) -> None:
    settings = load(SignerSettings, {name: path for name, path in TLS.items() if name != missing})

    with pytest.raises(ConfigError, match=f"^{missing}: "):
        settings.tls_files()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "memesnipe-signer", ""])
def test_a_signer_beyond_loopback_is_never_plain_http(host: str) -> None:
    with pytest.raises(ConfigError, match=r"^MEMESNIPE_TLS_CERT_FILE: .* is not loopback and needs TLS"):
        SignerSettings(signer_host=host).tls_files()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_on_loopback_plain_http_is_enough(host: str) -> None:
    assert SignerSettings(signer_host=host).tls_files() is None


@pytest.mark.parametrize("missing", SIGNER)
def test_a_guard_with_an_https_signer_and_half_of_its_files_names_the_variable_that_is_missing(missing: str) -> None:
    settings = load(GuardSettings, HTTPS | {name: path for name, path in SIGNER.items() if name != missing})

    with pytest.raises(ConfigError, match=f"^{missing}: "):
        settings.signer_files()


def test_a_guard_with_an_https_signer_and_no_files_says_which_it_wants() -> None:
    with pytest.raises(ConfigError, match="MEMESNIPE_SIGNER_CA_FILE, MEMESNIPE_SIGNER_CERT_FILE, MEMESNIPE_SIGNER_KEY_FILE"):
        load(GuardSettings, HTTPS).signer_files()


def test_a_guard_with_files_never_speaks_plain_http() -> None:
    with pytest.raises(ConfigError, match=r"^MEMESNIPE_SIGNER_URL: must begin with https://"):
        load(GuardSettings, SIGNER | {"MEMESNIPE_SIGNER_URL": "http://memesnipe-signer:8091"}).signer_files()
