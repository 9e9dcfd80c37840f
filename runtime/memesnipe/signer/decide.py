"""The signer's decision: request + what is known -> what to sign, or Refused. No clock, no I/O, no key.

Order matters: whose word is it (lease, risk, guard), does it fit together (`CHECKS`), was it signed before, what do the bytes do
(`chain.policy`), may it be spent. Nothing here may approve; what no rule refuses is signed.
"""

import msgspec

from memesnipe.approvals import approve, leases
from memesnipe.chain import policy
from memesnipe.messages.signing import SwapTransaction
from memesnipe.signer.audit import Line
from memesnipe.signer.case import Case, Known, Rails
from memesnipe.signer.checks import CHECKS, CHECKS_BEFORE_SIGNING, Check, spend_is_within_caps
from memesnipe.signer.store import Signed


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """A yes. `earlier`: the stored signature of the same bytes, to be given again; else sign, and count `spend_lamports`."""

    case: Case
    earlier: Signed | None = None
    spend_lamports: int = 0

    def line(self, seq: int, signature: bytes) -> Line:
        """Return the audit line of a new signature."""
        request, guard = self.case.request, self.case.guard
        return Line(
            seq=seq,
            time_ns=self.case.known.now_ns,
            strategy=request.intent.strategy,
            intent_id=request.intent.id,
            attempt=request.attempt,
            message_digest=guard.message_digest,
            signature=signature,
            last_valid_block_height=request.last_valid_block_height,
            spend_lamports=self.spend_lamports,
            reduces=int(self.case.reduces),
            policy_hash=guard.policy_hash,
            halt_epoch=self.case.lease.halt_epoch,
            risk_digest=guard.risk_digest,
            guard_digest=approve.envelope_digest(request.guard_approval),
            lease_digest=approve.envelope_digest(request.lease),
        )


def decide(request: SwapTransaction, known: Known, rails: Rails) -> Verdict:
    """Return the verdict. Raises Refused with the first reason found."""
    case = _opened(request, known, rails)
    _hold(CHECKS, case)
    earlier = next((each for each in known.signed if each.attempt == request.attempt), None)
    if earlier is not None:
        return Verdict(case, earlier)
    _hold(CHECKS_BEFORE_SIGNING, case)
    spend_lamports = _spend_of(case)
    if refused := spend_is_within_caps(case, spend_lamports):
        raise refused
    return Verdict(case, None, spend_lamports)


def _hold(checks: tuple[Check, ...], case: Case) -> None:
    for check in checks:
        if refused := check(case):
            raise refused


def _opened(request: SwapTransaction, known: Known, rails: Rails) -> Case:
    intent, now_ns, trusted = request.intent, known.now_ns, rails.trusted
    lease = leases.check(request.lease, trusted, now_ns)
    risk = approve.check_risk(request.risk_approval, intent, trusted, now_ns)
    guard = approve.check_guard(
        request.guard_approval,
        intent,
        attempt=request.attempt,
        message=request.message,
        tables=request.tables,
        stated=approve.stated_digest(request),
        risk_approval=request.risk_approval,
        trusted=trusted,
        now_ns=now_ns,
    )
    return Case(request, lease, risk, guard, known, rails, policy.sells(intent))


def _spend_of(case: Case) -> int:
    """Return the most lamports the bytes can cost, having refused bytes that are not exactly the order."""
    request, lease, rails = case.request, case.lease, case.rails
    limits = policy.Limits(
        priority_fee_lamports_max=min(lease.priority_fee_lamports_max, rails.priority_fee_lamports_max),
        tip_lamports_max=min(lease.tip_lamports_max, rails.tip_lamports_max),
        impact_bps_max=rails.impact_bps_max,
    )
    terms = policy.terms_of(request.intent, wallet=rails.wallet, min_out=request.min_out, limits=limits, mint=request.mint)
    summary = policy.check(request.message, request.tables, terms)
    return summary.cost_lamports + (0 if case.reduces else summary.swap.in_amount)
