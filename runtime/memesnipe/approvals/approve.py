"""Approvals: risk_guardian's yes to an order, wallet_guard's yes to one attempt's exact bytes, and the checks of both.

An approval is a capability: whoever holds it may act on it, so it names everything it is for (one intent by digest, one message
by digest, mode, chain, policy, halt epoch) and it dies soon.
"""

import hashlib
from collections.abc import Sequence

from memesnipe.approvals.dsse import seal, unseal
from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput, Refused
from memesnipe.kernel.ids import derive
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages import codec
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import Intent
from memesnipe.messages.signing import APPROVAL_TYPE, Approval, LookupTable

SKEW_NS_MAX = 2 * NS_PER_S
"""How far ahead the clock of the one who approved may run."""
APPROVAL_TTL_NS_MAX = 600 * NS_PER_S
"""An approval that would live longer is refused: it would outlive what it knew."""
FIRST_ATTEMPT = 1
"""Attempts count from here; 0 is the risk approval, which is for the order and not for an attempt."""


def intent_digest(intent: Intent) -> bytes:
    """Return SHA-256 over the intent's encoded bytes."""
    return hashlib.sha256(codec.encode(intent)).digest()


def message_digest(message: bytes) -> bytes:
    """Return SHA-256 over a transaction's message bytes."""
    return hashlib.sha256(message).digest()


def envelope_digest(envelope: bytes) -> bytes:
    """Return SHA-256 over an envelope; an envelope has one spelling, so this names one statement."""
    return hashlib.sha256(envelope).digest()


def tables_digest(tables: Sequence[LookupTable]) -> bytes:
    """Return SHA-256 over the lookup tables in their order, empty without tables."""
    return hashlib.sha256(codec.encode(tuple(tables))).digest() if tables else b""


def approve_risk(
    intent: Intent, *, mode: Mode, genesis: str, policy_hash: str, halt_epoch: int, now_ns: int, ttl_ns: int, key: SigningKey
) -> bytes:
    """Return risk_guardian's envelope over an order."""
    approval = Approval(
        role="risk",
        genesis=genesis,
        mode=mode,
        strategy=intent.strategy,
        intent_id=intent.id,
        attempt=0,
        intent_digest=intent_digest(intent),
        message_digest=b"",
        risk_digest=b"",
        tables_digest=b"",
        policy_hash=policy_hash,
        halt_epoch=halt_epoch,
        issued_ns=now_ns,
        expires_ns=now_ns + _bounded(ttl_ns),
        nonce=derive("risk", intent.id, now_ns),
    )
    return seal(APPROVAL_TYPE, codec.encode(approval), key)


def approve_guard(
    intent: Intent,
    *,
    attempt: int,
    message: bytes,
    tables: Sequence[LookupTable],
    risk_approval: bytes,
    mode: Mode,
    genesis: str,
    policy_hash: str,
    halt_epoch: int,
    now_ns: int,
    ttl_ns: int,
    key: SigningKey,
) -> bytes:
    """Return wallet_guard's envelope over one attempt's exact bytes. Raises BadInput for an attempt below FIRST_ATTEMPT."""
    if attempt < FIRST_ATTEMPT:
        raise BadInput("attempt", f"attempts count from {FIRST_ATTEMPT}, not {attempt}")
    approval = Approval(
        role="guard",
        genesis=genesis,
        mode=mode,
        strategy=intent.strategy,
        intent_id=intent.id,
        attempt=attempt,
        intent_digest=intent_digest(intent),
        message_digest=message_digest(message),
        risk_digest=envelope_digest(risk_approval),
        tables_digest=tables_digest(tables),
        policy_hash=policy_hash,
        halt_epoch=halt_epoch,
        issued_ns=now_ns,
        expires_ns=now_ns + _bounded(ttl_ns),
        nonce=derive("guard", intent.id, attempt, now_ns),
    )
    return seal(APPROVAL_TYPE, codec.encode(approval), key)


def check_risk(envelope: bytes, intent: Intent, trusted: TrustedKeys, now_ns: int) -> Approval:
    """Return the risk approval of exactly this intent. Raises Refused."""
    approval = _opened(unseal(envelope, APPROVAL_TYPE, (trusted.risk,)))
    _require(approval.role == "risk", "the role is not risk")
    _require_intent(approval, intent)
    _require(approval.attempt == 0, "a risk approval is for the order, not for an attempt")
    _require(not (approval.message_digest or approval.risk_digest or approval.tables_digest), "a risk approval carries no other digest")
    _require_live(approval, now_ns)
    return approval


def check_guard(
    envelope: bytes,
    intent: Intent,
    *,
    attempt: int,
    message: bytes,
    tables: Sequence[LookupTable],
    risk_approval: bytes,
    trusted: TrustedKeys,
    now_ns: int,
) -> Approval:
    """Return the guard approval of exactly this attempt, message, tables and risk approval. Raises Refused."""
    approval = _opened(unseal(envelope, APPROVAL_TYPE, (trusted.guard,)))
    _require(approval.role == "guard", "the role is not guard")
    _require_intent(approval, intent)
    if approval.attempt != attempt:
        raise Refused(ReasonCode.APPROVAL_INVALID, f"approved is attempt {approval.attempt}, not {attempt}")
    _require(approval.message_digest == message_digest(message), "approved are other message bytes")
    _require(approval.risk_digest == envelope_digest(risk_approval), "approved is another risk approval")
    _require(approval.tables_digest == tables_digest(tables), "approved are other lookup tables")
    _require_live(approval, now_ns)
    return approval


def check_context(approval: Approval, *, mode: Mode, genesis: str, policy_hash: str) -> None:
    """Raise Refused unless the approval was given for this mode, chain and policy."""
    if approval.mode is not mode:
        raise Refused(ReasonCode.MODE_MISMATCH, f"{approval.role} approved {approval.mode.value}, not {mode.value}")
    if not genesis or approval.genesis != genesis:
        raise Refused(ReasonCode.GENESIS_MISMATCH, f"{approval.role} approved for chain {approval.genesis!r}, not {genesis!r}")
    if approval.policy_hash != policy_hash:
        raise Refused(ReasonCode.POLICY_MISMATCH, f"{approval.role} approved under policy {approval.policy_hash!r}, not {policy_hash!r}")


def _opened(payload: bytes) -> Approval:
    try:
        return codec.decode(Approval, payload)
    except BadInput as error:
        raise Refused(ReasonCode.APPROVAL_INVALID, f"payload: {error}") from None


def _require(fits: bool, otherwise: str) -> None:
    if not fits:
        raise Refused(ReasonCode.APPROVAL_INVALID, otherwise)


def _require_intent(approval: Approval, intent: Intent) -> None:
    if approval.intent_id != intent.id or approval.strategy != intent.strategy:
        raise Refused(ReasonCode.APPROVAL_INVALID, f"approved is intent {approval.intent_id}")
    _require(approval.intent_digest == intent_digest(intent), "the intent is not the one that was approved")


def _require_live(approval: Approval, now_ns: int) -> None:
    _require(0 < approval.expires_ns - approval.issued_ns <= APPROVAL_TTL_NS_MAX, "its life is not within the allowed one")
    if not (approval.issued_ns <= now_ns + SKEW_NS_MAX):
        raise Refused(ReasonCode.CLOCK_SKEW, f"{approval.role} approval is from {approval.issued_ns - now_ns} ns in the future")
    if not (now_ns < approval.expires_ns):
        raise Refused(ReasonCode.APPROVAL_EXPIRED, f"{approval.role} approval ended {now_ns - approval.expires_ns} ns ago")


def _bounded(ttl_ns: int) -> int:
    if not (0 < ttl_ns <= APPROVAL_TTL_NS_MAX):
        raise BadInput("ttl_ns", f"must be above 0 and at most {APPROVAL_TTL_NS_MAX}, not {ttl_ns}")
    return ttl_ns
