"""The certificates that setup makes: how long they are good, what for, and that no key gets out."""

import pickle
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from memesnipe.kernel.errors import ConfigError
from memesnipe_operator.setup.certificates import CLIENT, SERVER, Authority, days_left, issuers_of

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def extension(pem: bytes, kind: type[x509.ExtensionType]) -> x509.Extension[x509.ExtensionType]:
    return x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(kind)


def test_a_ca_is_good_for_ten_years_and_a_certificate_for_825_days() -> None:
    authority = Authority(NOW)

    assert days_left(authority.certificate, "ca", NOW) == 3_650
    assert days_left(authority.leaf(("wallet-guard",), CLIENT).certificate, "leaf", NOW) == 825


def test_a_clock_that_is_a_little_behind_accepts_it_already() -> None:
    leaf = x509.load_pem_x509_certificate(Authority(NOW).leaf(("wallet-guard",), CLIENT).certificate)

    assert leaf.not_valid_before_utc == NOW - timedelta(hours=1)


def test_a_ca_signs_certificates_and_no_other_ca() -> None:
    constraints = extension(Authority(NOW).certificate, x509.BasicConstraints).value

    assert constraints == x509.BasicConstraints(ca=True, path_length=0)


@pytest.mark.parametrize("purpose", [SERVER, CLIENT])
def test_a_certificate_is_for_one_purpose_alone(purpose: x509.ObjectIdentifier) -> None:
    leaf = Authority(NOW).leaf(("memesnipe-signer", "memesnipe-signer.signer.svc"), purpose)

    assert extension(leaf.certificate, x509.ExtendedKeyUsage).value == x509.ExtendedKeyUsage([purpose])
    assert extension(leaf.certificate, x509.BasicConstraints).value == x509.BasicConstraints(ca=False, path_length=None)
    assert purpose in (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


def test_of_a_bundle_the_ca_that_signed_is_found_even_where_two_have_one_name() -> None:
    one, other = Authority(NOW), Authority(NOW)
    leaf = one.leaf(("wallet-guard",), CLIENT)

    assert issuers_of(leaf.certificate, other.certificate + one.certificate, "bundle") == [one.certificate]
    assert issuers_of(leaf.certificate, other.certificate, "bundle") == []


def test_what_is_no_certificate_is_named_and_not_shown() -> None:
    with pytest.raises(ConfigError) as raised:
        days_left(b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n", "Secret signer/memesnipe-signer-tls", NOW)

    assert str(raised.value) == "Secret signer/memesnipe-signer-tls: not a certificate in PEM"


def test_no_key_is_printed_or_pickled() -> None:
    authority = Authority(NOW)
    leaf = authority.leaf(("wallet-guard",), CLIENT)

    assert "PRIVATE" not in f"{leaf!r} {authority!r}"
    for secret in (leaf, authority):
        with pytest.raises(TypeError):
            pickle.dumps(secret)
