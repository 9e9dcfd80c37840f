"""Ed25519 keys by PyNaCl: signing keys that cannot be printed, and the public keys that each role is pinned to.

PyNaCl, not `cryptography`: libsodium refuses small-order public keys and non-canonical S, which the other accepted in a trial.
"""

import base64
import binascii
import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import NoReturn

import msgspec
from nacl.bindings import crypto_sign, crypto_sign_BYTES, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import CryptoError

from memesnipe.approvals.secret_files import read_secret, write_secret
from memesnipe.kernel.errors import ConfigError

SEED_BYTES = 32
PUBLIC_BYTES = 32
SIGNATURE_BYTES = crypto_sign_BYTES


@lru_cache(maxsize=64)
def key_id_of(public: bytes) -> str:
    """Return a key's id: 32 hex digits of SHA-256 over the public key. A hint for people; trust comes from pinning the key itself."""
    return hashlib.sha256(public).hexdigest()[:32]


class VerifyKey(msgspec.Struct, frozen=True):
    """A public key we pinned."""

    public: bytes

    @property
    def key_id(self) -> str:
        """The key's id, as an envelope carries it."""
        return key_id_of(self.public)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Return whether `signature` (64 bytes) over `message` is this key's."""
        if len(signature) != SIGNATURE_BYTES:
            return False
        try:
            crypto_sign_open(signature + message, self.public)
        except (CryptoError, ValueError):
            return False
        return True


class SigningKey:
    """A secret key of one role. Nothing that prints, copies or pickles an object can bring the secret out of it."""

    __slots__ = ("_pair", "_public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise ConfigError(f"key: the seed must have {SEED_BYTES} bytes, not {len(seed)}")
        self._public, self._pair = crypto_sign_seed_keypair(seed)

    @classmethod
    def create(cls, path: Path) -> "SigningKey":
        """Make a new key and keep it in `path` (mode 0600, hex seed). Raises ConfigError when the file exists."""
        seed = os.urandom(SEED_BYTES)
        write_secret(path, seed.hex().encode() + b"\n")
        return cls(seed)

    @classmethod
    def load(cls, path: Path) -> "SigningKey":
        """Read a key file: a 32-byte seed in hex or base64. Raises ConfigError, also when others can read the file."""
        return cls.parsed(read_secret(path), str(path))

    @classmethod
    def parsed(cls, raw: bytes, where: str) -> "SigningKey":
        """Return the key that a key file's bytes hold. Raises ConfigError naming `where`, never the bytes."""
        return cls(_seed_in(raw, where))

    @property
    def public(self) -> bytes:
        """The 32 bytes of the public key."""
        return self._public

    @property
    def public_hex(self) -> str:
        """The public key as trusted.json has it."""
        return self._public.hex()

    @property
    def key_id(self) -> str:
        """The key's id, as an envelope carries it."""
        return key_id_of(self._public)

    @property
    def verify_key(self) -> VerifyKey:
        """The public half."""
        return VerifyKey(self._public)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature; the same message always gives the same bytes."""
        return crypto_sign(message, self._pair)[:SIGNATURE_BYTES]

    def __repr__(self) -> str:
        return f"SigningKey({self.key_id})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signing key is never pickled or copied")


def _seed_in(raw: bytes, where: str) -> bytes:
    text = raw.strip()
    try:
        seed = bytes.fromhex(text.decode("ascii")) if len(text) == 2 * SEED_BYTES else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise ConfigError(f"{where}: must hold a {SEED_BYTES}-byte seed in hex or base64") from None
    if len(seed) != SEED_BYTES:
        raise ConfigError(f"{where}: must hold a {SEED_BYTES}-byte seed in hex or base64")
    return seed


class TrustedKeys(msgspec.Struct, frozen=True):
    """One pinned public key for each role that may say yes."""

    risk: VerifyKey
    guard: VerifyKey
    lease: VerifyKey

    @classmethod
    def load(cls, path: Path) -> "TrustedKeys":
        """Read `{"risk": hex, "guard": hex, "lease": hex}`. Raises ConfigError, also when two roles share a key."""
        try:
            names = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigError(f"{path}: {error}") from None
        if set(names) != {"risk", "guard", "lease"}:
            raise ConfigError(f"{path}: must name exactly risk, guard and lease")
        return cls.of(**names)

    @classmethod
    def of(cls, *, risk: str, guard: str, lease: str) -> "TrustedKeys":
        """Build from hex. Raises ConfigError: one key in two roles would let one stolen key say yes twice."""
        keys = [_public_in(role, text) for role, text in (("risk", risk), ("guard", guard), ("lease", lease))]
        if len({key.public for key in keys}) != len(keys):
            raise ConfigError("trusted keys: each role must have a key of its own")
        return cls(*keys)

    def save(self, path: Path) -> None:
        """Write the file that `load` reads."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        temporary.write_bytes(self.text())
        temporary.replace(path)

    def text(self) -> bytes:
        """Return what `load` reads, as JSON for people."""
        names = {role: getattr(self, role).public.hex() for role in ("risk", "guard", "lease")}
        return msgspec.json.format(msgspec.json.encode(names)) + b"\n"


def _public_in(role: str, text: str) -> VerifyKey:
    try:
        public = bytes.fromhex(text)
    except ValueError:
        raise ConfigError(f"trusted keys: {role} must be {2 * PUBLIC_BYTES} hex digits") from None
    if len(public) != PUBLIC_BYTES:
        raise ConfigError(f"trusted keys: {role} must be {2 * PUBLIC_BYTES} hex digits")
    return VerifyKey(public)
