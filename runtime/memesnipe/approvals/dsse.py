"""DSSE envelopes (https://github.com/secure-systems-lab/dsse, v1): exact payload bytes under one Ed25519 signature.

JSON `{"payload": base64, "payloadType": text, "signatures": [{"keyid": text, "sig": base64}]}`. The signature is over
PAE = `DSSEv1 <len(type)> <type> <len(payload)> <payload>`, so nothing is canonicalised before it is verified.

Stricter than the standard: one signature, and ONE spelling of the JSON. An envelope that does not re-encode to its own bytes is
refused, which closes duplicate keys, extra fields, whitespace and the spare bits of base64 at once; the digest of an envelope,
which the guard's approval carries, therefore names one statement and not a family of them.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from memesnipe.approvals.keys import SigningKey, VerifyKey
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode

ENVELOPE_BYTES_MAX = 4_096


class _Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    keyid: Annotated[str, Meta(max_length=64)]
    sig: bytes


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"payload_type": "payloadType"}):
    payload: bytes
    payload_type: Annotated[str, Meta(max_length=128)]
    signatures: Annotated[tuple[_Signature, ...], Meta(min_length=1, max_length=1)]


_decoder = msgspec.json.Decoder(_Envelope)
_encoder = msgspec.json.Encoder()


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding that is signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def seal(payload_type: str, payload: bytes, key: SigningKey) -> bytes:
    """Return the envelope (JSON bytes) of `payload` signed by `key`."""
    signature = _Signature(key.key_id, key.sign(pae(payload_type, payload)))
    return _encoder.encode(_Envelope(payload, payload_type, (signature,)))


def unseal(envelope: bytes, payload_type: str, verify_keys: Sequence[VerifyKey]) -> bytes:
    """Return the payload if one of `verify_keys` signed it as `payload_type`. Raises Refused(APPROVAL_INVALID)."""
    parts = _parse(envelope)
    if parts.payload_type != payload_type:
        raise _refused(f"payload type {parts.payload_type!r} instead of {payload_type!r}")
    signature, signed = parts.signatures[0], pae(payload_type, parts.payload)
    if not any(key.key_id == signature.keyid and key.verifies(signature.sig, signed) for key in verify_keys):
        raise _refused("not signed by the key pinned for this role")
    return parts.payload


def _parse(envelope: bytes) -> _Envelope:
    if len(envelope) > ENVELOPE_BYTES_MAX:
        raise _refused(f"envelope of {len(envelope)} bytes, more than {ENVELOPE_BYTES_MAX}")
    try:
        parts = _decoder.decode(envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(f"not a DSSE envelope: {error}") from None
    if _encoder.encode(parts) != envelope:
        raise _refused("envelope is not in its one spelling (duplicate keys, spaces or spare bits)")
    return parts


def _refused(detail: str) -> Refused:
    return Refused(ReasonCode.APPROVAL_INVALID, detail)
