"""What a live order must show before anything is built for it; each refusal has its own reason and says what does not fit."""

from collections.abc import Callable
from typing import Any

import pytest

from memesnipe.approvals import approve, leases
from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.bus.folds import Halts
from memesnipe.guard.live_checks import Identity, lease_that_fits, require_allowed, require_approved
from memesnipe.guard.standing import Standing, standing_of
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import Refused
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.orders import ApprovedOrder, Intent
from memesnipe.messages.signing import Lease
from memesnipe.testing.builders import (
    GENESIS,
    POLICY_HASH,
    SOL,
    SPEC_HASH,
    START_NS,
    a_config,
    a_sale,
    a_strategy,
    an_approved,
    an_exit,
    an_intent,
)

RISK, GUARD, LEASE = (SigningKey(bytes([number]) * 32) for number in (1, 2, 3))
TRUSTED = TrustedKeys(RISK.verify_key, GUARD.verify_key, LEASE.verify_key)
HERE = Identity("wallet", GENESIS)
BUY, EXIT = an_intent(id="buy"), an_exit(id="exit", mode=Mode.LIVE)


def live(intent: Intent = BUY, **changes: Any) -> ApprovedOrder:
    return an_approved(intent, mode=Mode.LIVE, **changes)


def standing(halts: Halts = Halts(), **config: Any) -> Standing:  # noqa: B008 - frozen
    return standing_of(a_config(a_strategy(mode=Mode.LIVE), **config), halts, 5 * SOL)


def sealed(intent: Intent = BUY, **changes: Any) -> bytes:
    terms: dict[str, Any] = {
        "mode": Mode.LIVE, "genesis": GENESIS, "policy_hash": POLICY_HASH, "halt_epoch": 0, "now_ns": START_NS, "ttl_ns": NS_PER_S,
        "key": RISK,
    }  # fmt: skip
    return approve.approve_risk(intent, **{**terms, **changes})


def a_lease(key: SigningKey = LEASE, **changes: Any) -> bytes:
    terms: dict[str, Any] = {
        "strategy": "momentum", "mode": Mode.LIVE, "spec_hash": SPEC_HASH, "policy_hash": POLICY_HASH, "genesis": GENESIS, "halt_epoch": 0,
        "reduce_only": False, "issued_ns": START_NS, "expires_ns": START_NS + NS_PER_S, "size_lamports_max": SOL,
        "priority_fee_lamports_max": 1, "tip_lamports_max": 1, "spend_lamports_per_hour_max": SOL, "spend_lamports_per_day_max": SOL,
    }  # fmt: skip
    return leases.grant(Lease(**{**terms, **changes}), key)


def refusal(check: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        check()
    return str(refused.value)


def test_an_order_that_fits_the_configuration_and_the_chain_may_go_on() -> None:
    require_allowed(live(), standing(), HERE)
    require_approved(live(approval=sealed()), TRUSTED, GENESIS, START_NS)


@pytest.mark.parametrize("configured", ["", "another"])
def test_a_host_on_another_chain_than_configured_is_refused(configured: str) -> None:
    said = refusal(lambda: require_allowed(live(), standing(genesis=configured), HERE))

    assert said == f"genesis_mismatch: configured for {configured!r}, the RPC host serves {GENESIS!r}"


def test_no_chain_at_all_matches_nothing() -> None:
    assert refusal(lambda: require_allowed(live(), standing(genesis=""), Identity("wallet", ""))).startswith("genesis_mismatch")


def test_an_order_approved_under_another_policy_is_refused() -> None:
    said = refusal(lambda: require_allowed(live(policy_hash="ff"), standing(), HERE))

    assert said == f"policy_mismatch: approved under 'ff', in force is {POLICY_HASH!r}"


def test_the_common_checks_come_first() -> None:
    halted = Halts(0, "0", {"*": HaltState.FROZEN})

    assert refusal(lambda: require_allowed(live(EXIT), standing(halted, genesis=""), HERE)) == "frozen"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"key": GUARD}, "approval_invalid"),
        ({"intent": an_intent(id="other")}, "approval_invalid"),
        ({"mode": Mode.PAPER}, "mode_mismatch"),
        ({"genesis": "another"}, "genesis_mismatch"),
        ({"policy_hash": "ff"}, "policy_mismatch"),
        ({"now_ns": START_NS - NS_PER_S}, "approval_expired"),
    ],
)
def test_an_approval_that_does_not_fit_is_refused(change: dict[str, Any], said: str) -> None:
    order = live(approval=sealed(**change))

    assert refusal(lambda: require_approved(order, TRUSTED, GENESIS, START_NS)).startswith(said)


def test_the_first_lease_that_fits_is_taken() -> None:
    dead, good, another = a_lease(expires_ns=START_NS + 1), a_lease(), a_lease(size_lamports_max=2 * SOL)

    envelope, lease = lease_that_fits([dead, good, another], live(), TRUSTED, START_NS + 1)

    assert (envelope, lease.size_lamports_max) == (good, SOL)


def test_without_a_lease_the_strategy_is_named() -> None:
    assert refusal(lambda: lease_that_fits([], live(), TRUSTED, START_NS)) == "lease_missing: no mode lease for momentum"


def test_what_is_wrong_with_the_last_lease_is_told() -> None:
    said = refusal(lambda: lease_that_fits([a_lease(RISK), a_lease(halt_epoch=4)], live(), TRUSTED, START_NS))

    assert said == "halt_epoch: the lease is of epoch 4, the order of 0"


@pytest.mark.parametrize("change", [{"strategy": "other"}, {"mode": Mode.PAPER}])
@pytest.mark.parametrize("intent", [BUY, EXIT])
def test_a_lease_for_another_strategy_or_for_paper_is_refused(change: dict[str, Any], intent: Intent) -> None:
    said = refusal(lambda: lease_that_fits([a_lease(**change)], live(intent), TRUSTED, START_NS))

    assert said == f"lease_invalid: the lease is for {change.get('strategy', 'momentum')} on {change.get('mode', Mode.LIVE).value}"


@pytest.mark.parametrize(("intent", "fits"), [(BUY, False), (a_sale(id="sale"), False), (EXIT, True)])
def test_only_an_exit_goes_under_a_lease_of_another_epoch(intent: Intent, fits: bool) -> None:
    older = a_lease(halt_epoch=1)

    if fits:
        assert lease_that_fits([older], live(intent, halt_epoch=2), TRUSTED, START_NS)[0] == older
    else:
        assert refusal(lambda: lease_that_fits([older], live(intent, halt_epoch=2), TRUSTED, START_NS)).startswith("halt_epoch")
