"""The wallet key: read once, kept out of every text, log and copy."""

import hmac
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
from msgspec import Meta
from nacl.bindings import crypto_sign, crypto_sign_BYTES, crypto_sign_seed_keypair
from solders.pubkey import Pubkey

from memesnipe.approvals.secret_files import read_secret
from memesnipe.kernel.errors import ConfigError

_Byte = Annotated[int, Meta(ge=0, le=255)]
_Keypair = Annotated[list[_Byte], Meta(min_length=64, max_length=64)]


class Wallet:
    """Signs message bytes. Ed25519 is deterministic: the same message always gives the same signature."""

    __slots__ = ("_pair", "pubkey")

    def __init__(self, keypair: bytes) -> None:
        public, pair = crypto_sign_seed_keypair(keypair[:32])
        if not hmac.compare_digest(public, keypair[32:]):
            raise ConfigError("wallet file: its public half does not belong to its secret half")
        self._pair = pair
        self.pubkey = Pubkey.from_bytes(public)

    @classmethod
    def load(cls, path: Path) -> "Wallet":
        """Read a Solana keypair file (JSON array of 64 integers). Raises ConfigError, also when others can read the file."""
        raw = read_secret(path)
        try:
            numbers = msgspec.json.decode(raw, type=_Keypair)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # The parser's own message could quote the key.
            raise ConfigError(f"{path}: must be a JSON array of 64 integers from 0 to 255") from None
        return cls(bytes(numbers))

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature over a transaction's message."""
        return crypto_sign(message, self._pair)[:crypto_sign_BYTES]

    def __repr__(self) -> str:
        return f"Wallet({self.pubkey})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("the wallet is never pickled or copied")
