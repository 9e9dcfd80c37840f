"""From a request to signed bytes: decide, sign, make it durable, and only then let it out."""

import time

from solders.signature import Signature

from memesnipe.kernel.clock import Clock
from memesnipe.kernel.errors import Refused, Unavailable
from memesnipe.kernel.failpoints import failpoint
from memesnipe.kernel.logs import logger
from memesnipe.kernel.metrics import REJECTIONS
from memesnipe.messages.signing import SignedTransaction, SwapTransaction
from memesnipe.signer import metrics
from memesnipe.signer.case import Known, Rails
from memesnipe.signer.decide import Verdict, decide
from memesnipe.signer.keys import KeySource
from memesnipe.signer.store import PART, Signed, Store

_log = logger()
ONE_SIGNATURE = b"\x01"
"""Wire form of a legacy or v0 transaction: the number of signatures, the signatures, the message."""


class Signer:
    """Holds the key and the store. One request at a time: each must see what the one before it spent."""

    def __init__(self, wallet: KeySource, store: Store, rails: Rails, clock: Clock) -> None:
        self._wallet, self._store, self._rails, self._clock = wallet, store, rails, clock
        self._halt_epoch = store.halt_epoch

    @property
    def address(self) -> str:
        """The wallet's public key, base58."""
        return str(self._wallet.pubkey)

    def sign(self, request: SwapTransaction) -> SignedTransaction:
        """Return the signed transaction; the same request gets the same bytes. Raises Refused, or Unavailable from store or key."""
        started_s = time.perf_counter()
        try:
            signed = self._sign(decide(request, self._known(request), self._rails))
        except Refused as refused:
            self._note_refusal(request, refused)
            raise
        except Unavailable as error:
            metrics.STORE_FAILURES.inc(error.part == PART)
            raise
        metrics.SIGN_S.observe(time.perf_counter() - started_s)
        return _answer(request, signed)

    def _known(self, request: SwapTransaction) -> Known:
        now_ns = max(self._clock.now_ns(), self._store.watermark_ns)
        return Known(self._store.of_intent(request.intent.id), self._store.windows.spent(now_ns), self._halt_epoch, now_ns)

    def _sign(self, verdict: Verdict) -> Signed:
        self._halt_epoch = max(self._halt_epoch, verdict.case.lease.halt_epoch)
        if verdict.earlier is not None:
            metrics.REPEATS.inc()
            return verdict.earlier
        line = verdict.line(self._store.lines + 1, self._wallet.sign(verdict.case.request.message))
        self._store.append(line)
        self._note_signature(verdict)
        failpoint("signer.before_answer")
        return Signed(line.attempt, line.message_digest, line.signature, line.last_valid_block_height)

    def _note_signature(self, verdict: Verdict) -> None:
        request, before = verdict.case.request, verdict.case.known.spent
        metrics.NEW[verdict.case.reduces].inc()
        metrics.SPENT_HOUR.set(before.hour + verdict.spend_lamports)
        metrics.SPENT_DAY.set(before.day + verdict.spend_lamports)
        metrics.AUDIT_LINES.set(self._store.lines)
        _log.info(
            "signed",
            strategy=request.intent.strategy,
            intent=request.intent.id,
            attempt=request.attempt,
            spend_lamports=verdict.spend_lamports,
            audit_line=self._store.lines,
            audit_head=self._store.head.hex(),
        )

    def _note_refusal(self, request: SwapTransaction, refused: Refused) -> None:
        REJECTIONS.labels("signer", refused.code.value).inc()
        _log.warning(
            "refused",
            strategy=request.intent.strategy,
            intent=request.intent.id,
            attempt=request.attempt,
            reason=refused.code.value,
            detail=refused.detail,
        )


def _answer(request: SwapTransaction, signed: Signed) -> SignedTransaction:
    """The message of the request is the stored one: their digests are equal."""
    return SignedTransaction(
        intent_id=request.intent.id,
        attempt=signed.attempt,
        signature=str(Signature.from_bytes(signed.signature)),
        transaction=ONE_SIGNATURE + signed.signature + request.message,
        last_valid_block_height=signed.last_valid_block_height,
    )
