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
from memesnipe.messages.signing import APPROVAL_TYPE, Approval, LookupTable, SwapTransaction

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


def stated_digest(request: SwapTransaction) -> bytes:
    """Return SHA-256 over what a request states beside its bytes: until which height they can land, the floor, the mint's account."""
    return hashlib.sha256(codec.encode((request.last_valid_block_height, request.min_out, request.mint))).digest()


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
    stated: bytes,
    risk_approval: bytes,
    mode: Mode,
    genesis: str,
    policy_hash: str,
    halt_epoch: int,
    now_ns: int,
    ttl_ns: int,
    key: SigningKey,
) -> bytes:
    """Return wallet_guard's envelope over one attempt's exact bytes. Raises BadInput for an attempt below FIRST_ATTEMPT.

    `stated`: `stated_digest` of the request.
    """
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
        stated_digest=stated,
    )
    return seal(APPROVAL_TYPE, codec.encode(approval), key)


def check_risk(envelope: bytes, intent: Intent, trusted: TrustedKeys, now_ns: int) -> Approval:
    """Return the risk approval of exactly this intent. Raises Refused."""
    approval = _opened(unseal(envelope, APPROVAL_TYPE, (trusted.risk,)))
    approved_in_its_role(approval, "risk")
    approved_is_this_intent(approval, intent)
    approved_is_no_attempt(approval)
    _require_alive(approval, now_ns)
    return approval


def check_guard(
    envelope: bytes,
    intent: Intent,
    *,
    attempt: int,
    message: bytes,
    tables: Sequence[LookupTable],
    stated: bytes,
    risk_approval: bytes,
    trusted: TrustedKeys,
    now_ns: int,
) -> Approval:
    """Return the guard approval of exactly this attempt, message, tables, statements and risk approval. Raises Refused."""
    approval = _opened(unseal(envelope, APPROVAL_TYPE, (trusted.guard,)))
    approved_in_its_role(approval, "guard")
    approved_is_this_intent(approval, intent)
    approved_is_this_attempt(approval, attempt)
    approved_are_these_bytes(approval, message)
    approved_after_this_risk_approval(approval, risk_approval)
    approved_are_these_tables(approval, tables)
    approved_is_what_is_stated(approval, stated)
    _require_alive(approval, now_ns)
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


def approved_in_its_role(approval: Approval, role: str) -> None:
    """One role's word must not pass for another's."""
    _require(approval.role == role, f"the role is not {role}")


def approved_is_this_intent(approval: Approval, intent: Intent) -> None:
    """To the last byte: another size, mint or price is another order."""
    if approval.intent_id != intent.id or approval.strategy != intent.strategy:
        raise Refused(ReasonCode.APPROVAL_INVALID, f"approved is intent {approval.intent_id}")
    _require(approval.intent_digest == intent_digest(intent), "the intent is not the one that was approved")


def approved_is_no_attempt(approval: Approval) -> None:
    """Risk speaks of orders alone; a statement of another shape is not one of its."""
    _require(approval.attempt == 0, "a risk approval is for the order, not for an attempt")
    others = approval.message_digest or approval.risk_digest or approval.tables_digest or approval.stated_digest
    _require(not others, "a risk approval carries no other digest")


def approved_is_this_attempt(approval: Approval, attempt: int) -> None:
    """An approval of the first attempt is none of the second."""
    _require(approval.attempt == attempt, f"approved is attempt {approval.attempt}, not {attempt}")


def approved_are_these_bytes(approval: Approval, message: bytes) -> None:
    """What is signed is what was judged."""
    _require(approval.message_digest == message_digest(message), "approved are other message bytes")


def approved_after_this_risk_approval(approval: Approval, risk_approval: bytes) -> None:
    """The guard said yes because risk had said this yes, not another."""
    _require(approval.risk_digest == envelope_digest(risk_approval), "approved is another risk approval")


def approved_are_these_tables(approval: Approval, tables: Sequence[LookupTable]) -> None:
    """A table that changed between check and use would give the same bytes another meaning."""
    _require(approval.tables_digest == tables_digest(tables), "approved are other lookup tables")


def approved_is_what_is_stated(approval: Approval, stated: bytes) -> None:
    """The height decides when a second attempt may be made, the floor what is given up, the mint what is bought."""
    _require(approval.stated_digest == stated, "approved are another height, floor or mint account")


def life_is_within_the_allowed(approval: Approval) -> None:
    """A yes that never ends outlives what it knew."""
    _require(0 < approval.expires_ns - approval.issued_ns <= APPROVAL_TTL_NS_MAX, "its life is not within the allowed one")


def issued_is_not_ahead(approval: Approval, now_ns: int) -> None:
    """A clock that runs ahead gives approvals a longer life than they have."""
    if not (approval.issued_ns <= now_ns + SKEW_NS_MAX):
        raise Refused(ReasonCode.CLOCK_SKEW, f"{approval.role} approval is from {approval.issued_ns - now_ns} ns in the future")


def approval_has_not_expired(approval: Approval, now_ns: int) -> None:
    """The market, the limits and the halts that it knew are gone."""
    if not (now_ns < approval.expires_ns):
        raise Refused(ReasonCode.APPROVAL_EXPIRED, f"{approval.role} approval ended {now_ns - approval.expires_ns} ns ago")


def _require_alive(approval: Approval, now_ns: int) -> None:
    life_is_within_the_allowed(approval)
    issued_is_not_ahead(approval, now_ns)
    approval_has_not_expired(approval, now_ns)


def _require(fits: bool, otherwise: str) -> None:
    if not fits:
        raise Refused(ReasonCode.APPROVAL_INVALID, otherwise)


def _bounded(ttl_ns: int) -> int:
    if not (0 < ttl_ns <= APPROVAL_TTL_NS_MAX):
        raise BadInput("ttl_ns", f"must be above 0 and at most {APPROVAL_TTL_NS_MAX}, not {ttl_ns}")
    return ttl_ns
