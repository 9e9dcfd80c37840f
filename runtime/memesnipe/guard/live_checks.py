"""What a live order must show before anything is built for it. Pure; each raises Refused.

The signer checks all of it again and is the one that counts; refusing here saves a quote, a round trip and a line in its audit.
"""

import msgspec

from memesnipe.approvals import approve, leases
from memesnipe.approvals.keys import TrustedKeys
from memesnipe.guard.book import Book
from memesnipe.guard.decide import refusal_of
from memesnipe.guard.standing import Standing
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ApprovedOrder, ExitIntent
from memesnipe.messages.signing import Lease

_NO_BOOK = Book()


class Identity(msgspec.Struct, frozen=True):
    """Whose money, on which chain: asked from the signer and the RPC host, never from a message."""

    wallet: str
    genesis: str


def require_allowed(order: ApprovedOrder, standing: Standing, identity: Identity) -> None:
    """The common checks, and that configuration, order and chain speak of the same thing."""
    if refused := refusal_of(order, _NO_BOOK, standing):
        raise refused
    if not standing.config.genesis or standing.config.genesis != identity.genesis:
        raise Refused(ReasonCode.GENESIS_MISMATCH, f"configured for {standing.config.genesis!r}, the RPC host serves {identity.genesis!r}")
    if order.policy_hash != standing.config.policy_hash:
        raise Refused(ReasonCode.POLICY_MISMATCH, f"approved under {order.policy_hash!r}, in force is {standing.config.policy_hash!r}")


def require_approved(order: ApprovedOrder, trusted: TrustedKeys, genesis: str, now_ns: int) -> None:
    """risk_guardian's envelope is over exactly this intent, mode, chain and policy, and still good."""
    approval = approve.check_risk(order.approval, order.intent, trusted, now_ns)
    approve.check_context(approval, mode=Mode.LIVE, genesis=genesis, policy_hash=order.policy_hash)


def lease_that_fits(envelopes: list[bytes], order: ApprovedOrder, trusted: TrustedKeys, now_ns: int) -> tuple[bytes, Lease]:
    """Return the first lease that allows this order. Raises Refused with what is wrong with the last one."""
    refused = Refused(ReasonCode.LEASE_MISSING, f"no mode lease for {order.intent.strategy}")
    for envelope in envelopes:
        try:
            lease = leases.check(envelope, trusted, now_ns)
            _require_fits(lease, order)
        except Refused as error:
            refused = error
        else:
            return envelope, lease
    raise refused


def _require_fits(lease: Lease, order: ApprovedOrder) -> None:
    """A halt command reaches the lease a moment after it reaches risk: an older lease is worth waiting for, except to an exit.

    An exit goes under the lease there is: with a dead control plane no newer one would ever come.
    """
    if not isinstance(order.intent, ExitIntent) and lease.halt_epoch != order.halt_epoch:
        raise Refused(ReasonCode.HALT_EPOCH, f"the lease is of epoch {lease.halt_epoch}, the order of {order.halt_epoch}")
    if lease.strategy != order.intent.strategy or lease.mode is not Mode.LIVE:
        raise Refused(ReasonCode.LEASE_INVALID, f"the lease is for {lease.strategy} on {lease.mode.value}")
