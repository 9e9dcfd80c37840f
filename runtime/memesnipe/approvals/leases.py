"""Mode leases: the control plane's short-lived word that a strategy is live, in the same envelopes as approvals."""

from functools import lru_cache

from memesnipe.approvals.approve import SKEW_NS_MAX
from memesnipe.approvals.dsse import seal, unseal
from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput, Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages import codec
from memesnipe.messages.signing import LEASE_TYPE, Lease

LEASE_TTL_NS_MAX = 3_600 * NS_PER_S
"""A dead control plane must stop new risk: seconds to minutes are meant, an hour is the end."""
EXIT_LEASE_TTL_NS_MAX = 24 * 3_600 * NS_PER_S
"""A reduce-only lease may outlive a longer outage, so that a position is never trapped."""


def grant(lease: Lease, key: SigningKey) -> bytes:
    """Return the lease's envelope. Raises BadInput when it would live longer than allowed."""
    if not _life_allowed(lease):
        raise BadInput("expires_ns", "the lease would live longer than allowed, or ends before it begins")
    return seal(LEASE_TYPE, codec.encode(lease), key)


def check(envelope: bytes, trusted: TrustedKeys, now_ns: int) -> Lease:
    """Return a live lease. Raises Refused with LEASE_MISSING, LEASE_INVALID or LEASE_EXPIRED."""
    if not envelope:
        raise Refused(ReasonCode.LEASE_MISSING, "the request carries no lease")
    lease = _opened(envelope, trusted)
    lease_life_is_within_the_allowed(lease)
    lease_is_not_from_the_future(lease, now_ns)
    lease_has_not_expired(lease, now_ns)
    return lease


def lease_life_is_within_the_allowed(lease: Lease) -> None:
    """Whoever holds the lease key for a moment must not hold the wallet for ever."""
    if not _life_allowed(lease):
        raise Refused(ReasonCode.LEASE_INVALID, "its life is not within the allowed one")


def lease_is_not_from_the_future(lease: Lease, now_ns: int) -> None:
    """A lease that begins later would outlive a halt that comes first."""
    if not (lease.issued_ns <= now_ns + SKEW_NS_MAX):
        raise Refused(ReasonCode.LEASE_INVALID, f"it is from {lease.issued_ns - now_ns} ns in the future")


def lease_has_not_expired(lease: Lease, now_ns: int) -> None:
    """An expired lease is a dead control plane, or a halt."""
    if not (now_ns < lease.expires_ns):
        raise Refused(ReasonCode.LEASE_EXPIRED, f"it ended {now_ns - lease.expires_ns} ns ago")


@lru_cache(maxsize=256)
def _opened(envelope: bytes, trusted: TrustedKeys) -> Lease:
    """Cached: one lease covers many orders, and whether a signature fits never changes. Its life is judged anew each time."""
    try:
        return codec.decode(Lease, unseal(envelope, LEASE_TYPE, (trusted.lease,)))
    except Refused as error:
        raise Refused(ReasonCode.LEASE_INVALID, error.detail) from None
    except BadInput as error:
        raise Refused(ReasonCode.LEASE_INVALID, f"payload: {error}") from None


def _life_allowed(lease: Lease) -> bool:
    longest_ns = EXIT_LEASE_TTL_NS_MAX if lease.reduce_only else LEASE_TTL_NS_MAX
    return 0 < lease.expires_ns - lease.issued_ns <= longest_ns
