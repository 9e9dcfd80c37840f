"""wallet_guard's side of the signer's door: one request, one answer, and what each answer means.

The same request always gets the same signature, so asking again after a time-out is safe here, unlike anywhere else.
"""

from typing import Annotated

import msgspec
from msgspec import Meta
from solders.message import to_bytes_versioned
from solders.transaction import VersionedTransaction

from memesnipe.chain.clients.limits import Lane, Rate
from memesnipe.chain.clients.transport import Transport, bad_input
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages import codec
from memesnipe.messages.bounds import Pubkey
from memesnipe.messages.signing import EarlierSignature, SignedTransaction, SwapTransaction

RATE = Rate(per_s=1_000.0, burst=1_000, reserved=100)
"""The signer is ours and on the same host or in the same cluster; this only bounds a loop that has gone mad."""
_MSGPACK = "application/msgpack"


class _Refusal(msgspec.Struct, frozen=True):
    code: Annotated[str, Meta(max_length=64)]
    detail: Annotated[str, Meta(max_length=512)] = ""
    earlier: EarlierSignature | None = None


class AlreadySigned(Refused):
    """Other bytes were signed for this attempt, by a guard whose memory is lost or that works beside us; they may land."""

    def __init__(self, detail: str, earlier: EarlierSignature) -> None:
        super().__init__(ReasonCode.REPLAYED, detail)
        self.earlier = earlier


_pubkey = msgspec.json.Decoder(Pubkey)
_refusal = msgspec.msgpack.Decoder(_Refusal)


class SignerClient:
    """The signer at one URL."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @classmethod
    def at(cls, url: str, timeout_s: float = 5.0) -> "SignerClient":
        """Return a client; here 403 is the signer's refusal, not a refused API key."""
        return cls(Transport("signer", url, rate=RATE, timeout_s=timeout_s, key_refusals=()))

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def wallet(self) -> str:
        """Return the wallet's address. Raises Unavailable, BadInput."""
        reply = await self._transport.get("/pubkey", {}, call="pubkey")
        try:
            return _pubkey.decode(b'"%b"' % reply.body.strip())
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise bad_input("signer", "pubkey", "not an address") from None

    async def sign(self, request: SwapTransaction, lane: Lane = Lane.NORMAL) -> SignedTransaction:
        """Return the signed transaction of exactly these bytes. Raises Refused(SIGNER_REFUSED), AlreadySigned, Unavailable, BadInput."""
        reply = await self._transport.post("/sign", codec.encode(request), call="sign", lane=lane, content_type=_MSGPACK)
        if reply.status == 403:
            raise _refused(reply.body, request)
        if reply.status != 200:
            raise Refused(ReasonCode.SIGNER_REFUSED, f"HTTP {reply.status}: the signer could not read the request")
        signed = codec.decode(SignedTransaction, reply.body)
        _require_same(signed, request)
        return signed


def _refused(body: bytes, request: SwapTransaction) -> Refused:
    try:
        refusal = _refusal.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Unavailable("signer", "a refusal that cannot be read") from None
    earlier = refusal.earlier
    if earlier is not None and (earlier.intent_id, earlier.attempt) == (request.intent.id, request.attempt):
        return AlreadySigned(refusal.detail, earlier)
    return Refused(ReasonCode.SIGNER_REFUSED, f"{refusal.code}: {refusal.detail}"[:512])


def _require_same(signed: SignedTransaction, request: SwapTransaction) -> None:
    """What is broadcast must be what was asked for, under a signature that verifies."""
    try:
        transaction = VersionedTransaction.from_bytes(signed.transaction)
        same = bytes(to_bytes_versioned(transaction.message)) == request.message and bytes(transaction) == signed.transaction
        good = all(transaction.verify_with_results()) and str(transaction.signatures[0]) == signed.signature
    except Exception as error:  # solders raises several kinds, some of them only Exception
        raise BadInput("signer.transaction", f"cannot be read: {error}") from None
    if not (same and good and (signed.intent_id, signed.attempt) == (request.intent.id, request.attempt)):
        raise bad_input("signer", "transaction", "it is not what was asked for")
