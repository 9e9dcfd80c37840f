"""The certificates between wallet_guard and signer: a CA whose key is forgotten as soon as it signed, and what it signs. Pure but for keys.

Nobody can make one more certificate that the signer believes: the key that could is never written anywhere. A renewal makes a new CA.
"""

from datetime import datetime, timedelta
from typing import NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from memesnipe.kernel.errors import ConfigError

AUTHORITY_DAYS = 3_650
LEAF_DAYS = 825
RENEW_DAYS = 90
"""A certificate with fewer days left is made anew."""
SKEW = timedelta(hours=1)
"""Nodes' clocks differ: a certificate is good from a little before now."""
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


class Leaf:
    """A certificate and its key, in PEM. Nothing that prints or pickles it brings the key out."""

    __slots__ = ("certificate", "key")

    def __init__(self, certificate: bytes, key: bytes) -> None:
        self.certificate, self.key = certificate, key

    def __repr__(self) -> str:
        return "Leaf(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is never pickled or copied")


class Authority:
    """A new CA. Its key lives as long as this object."""

    __slots__ = ("_certificate", "_key", "_now")

    def __init__(self, now: datetime) -> None:
        self._now, self._key = now, ec.generate_private_key(ec.SECP256R1())
        name = _name(f"memesnipe signer CA {now:%Y-%m-%d}")
        self._certificate = (
            _builder(name, name, self._key.public_key(), self._key.public_key(), now, AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def certificate(self) -> bytes:
        """What the other end must believe, in PEM."""
        return _pem(self._certificate)

    def leaf(self, names: tuple[str, ...], purpose: ObjectIdentifier, days: int = LEAF_DAYS) -> Leaf:
        """Return a certificate made out to these DNS names for SERVER or CLIENT."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _builder(_name(names[0]), self._certificate.subject, key.public_key(), self._key.public_key(), self._now, days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        plain = serialization.NoEncryption()
        return Leaf(_pem(certificate), key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a CA is never pickled or copied")


def days_left(leaf: bytes, where: str, now: datetime) -> int:
    """Return how many whole days a certificate (PEM) is still good; negative: expired. Raises ConfigError naming `where`."""
    return (_read(leaf, where).not_valid_after_utc - now).days


def issuers_of(leaf: bytes, bundle: bytes, where: str) -> list[bytes]:
    """Return the CAs (PEM) of a bundle that signed this certificate. Raises ConfigError naming `where`."""
    return [_pem(ca) for ca in _read_all(bundle, where) if _signed(ca, _read(leaf, where))]


def _signed(ca: x509.Certificate, leaf: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    issuer_public: ec.EllipticCurvePublicKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - SKEW).not_valid_after(now + timedelta(days=days))
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    return builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_public), critical=False)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _read(pem: bytes, where: str) -> x509.Certificate:
    return _read_all(pem, where)[0]


def _read_all(pem: bytes, where: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise ConfigError(f"{where}: not a certificate in PEM") from None
