"""JSON-RPC 2.0 over one POST: the request, and an answer that is either a result or an error with a code."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.metrics import Said
from memesnipe.chain.clients.transport import Transport, parsed
from memesnipe.kernel.errors import Refused, Unavailable
from memesnipe.kernel.reasons import ReasonCode

_RATE_LIMITED = (429, -32429)
_NODE_BEHIND = (-32004, -32005, -32014, -32016)
"""Block not available, node unhealthy, status not available yet, minimum context slot not reached: ask again later."""


class RpcError(msgspec.Struct, frozen=True):
    """JSON-RPC error object."""

    code: int
    message: Annotated[str, Meta(max_length=4_096)] = ""


class Envelope(msgspec.Struct, frozen=True):
    """Any JSON-RPC answer; the result stays raw until its type is known."""

    result: msgspec.Raw = msgspec.Raw(b"null")
    error: RpcError | None = None


_ENVELOPE = msgspec.json.Decoder(Envelope)


async def ask(transport: Transport, path: str, method: str, params: list[Any], lane: Lane) -> Envelope:
    """Return the host's answer. Raises Unavailable (a rate limit inside a 200 counts as one) and BadInput."""
    body = msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    reply = await transport.post(path, body, call=method, lane=lane)
    envelope = parsed(transport.part, reply.body, _ENVELOPE)
    if envelope.error is not None and envelope.error.code in _RATE_LIMITED:
        transport.said_no(method, Said.RATE_LIMITED_IN_200)
        transport.slow_down(method, 1.0)
        raise Unavailable(transport.part, f"{method}: rate limited")
    if envelope.error is not None:
        transport.said_no(method, Said.NODE_BEHIND if envelope.error.code in _NODE_BEHIND else Said.ERROR_IN_200)
    return envelope


def result_of(part: str, method: str, envelope: Envelope) -> bytes:
    """Return the raw result. Raises Unavailable while the node is behind and Refused(CHAIN_FAILED) on any other error."""
    error = envelope.error
    if error is None:
        return bytes(envelope.result)
    if error.code in _NODE_BEHIND:
        raise Unavailable(part, f"{method}: {error.message[:200]}")
    raise Refused(ReasonCode.CHAIN_FAILED, f"{part}.{method}: {error.code} {error.message[:200]}")
