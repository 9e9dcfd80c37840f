"""An approval is good for one order, one attempt, one set of bytes and a short time."""

from typing import Any

import msgspec
import pytest

from memesnipe.approvals import approve, leases
from memesnipe.approvals.dsse import seal
from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import BadInput, Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages import codec
from memesnipe.messages.bounds import Mode
from memesnipe.messages.signing import APPROVAL_TYPE, LEASE_TYPE, Approval, Lease, LookupTable
from memesnipe.testing.builders import GENESIS, MINT, POLICY_HASH, SOL, SPEC_HASH, START_NS, an_exit, an_intent

RISK, GUARD, LEASE = (SigningKey(bytes([number]) * 32) for number in (1, 2, 3))
TRUSTED = TrustedKeys(RISK.verify_key, GUARD.verify_key, LEASE.verify_key)
NOW_NS = START_NS
CONTEXT: dict[str, Any] = {
    "mode": Mode.LIVE,
    "genesis": GENESIS,
    "policy_hash": POLICY_HASH,
    "halt_epoch": 3,
    "now_ns": NOW_NS,
    "ttl_ns": NS_PER_S,
}
INTENT = an_intent()
TABLE = LookupTable(MINT, b"as on chain")
BYTES: dict[str, Any] = {"attempt": 1, "message": b"message", "tables": (TABLE,), "stated": b"stated"}


def by_risk(intent: Any = INTENT, **changes: Any) -> bytes:
    return approve.approve_risk(intent, **{**CONTEXT, "key": RISK, **changes})


def by_guard(risk_approval: bytes, intent: Any = INTENT, **changes: Any) -> bytes:
    return approve.approve_guard(intent, **{**CONTEXT, **BYTES, "risk_approval": risk_approval, "key": GUARD, **changes})


def check_guard(envelope: bytes, risk_approval: bytes, intent: Any = INTENT, now_ns: int = NOW_NS, **changes: Any) -> Approval:
    known = {**BYTES, "risk_approval": risk_approval, **changes}
    return approve.check_guard(envelope, intent, trusted=TRUSTED, now_ns=now_ns, **known)


@pytest.mark.parametrize("intent", [INTENT, an_exit()])
def test_both_approvals_of_an_order_are_good(intent: Any) -> None:
    risk = by_risk(intent)
    guard = by_guard(risk, intent)

    checked = approve.check_risk(risk, intent, TRUSTED, NOW_NS), check_guard(guard, risk, intent)

    assert [each.role for each in checked] == ["risk", "guard"]
    assert all((each.halt_epoch, each.genesis, each.intent_id) == (3, GENESIS, intent.id) for each in checked)


@pytest.mark.parametrize(
    ("now_ns", "code"),
    [
        (NOW_NS + NS_PER_S - 1, None),
        (NOW_NS + NS_PER_S, ReasonCode.APPROVAL_EXPIRED),
        (NOW_NS - 2 * NS_PER_S, None),
        (NOW_NS - 2 * NS_PER_S - 1, ReasonCode.CLOCK_SKEW),
    ],
)
def test_an_approval_lives_from_two_seconds_before_its_issue_to_its_end(now_ns: int, code: ReasonCode | None) -> None:
    risk = by_risk()
    guard = by_guard(risk)

    assert _code(lambda: approve.check_risk(risk, INTENT, TRUSTED, now_ns)) is code
    assert _code(lambda: check_guard(guard, risk, now_ns=now_ns)) is code


def test_a_role_cannot_be_swapped() -> None:
    risk = by_risk()
    guard = by_guard(risk)

    assert _code(lambda: approve.check_risk(guard, INTENT, TRUSTED, NOW_NS)) is ReasonCode.APPROVAL_INVALID
    assert _code(lambda: check_guard(risk, risk)) is ReasonCode.APPROVAL_INVALID


def test_a_guards_payload_signed_by_the_risk_key_is_no_risk_approval() -> None:
    risk = by_risk()

    forged = by_guard(risk, key=RISK)

    assert _code(lambda: approve.check_risk(forged, INTENT, TRUSTED, NOW_NS)) is ReasonCode.APPROVAL_INVALID


@pytest.mark.parametrize("change", [{"size_lamports": 2 * SOL}, {"id": "other"}, {"strategy": "other"}, {"reason": "x"}])
def test_another_intent_is_refused(change: dict[str, Any]) -> None:
    risk = by_risk()
    guard = by_guard(risk)
    other = msgspec.structs.replace(INTENT, **change)

    assert _code(lambda: approve.check_risk(risk, other, TRUSTED, NOW_NS)) is ReasonCode.APPROVAL_INVALID
    assert _code(lambda: check_guard(guard, risk, other)) is ReasonCode.APPROVAL_INVALID


@pytest.mark.parametrize(
    "change",
    [
        {"attempt": 2},
        {"message": b"other"},
        {"tables": ()},
        {"tables": (TABLE, TABLE)},
        {"tables": (LookupTable(MINT, b"as on chain, later"),)},
        {"stated": b"other"},
        {"risk_approval": b"other"},
    ],
)
def test_another_attempt_message_table_statement_or_risk_approval_is_refused(change: dict[str, Any]) -> None:
    risk = by_risk()
    guard = by_guard(risk)

    assert _code(lambda: check_guard(guard, **{"risk_approval": risk, **change})) is ReasonCode.APPROVAL_INVALID


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"mode": Mode.PAPER}, ReasonCode.MODE_MISMATCH),
        ({"genesis": "localnet"}, ReasonCode.GENESIS_MISMATCH),
        ({"policy_hash": "ff"}, ReasonCode.POLICY_MISMATCH),
        ({}, None),
    ],
)
def test_an_approval_is_for_one_mode_chain_and_policy(change: dict[str, Any], code: ReasonCode | None) -> None:
    approval = approve.check_risk(by_risk(**change), INTENT, TRUSTED, NOW_NS)

    assert _code(lambda: approve.check_context(approval, mode=Mode.LIVE, genesis=GENESIS, policy_hash=POLICY_HASH)) is code


def test_an_empty_genesis_matches_nothing() -> None:
    approval = approve.check_risk(by_risk(genesis=""), INTENT, TRUSTED, NOW_NS)

    assert (
        _code(lambda: approve.check_context(approval, mode=Mode.LIVE, genesis="", policy_hash=POLICY_HASH)) is ReasonCode.GENESIS_MISMATCH
    )


def test_an_approval_that_would_live_too_long_is_neither_given_nor_taken() -> None:
    honest = approve.check_risk(by_risk(), INTENT, TRUSTED, NOW_NS)
    eternal = msgspec.structs.replace(honest, expires_ns=NOW_NS + approve.APPROVAL_TTL_NS_MAX + 1)
    sealed = seal(APPROVAL_TYPE, codec.encode(eternal), RISK)

    with pytest.raises(BadInput):
        by_risk(ttl_ns=approve.APPROVAL_TTL_NS_MAX + 1)
    assert _code(lambda: approve.check_risk(sealed, INTENT, TRUSTED, NOW_NS)) is ReasonCode.APPROVAL_INVALID


def test_a_guard_cannot_approve_attempt_zero() -> None:
    with pytest.raises(BadInput):
        by_guard(by_risk(), attempt=0)


@pytest.mark.parametrize("payload", [b"", b"\xc1", b"\x90", codec.encode(["approval"]), b"\x92" * 500])
def test_a_signed_payload_that_is_no_approval_is_refused(payload: bytes) -> None:
    sealed = seal(APPROVAL_TYPE, payload, RISK)

    assert _code(lambda: approve.check_risk(sealed, INTENT, TRUSTED, NOW_NS)) is ReasonCode.APPROVAL_INVALID


def a_lease(**changes: Any) -> Lease:
    lease = Lease("momentum", Mode.LIVE, SPEC_HASH, POLICY_HASH, GENESIS, 0, False, NOW_NS, NOW_NS + NS_PER_S, SOL, 1, 1, SOL, SOL)
    return msgspec.structs.replace(lease, **changes)


def test_a_granted_lease_is_read_back_while_it_lives() -> None:
    sealed = leases.grant(a_lease(), LEASE)

    assert leases.check(sealed, TRUSTED, NOW_NS) == a_lease()


@pytest.mark.parametrize(
    ("envelope", "now_ns", "code"),
    [
        (b"", NOW_NS, ReasonCode.LEASE_MISSING),
        (b"{}", NOW_NS, ReasonCode.LEASE_INVALID),
        (leases.grant(a_lease(), RISK), NOW_NS, ReasonCode.LEASE_INVALID),
        (seal(LEASE_TYPE, b"\x90", LEASE), NOW_NS, ReasonCode.LEASE_INVALID),
        (seal(APPROVAL_TYPE, codec.encode(a_lease()), LEASE), NOW_NS, ReasonCode.LEASE_INVALID),
        (leases.grant(a_lease(), LEASE), NOW_NS + NS_PER_S, ReasonCode.LEASE_EXPIRED),
        (leases.grant(a_lease(), LEASE), NOW_NS - 3 * NS_PER_S, ReasonCode.LEASE_INVALID),
        (seal(LEASE_TYPE, codec.encode(a_lease(expires_ns=NOW_NS + 2 * 3_600 * NS_PER_S)), LEASE), NOW_NS, ReasonCode.LEASE_INVALID),
    ],
)
def test_a_lease_that_is_not_live_is_refused_and_says_why(envelope: bytes, now_ns: int, code: ReasonCode) -> None:
    assert _code(lambda: leases.check(envelope, TRUSTED, now_ns)) is code


def test_only_an_exit_lease_may_live_for_hours() -> None:
    hours = {"expires_ns": NOW_NS + 8 * 3_600 * NS_PER_S}

    with pytest.raises(BadInput):
        leases.grant(a_lease(**hours), LEASE)
    assert leases.check(leases.grant(a_lease(reduce_only=True, **hours), LEASE), TRUSTED, NOW_NS + 3_600 * NS_PER_S)


def _code(check: Any) -> ReasonCode | None:
    try:
        check()
    except Refused as refused:
        return refused.code
    return None


def test_a_lease_of_before_exits_were_told_apart_is_still_read() -> None:
    lease = codec.decode(Lease, msgspec.msgpack.encode(msgspec.msgpack.decode(codec.encode(a_lease(reduce_only=True)))[:-1]))

    assert lease == a_lease(reduce_only=True)
    assert not lease.exits_only
