"""Jito's auth key: it signs a challenge of Jito's shape, and no other bytes.

Jito's block engine knows a searcher by a key of its own (gRPC `auth.AuthService`): `GenerateAuthChallenge` gives a challenge, the
client signs the UTF-8 text `<base58 public key>-<challenge>` and sends text and signature to `GenerateAuthTokens`. Jito puts the public
key in front so that no server can have a transaction signed as a challenge (jito-relayer, `auth_service.rs`); there a challenge is
nine letters and digits. We take 6 to 64, and nothing else.

Why such a text can never be anything else of ours: a transaction's message that begins with a base58 letter (0x31 to 0x7a) is a legacy
one with at least 49 signers, so more than 1,568 bytes long, and this text has at most 109; a versioned message begins with 0x80 or
more; an approval or a lease is signed over `DSSEv1 ` and a space is in no challenge. And the key is not the wallet's: the signer
does not start if it is.
"""

import re
from collections.abc import Collection
from pathlib import Path

from solders.pubkey import Pubkey
from solders.signature import Signature

from memesnipe.kernel.clock import NS_PER_S, Clock
from memesnipe.kernel.errors import ConfigError, Refused
from memesnipe.kernel.logs import logger
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.signing import JitoProof
from memesnipe.signer import metrics
from memesnipe.signer.memory import SecretKey, wiped
from memesnipe.signer.wallet import keypair_in, secret_key_of

CHALLENGE = re.compile(r"[A-Za-z0-9]{6,64}")
EVERY_NS = 10 * NS_PER_S
BURST = 5
"""A token lives for half an hour and more; an honest client asks a few times at its start, and then seldom."""


class JitoAuth:
    """The key by which Jito knows us."""

    def __init__(self, key: SecretKey, clock: Clock) -> None:
        self._key, self._clock = key, clock
        self._full_ns = 0
        """When the allowance is whole again."""
        self.pubkey = Pubkey.from_bytes(key.public)

    @classmethod
    def load(cls, path: Path, clock: Clock, taken: Collection[bytes]) -> "JitoAuth":
        """Read a Solana keypair file. Raises ConfigError, also when it is one of the `taken` public keys: the wallet's, or a role's."""
        keypair = keypair_in(path)
        try:
            key = secret_key_of(keypair, str(path))
        finally:
            wiped(keypair)
        if key.public in taken:
            key.wipe()
            raise ConfigError("MEMESNIPE_JITO_AUTH_FILE: is a key with another use here; Jito's must be one of its own (solana-keygen new)")
        return cls(key, clock)

    def answer(self, challenge: str) -> JitoProof:
        """Return the proof for one challenge. Raises Refused(JITO_CHALLENGE)."""
        try:
            self._require(challenge)
        except Refused as refused:
            metrics.JITO_CHALLENGES.labels("refused").inc()
            logger().warning("jito_challenge_refused", detail=refused.detail)
            raise
        text = f"{self.pubkey}-{challenge}"
        signature = Signature.from_bytes(self._key.sign(text.encode("ascii")))
        metrics.JITO_CHALLENGES.labels("signed").inc()
        logger().info("jito_challenge_signed", challenge=challenge, jito_key=str(self.pubkey))
        return JitoProof(str(self.pubkey), text, str(signature))

    def _require(self, challenge: str) -> None:
        if not CHALLENGE.fullmatch(challenge):
            raise Refused(ReasonCode.JITO_CHALLENGE, "a challenge is 6 to 64 letters and digits")
        now_ns = self._clock.now_ns()
        latest_ns = now_ns + BURST * EVERY_NS
        self._full_ns = max(now_ns, min(self._full_ns, latest_ns))  # a clock set back must not close the door for as long
        if not (self._full_ns + EVERY_NS <= latest_ns):
            raise Refused(ReasonCode.JITO_CHALLENGE, f"more than {BURST} challenges, and one more each {EVERY_NS // NS_PER_S} s")
        self._full_ns += EVERY_NS
