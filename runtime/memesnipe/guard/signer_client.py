"""wallet_guard's side of the signer's door: one request, one answer, and what each answer means.

The same request always gets the same signature, so asking again after a time-out is safe here, unlike anywhere else.
"""

import ssl
from typing import Annotated

import httpx
import msgspec
from msgspec import Meta
from solders.message import to_bytes_versioned
from solders.transaction import VersionedTransaction

from memesnipe.approvals import certificates
from memesnipe.chain.clients.limits import Lane, Rate
from memesnipe.chain.clients.transport import Transport, bad_input
from memesnipe.guard import metrics
from memesnipe.kernel.errors import BadInput, Refused, Unavailable
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages import codec
from memesnipe.messages.bounds import Pubkey
from memesnipe.messages.signing import EarlierSignature, SignedTransaction, SwapTransaction

RATE = Rate(per_s=1_000.0, burst=1_000, reserved=100)
"""The signer is ours and on the same host or in the same cluster; this only bounds a loop that has gone mad."""
CONNECT_S_MAX = 2.0
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


class _Renewed(httpx.AsyncBaseTransport):
    """Connections under the newest certificates: a pool keeps the context it was made with, so a new context gets a new pool."""

    def __init__(self, contexts: certificates.Contexts) -> None:
        self._contexts = contexts
        self._pools: dict[ssl.SSLContext, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send by the pool of the context in force. The ones before are left to end what they carry, until the guard closes them all."""
        context = self._contexts()
        if context not in self._pools:
            self._pools[context] = httpx.AsyncHTTPTransport(verify=context, trust_env=False)
        response = await self._pools[context].handle_async_request(request)
        _note_end(response)
        return response

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.aclose()


def _note_end(response: httpx.Response) -> None:
    """Show when the signer's certificate ends: afterwards nothing is signed, so somebody must know long before."""
    stream = response.extensions.get("network_stream")
    tls = stream.get_extra_info("ssl_object") if stream else None
    shown: dict[str, str] = (tls.getpeercert() if tls else None) or {}
    if "notAfter" in shown:
        metrics.SIGNER_CERTIFICATE_EXPIRES_S.set(ssl.cert_time_to_seconds(shown["notAfter"]))


class SignerClient:
    """The signer at one URL."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @classmethod
    def at(cls, url: str, files: certificates.Files | None = None, timeout_s: float = 5.0) -> "SignerClient":
        """Return a client, under mutual TLS with `files`. Raises ConfigError. Here 403 is the signer's refusal, not a refused API key."""
        timeout = httpx.Timeout(timeout_s, connect=CONNECT_S_MAX)
        http = httpx.AsyncClient(timeout=timeout, transport=_mutual(files), trust_env=False) if files else None
        return cls(Transport("signer", url, rate=RATE, timeout_s=timeout_s, key_refusals=(), http=http))

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


def _mutual(files: certificates.Files) -> _Renewed:
    return _Renewed(certificates.Following(files, certificates.client))


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
