"""What is said of an attempt that landed: a Fill, and after a failed one the Rejection that ends the order. Pure."""

import base64

from solders.transaction import VersionedTransaction

from memesnipe.chain.clients.rpc_types import Landed
from memesnipe.chain.deltas import Deltas, deltas
from memesnipe.guard.attempts import Attempt, Status
from memesnipe.guard.decide import rejection
from memesnipe.guard.paper import side_of
from memesnipe.kernel.errors import BadInput, Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ExitIntent, Fill, FillStatus, Outcome
from memesnipe.messages.signing import Signature, SignedTransaction
from memesnipe.messages.way import Way

_TRANSACTION = "rpc.getTransaction.transaction"
DECIMALS_UNKNOWN = 6
"""Shown where no balance of the token is in the answer (a failed first buy); amounts are base units all the same."""
DECIMALS_MAX = 19
"""A mint may claim up to 255. A fill that said so could not be read by anyone, and a fill must never be lost."""


def of_landed(
    attempt: Attempt, signed: Signature, landed: Landed, wallet: str, now_ns: int, way: Way | None = None
) -> tuple[Status, tuple[Outcome, ...]]:
    """Return how the attempt ended and what that means for its order. Raises BadInput when the answer does not fit itself."""
    intent = attempt.request.intent
    moved = deltas(landed, _bytes_of(signed, landed), wallet, intent.mint)
    fill = _fill(attempt, signed, landed, moved, now_ns, way)
    if moved.failed:
        return Status.FAILED, (fill, rejection(intent, Refused(ReasonCode.CHAIN_FAILED, moved.error), now_ns, way))
    return Status.LANDED, (fill,)


def _fill(attempt: Attempt, signed: Signature, landed: Landed, moved: Deltas, now_ns: int, way: Way | None) -> Fill:
    intent = attempt.request.intent
    return Fill(
        intent_id=intent.id,
        strategy=intent.strategy,
        mode=Mode.LIVE,
        attempt=attempt.request.attempt,
        signature=signed.signature,
        status=FillStatus.FAILED if moved.failed else FillStatus.FILLED,
        side=side_of(intent),
        mint=intent.mint,
        slot=landed.slot,
        time_ns=now_ns,
        sol_delta_lamports=moved.sol_lamports,
        token_delta_units=moved.token_units,
        fee_lamports=moved.fee_lamports,
        tip_lamports=moved.tip_lamports,
        rent_lamports=moved.rent_lamports,
        venue_fee_lamports=0,
        quoted_out=attempt.quoted_out,
        intent_time_ns=intent.time_ns,
        decimals=_shown(moved.decimals),
        exit_cause=intent.cause if isinstance(intent, ExitIntent) else None,
        error=moved.error,
        way=way,
    )


def _bytes_of(signed: Signature, landed: Landed) -> bytes:
    """Return the bytes that landed, proven to be ours: a host may answer with another transaction, and its numbers would be booked."""
    try:
        raw = base64.b64decode(landed.transaction[0], validate=True)
    except ValueError:
        raise BadInput(_TRANSACTION, "not base64") from None
    ours = raw == signed.transaction if isinstance(signed, SignedTransaction) else _is_signed_as(raw, signed.signature)
    if not ours:
        raise BadInput(_TRANSACTION, f"the host answered another transaction than {signed.signature}")
    return raw


def _is_signed_as(raw: bytes, signature: str) -> bool:
    """Of an adopted signature we never had the bytes: that it verifies over these proves them."""
    try:
        transaction = VersionedTransaction.from_bytes(raw)
        return str(transaction.signatures[0]) == signature and all(transaction.verify_with_results())
    except Exception as error:  # solders raises several kinds, some of them only Exception
        raise BadInput(_TRANSACTION, f"cannot be read: {error}") from None


def _shown(decimals: int | None) -> int:
    return decimals if decimals is not None and decimals <= DECIMALS_MAX else DECIMALS_UNKNOWN
