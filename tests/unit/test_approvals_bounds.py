"""Approvals and leases on their bounds, one field at a time; and that each refusal says what is wrong."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from memesnipe.approvals import approve, leases
from memesnipe.approvals.dsse import ENVELOPE_BYTES_MAX, pae, seal, unseal
from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput, Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages import codec
from memesnipe.messages.bounds import Mode
from memesnipe.messages.signing import APPROVAL_TYPE, LEASE_TYPE, Approval, Lease
from memesnipe.testing.builders import GENESIS, POLICY_HASH, SOL, SPEC_HASH, START_NS, an_intent

RISK, GUARD, LEASE = (SigningKey(bytes([number]) * 32) for number in (1, 2, 3))
TRUSTED = TrustedKeys(RISK.verify_key, GUARD.verify_key, LEASE.verify_key)
INTENT = an_intent(id="bounds")
CONTEXT: dict[str, Any] = {"mode": Mode.LIVE, "genesis": GENESIS, "policy_hash": POLICY_HASH, "halt_epoch": 3, "now_ns": START_NS}
TTL_MAX = approve.APPROVAL_TTL_NS_MAX
HONEST = approve.check_risk(approve.approve_risk(INTENT, **CONTEXT, ttl_ns=NS_PER_S, key=RISK), INTENT, TRUSTED, START_NS)
HOUR_NS = 3_600 * NS_PER_S


def checked(**changes: Any) -> Approval:
    """What becomes of a risk approval with changes that the risk key itself signed."""
    sealed = seal(APPROVAL_TYPE, codec.encode(msgspec.structs.replace(HONEST, **changes)), RISK)
    return approve.check_risk(sealed, INTENT, TRUSTED, START_NS)


def refusal(check: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        check()
    return str(refused.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"role": "guard"}, "the role is not risk"),
        ({"intent_id": "other"}, "approved is intent other"),
        ({"strategy": "other"}, "approved is intent bounds"),
        ({"intent_digest": bytes(32)}, "the intent is not the one that was approved"),
        ({"attempt": 1}, "a risk approval is for the order, not for an attempt"),
        ({"message_digest": b"m"}, "a risk approval carries no other digest"),
        ({"risk_digest": b"r"}, "a risk approval carries no other digest"),
        ({"tables_digest": b"t"}, "a risk approval carries no other digest"),
        ({"expires_ns": START_NS}, "its life is not within the allowed one"),
        ({"expires_ns": START_NS + TTL_MAX + 1}, "its life is not within the allowed one"),
    ],
)
def test_a_risk_approval_that_differs_in_one_field_is_refused_and_says_which(change: dict[str, Any], said: str) -> None:
    assert refusal(lambda: checked(**change)) == f"{ReasonCode.APPROVAL_INVALID.value}: {said}"


@pytest.mark.parametrize("life_ns", [1, TTL_MAX])
def test_the_shortest_and_the_longest_life_are_taken(life_ns: int) -> None:
    assert checked(expires_ns=START_NS + life_ns).expires_ns == START_NS + life_ns


@pytest.mark.parametrize("ttl_ns", [1, TTL_MAX])
def test_the_shortest_and_the_longest_life_are_given(ttl_ns: int) -> None:
    sealed = approve.approve_risk(INTENT, **CONTEXT, ttl_ns=ttl_ns, key=RISK)

    approval = approve.check_risk(sealed, INTENT, TRUSTED, START_NS)

    assert (approval.issued_ns, approval.expires_ns) == (START_NS, START_NS + ttl_ns)


@pytest.mark.parametrize("ttl_ns", [0, -1, TTL_MAX + 1])
def test_no_other_life_is_given(ttl_ns: int) -> None:
    with pytest.raises(BadInput, match=f"^ttl_ns: must be above 0 and at most {TTL_MAX}, not {ttl_ns}"):
        approve.approve_risk(INTENT, **CONTEXT, ttl_ns=ttl_ns, key=RISK)


def test_a_payload_that_cannot_be_read_says_so() -> None:
    sealed = seal(APPROVAL_TYPE, b"\x90", RISK)

    assert "payload: " in refusal(lambda: approve.check_risk(sealed, INTENT, TRUSTED, START_NS))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mode": Mode.PAPER}, "mode_mismatch: risk approved live, not paper"),
        ({"genesis": "other"}, f"genesis_mismatch: risk approved for chain '{GENESIS}', not 'other'"),
        ({"policy_hash": "ff"}, f"policy_mismatch: risk approved under policy '{POLICY_HASH}', not 'ff'"),
    ],
)
def test_another_context_is_refused_and_says_which(change: dict[str, Any], said: str) -> None:
    context: dict[str, Any] = {"mode": Mode.LIVE, "genesis": GENESIS, "policy_hash": POLICY_HASH, **change}

    assert refusal(lambda: approve.check_context(HONEST, **context)) == said


def a_lease(**changes: Any) -> Lease:
    names = (SPEC_HASH, POLICY_HASH, GENESIS)
    lease = Lease("momentum", Mode.LIVE, *names, 0, False, START_NS, START_NS + NS_PER_S, SOL, 1, 1, SOL, SOL)
    return msgspec.structs.replace(lease, **changes)


@pytest.mark.parametrize(("reduce_only", "life_ns"), [(False, 1), (False, HOUR_NS), (True, 1), (True, 24 * HOUR_NS)])
def test_a_lease_of_the_shortest_and_the_longest_life_is_granted_and_taken(reduce_only: bool, life_ns: int) -> None:
    lease = a_lease(reduce_only=reduce_only, expires_ns=START_NS + life_ns)

    assert leases.check(leases.grant(lease, LEASE), TRUSTED, START_NS) == lease


@pytest.mark.parametrize(("reduce_only", "life_ns"), [(False, 0), (False, HOUR_NS + 1), (True, 0), (True, 24 * HOUR_NS + 1)])
def test_a_lease_of_any_other_life_is_neither_granted_nor_taken(reduce_only: bool, life_ns: int) -> None:
    lease = a_lease(reduce_only=reduce_only, expires_ns=START_NS + life_ns)
    sealed = seal(LEASE_TYPE, codec.encode(lease), LEASE)

    with pytest.raises(BadInput, match=r"^expires_ns: the lease would live longer than allowed"):
        leases.grant(lease, LEASE)
    assert refusal(lambda: leases.check(sealed, TRUSTED, START_NS)) == "lease_invalid: its life is not within the allowed one"


@pytest.mark.parametrize(
    ("now_ns", "said"),
    [
        (START_NS - 2 * NS_PER_S - 1, "lease_invalid: it is from 2000000001 ns in the future"),
        (START_NS + NS_PER_S, "lease_expired: it ended 0 ns ago"),
        (START_NS + NS_PER_S + 7, "lease_expired: it ended 7 ns ago"),
    ],
)
def test_a_lease_before_and_after_its_time_says_how_far(now_ns: int, said: str) -> None:
    sealed = leases.grant(a_lease(), LEASE)

    assert leases.check(sealed, TRUSTED, START_NS - 2 * NS_PER_S) == leases.check(sealed, TRUSTED, START_NS + NS_PER_S - 1)
    assert refusal(lambda: leases.check(sealed, TRUSTED, now_ns)) == said


@pytest.mark.parametrize(
    ("envelope", "said"),
    [
        (b"", "lease_missing: the request carries no lease"),
        (seal(LEASE_TYPE, b"\x90", LEASE), "lease_invalid: payload: "),
        (seal(LEASE_TYPE, codec.encode(a_lease()), RISK), "lease_invalid: not signed by the key pinned for this role"),
    ],
)
def test_what_is_no_lease_says_why(envelope: bytes, said: str) -> None:
    assert refusal(lambda: leases.check(envelope, TRUSTED, START_NS)).startswith(said)


def test_an_envelope_of_the_largest_size_is_read_and_no_larger_one() -> None:
    overhead = len(seal("t", b"", RISK))
    largest = (ENVELOPE_BYTES_MAX - overhead) // 4 * 3
    fits, beyond = seal("t", bytes(largest), RISK), seal("t", bytes(largest + 3), RISK)

    assert len(fits) <= ENVELOPE_BYTES_MAX < len(beyond)
    assert unseal(fits, "t", (RISK.verify_key,)) == bytes(largest)
    assert f"envelope of {len(beyond)} bytes, more than {ENVELOPE_BYTES_MAX}" in refusal(lambda: unseal(beyond, "t", (RISK.verify_key,)))


def test_one_of_several_keys_is_enough_and_its_id_must_fit() -> None:
    sealed = seal("t", b"p", GUARD)
    other_id = msgspec.json.encode(
        {"payload": b"p", "payloadType": "t", "signatures": [{"keyid": RISK.key_id, "sig": GUARD.sign(pae("t", b"p"))}]}
    )

    assert unseal(sealed, "t", (RISK.verify_key, GUARD.verify_key)) == b"p"
    assert "not signed by the key" in refusal(lambda: unseal(other_id, "t", (RISK.verify_key, GUARD.verify_key)))
