"""The wallet's key from a file: read once into locked memory, kept out of every text, log and copy."""

import hmac
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
from msgspec import Meta
from solders.pubkey import Pubkey

from memesnipe.approvals.secret_files import BYTES_MAX, read_secret_into
from memesnipe.kernel.errors import ConfigError
from memesnipe.signer.memory import SecretKey, wiped

SEED_BYTES, KEYPAIR_BYTES = 32, 64
_Byte = Annotated[int, Meta(ge=0, le=255)]
_Keypair = Annotated[list[_Byte], Meta(min_length=KEYPAIR_BYTES, max_length=KEYPAIR_BYTES)]


class Wallet:
    """Signs message bytes. Ed25519 is deterministic: the same message always gives the same signature."""

    __slots__ = ("_key", "pubkey")

    def __init__(self, keypair: bytes | bytearray, where: str = "keypair") -> None:
        """Take seed and public key, 64 bytes. The caller overwrites what it holds of them."""
        self._key = secret_key_of(keypair, where)
        self.pubkey = Pubkey.from_bytes(self._key.public)

    @classmethod
    def load(cls, path: Path) -> "Wallet":
        """Read a Solana keypair file (JSON array of 64 integers). Raises ConfigError, also when others can read the file."""
        keypair = keypair_in(path)
        try:
            return cls(keypair, str(path))
        finally:
            wiped(keypair)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature over a transaction's message."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"Wallet({getattr(self, 'pubkey', '...')})"  # a traceback may print one that is half made

    def __reduce__(self) -> NoReturn:
        raise TypeError("the wallet is never pickled or copied")


def secret_key_of(keypair: bytes | bytearray, where: str) -> SecretKey:
    """Return the key of 64 bytes, seed and public key. Raises ConfigError naming `where` when they do not belong together."""
    halves = memoryview(keypair)  # slices of a view are no copies
    key = SecretKey(halves[:SEED_BYTES])
    if not hmac.compare_digest(key.public, halves[SEED_BYTES:]):
        key.wipe()
        raise ConfigError(f"{where}: its public half does not belong to its secret half")
    return key


def keypair_in(path: Path) -> bytearray:
    """Return what a Solana keypair file holds; the caller overwrites it. Raises ConfigError, which never quotes the file."""
    raw = bytearray(BYTES_MAX + 1)
    try:
        return _parsed(memoryview(raw)[: read_secret_into(path, raw)])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ConfigError(f"{path}: must be a JSON array of {KEYPAIR_BYTES} integers from 0 to 255") from None
    finally:
        wiped(raw)


def _parsed(text: memoryview) -> bytearray:
    numbers = msgspec.json.decode(text, type=_Keypair)
    keypair = bytearray(KEYPAIR_BYTES)  # filled in place: a buffer that grows leaves copies behind
    for place, number in enumerate(numbers):
        keypair[place], numbers[place] = number, 0
    return keypair
