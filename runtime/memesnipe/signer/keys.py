"""Where signatures come from: the wallet's key in a file, or a service that holds it and signs for us.

A service's answer is only believed when it verifies under the address that was pinned here: one that lies, was given another key
or rotated it, gets nothing out of the door. Ed25519 is deterministic (RFC 8032): asking twice for the same bytes gives the same
signature, so a retry can never make a second one.
"""

from typing import Protocol

from solders.pubkey import Pubkey

from memesnipe.approvals.keys import VerifyKey
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.kernel.logs import logger
from memesnipe.signer import metrics

PART = "signing key"
"""How failures of a key source are named."""


class KeySource(Protocol):
    """The wallet's key, wherever it lies."""

    @property
    def pubkey(self) -> Pubkey:
        """The wallet's address."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature over a transaction's message. Raises Unavailable: then nothing was signed for us."""
        ...


class Remote(Protocol):
    """A service that holds an Ed25519 key: Vault, a cloud's KMS. An adapter needs no more than this."""

    def sign(self, message: bytes) -> bytes:
        """Return what the service says is the signature. Raises Unavailable, within a time-out of its own."""
        ...


class Pinned:
    """A key that a service holds, under the one address that we believe."""

    def __init__(self, remote: Remote, pubkey: Pubkey) -> None:
        self._remote, self._key = remote, VerifyKey(bytes(pubkey))
        self.pubkey = pubkey

    def sign(self, message: bytes) -> bytes:
        """Return the signature if it is the pinned key's over exactly these bytes. Raises Unavailable."""
        try:
            signature = self._remote.sign(message)
        except Unavailable:
            metrics.KEY_FAILURES.labels("unavailable").inc()
            raise
        if not self._key.verifies(signature, message):
            metrics.KEY_FAILURES.labels("wrong_signature").inc()
            logger().error("wrong_signature", wallet=str(self.pubkey), detail="not by the pinned key: another key, a new version, or a lie")
            raise Unavailable(PART, f"its signature is not by {self.pubkey}")
        return signature


def pinned_address(text: str, variable: str) -> Pubkey:
    """Return a base58 address. Raises ConfigError naming the variable."""
    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise ConfigError(f"{variable}: must be the wallet's address in base58") from None
