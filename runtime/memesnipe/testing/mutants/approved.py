"""Kinds that break what stands around the bytes: leases, approvals, caps and attempts."""

import msgspec

from memesnipe.approvals import approve, leases
from memesnipe.chain import programs
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.signing import SwapTransaction
from memesnipe.signer import checks
from memesnipe.testing import mints, swaps
from memesnipe.testing.mutants.honest import Honest, is_exit
from memesnipe.testing.mutants.kind import Kind
from memesnipe.testing.swaps import NOW_NS

ATTEMPTS_MAX = 5
"""The signer's default."""


def leased(honest: Honest, **lease: object) -> SwapTransaction:
    """An honest request under another lease."""
    return honest.request(lease=honest.lease(**lease))


def approved(honest: Honest, **changes: object) -> SwapTransaction:
    """An honest request that both guards approved otherwise."""
    return honest.request(risk=changes, guard=changes)


def attempts(honest: Honest, count: int) -> tuple[SwapTransaction, ...]:
    """The first attempts, each honest."""
    return tuple(honest.request(attempt=number) for number in range(1, count + 1))


def of_intent(honest: Honest, **changes: object) -> SwapTransaction:
    """An honest request for another order."""
    honest.intent = msgspec.structs.replace(honest.intent, **changes)
    return honest.request(honest.message())


def another_mint(honest: Honest) -> SwapTransaction:
    """The mint's account exchanged between check and use."""
    data = mints.mint(supply=honest.rng.randrange(1, 10**9))
    return msgspec.structs.replace(honest.request(), mint=swaps.a_mint(honest.shape.token_program, data=data))


def buys(honest: Honest) -> bool:
    """SOL is given."""
    return honest.buys


def no_exit(honest: Honest) -> bool:
    """A strategy's own order."""
    return not is_exit(honest)


A, C, R = approve, checks, ReasonCode
KINDS = (
    Kind(
        "bytes changed after approval",
        "anything",
        R.APPROVAL_INVALID,
        A.approved_are_these_bytes,
        lambda h: msgspec.structs.replace(h.request(), message=h.message()),
    ),
    Kind(
        "order changed after approval",
        "another order than risk said yes to",
        R.APPROVAL_INVALID,
        A.approved_is_this_intent,
        lambda h: msgspec.structs.replace(h.request(), intent=msgspec.structs.replace(h.intent, event_id="another")),
    ),
    Kind(
        "attempt changed after approval",
        "one approval for every attempt",
        R.APPROVAL_INVALID,
        A.approved_is_this_attempt,
        lambda h: h.request(guard={"attempt": 2}),
    ),
    Kind(
        "approved after another risk approval",
        "a risk approval that the guard never saw",
        R.APPROVAL_INVALID,
        A.approved_after_this_risk_approval,
        lambda h: msgspec.structs.replace(h.request(), risk_approval=h.request(risk={"ttl_ns": 9 * NS_PER_S}).risk_approval),
    ),
    Kind(
        "floor lowered after approval",
        "what the guard would not have given up",
        R.APPROVAL_INVALID,
        A.approved_is_what_is_stated,
        lambda h: msgspec.structs.replace(h.request(), min_out=1),
    ),
    Kind(
        "height changed after approval",
        "a second attempt while the first can still land",
        R.APPROVAL_INVALID,
        A.approved_is_what_is_stated,
        lambda h: msgspec.structs.replace(h.request(), last_valid_block_height=h.rng.randrange(2_000, 10**9)),
    ),
    Kind(
        "mint account changed after approval",
        "another token than the guard looked at",
        R.APPROVAL_INVALID,
        A.approved_is_what_is_stated,
        another_mint,
        buys,
    ),
    Kind(
        "approval expired",
        "a yes to a market that is gone",
        R.APPROVAL_EXPIRED,
        A.approval_has_not_expired,
        lambda h: h.request(now_ns=NOW_NS - h.rng.randrange(30, 3_000) * NS_PER_S),
    ),
    Kind(
        "approval from the future",
        "a longer life than it has",
        R.CLOCK_SKEW,
        A.issued_is_not_ahead,
        lambda h: h.request(now_ns=NOW_NS + h.rng.randrange(3, 3_000) * NS_PER_S),
    ),
    Kind(
        "approved for paper",
        "paper's orders with real money",
        R.MODE_MISMATCH,
        C.approvals_fit_the_lease,
        lambda h: approved(h, mode=Mode.PAPER),
    ),
    Kind(
        "approved for another chain",
        "a localnet's orders with real money",
        R.GENESIS_MISMATCH,
        C.approvals_fit_the_lease,
        lambda h: approved(h, genesis=programs.DEVNET_GENESIS),
    ),
    Kind(
        "approved under another policy",
        "limits that are no longer in force",
        R.POLICY_MISMATCH,
        C.approvals_fit_the_lease,
        lambda h: approved(h, policy_hash="ff" * 32),
    ),
    Kind(
        "approved before a halt",
        "new risk after the halt",
        R.HALT_EPOCH,
        C.no_halt_came_between,
        lambda h: leased(h, halt_epoch=h.rng.randrange(1, 9)),
        no_exit,
    ),
    Kind(
        "lease of another strategy",
        "one strategy trades on another's evidence",
        R.LEASE_INVALID,
        C.lease_is_for_strategy,
        lambda h: leased(h, strategy="launch-sniper"),
    ),
    Kind(
        "lease expired",
        "trading after the control plane is dead",
        R.LEASE_EXPIRED,
        leases.lease_has_not_expired,
        lambda h: leased(h, issued_ns=NOW_NS - 90 * NS_PER_S, expires_ns=NOW_NS - h.rng.randrange(60 * NS_PER_S)),
    ),
    Kind(
        "lease from the future",
        "a lease that outlives the halt before it",
        R.LEASE_INVALID,
        leases.lease_is_not_from_the_future,
        lambda h: leased(h, issued_ns=NOW_NS + 9 * NS_PER_S),
    ),
    Kind("lease for paper", "paper's orders with real money", R.MODE_MISMATCH, C.lease_is_for_live, lambda h: leased(h, mode=Mode.PAPER)),
    Kind(
        "lease without a chain",
        "a localnet's lease moves mainnet's money",
        R.GENESIS_MISMATCH,
        C.lease_is_for_chain,
        lambda h: h.request(
            lease=h.lease(genesis=programs.DEVNET_GENESIS),
            risk={"genesis": programs.DEVNET_GENESIS},
            guard={"genesis": programs.DEVNET_GENESIS},
        ),
    ),
    Kind(
        "lease of another spec",
        "code that no evidence is about",
        R.SPEC_MISMATCH,
        C.lease_is_for_spec,
        lambda h: leased(h, spec_hash="ee" * 32),
        no_exit,
    ),
    Kind(
        "buy under a lease to reduce",
        "new risk while only exits are allowed",
        R.REDUCE_ONLY,
        C.lease_allows_new_risk,
        lambda h: leased(h, reduce_only=True),
        buys,
    ),
    Kind(
        "sale under an exit lease",
        "a strategy that trades while halted",
        R.HALTED,
        C.lease_allows_the_strategy,
        lambda h: leased(h, reduce_only=True, exits_only=True),
        lambda h: not h.buys and not is_exit(h),
    ),
    Kind(
        "exit of the paper book",
        "sells what another book holds",
        R.MODE_MISMATCH,
        C.exit_is_not_of_the_paper_book,
        lambda h: of_intent(h, mode=Mode.PAPER),
        is_exit,
    ),
    Kind(
        "larger than one transaction may be",
        "the wallet in one order",
        R.TRADE_SIZE,
        C.size_is_within_cap,
        lambda h: leased(h, size_lamports_max=h.rng.randrange(h.in_amount)),
        buys,
    ),
    Kind(
        "over the hour's or day's spend",
        "the wallet in many orders",
        R.SPEND_CAP,
        C.spend_is_within_caps,
        lambda h: leased(h, **{h.rng.choice(["spend_lamports_per_hour_max", "spend_lamports_per_day_max"]): 1_000}),
    ),
    Kind(
        "attempt skipped",
        "an attempt that was signed elsewhere",
        R.ATTEMPT,
        C.attempt_follows_the_last,
        lambda h: h.request(attempt=h.rng.randrange(2, ATTEMPTS_MAX + 1)),
    ),
    Kind(
        "attempts used up",
        "many transactions for one approval",
        R.ATTEMPT,
        C.attempts_are_not_used_up,
        lambda h: h.request(attempt=ATTEMPTS_MAX + 1),
        before=lambda h: attempts(h, ATTEMPTS_MAX),
    ),
    Kind(
        "later attempt, older blockhash",
        "two attempts that can land at a time",
        R.TX_BLOCKHASH,
        C.blockhash_is_no_older,
        lambda h: h.request(attempt=2, height=h.rng.randrange(1_001)),
        before=lambda h: attempts(h, 1),
    ),
)
