"""A poisoned request is refused with its own reason, an honest one is signed, and what was signed is remembered.

See test_signer_corpus for the many kinds that one check stands against.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from memesnipe.chain import programs
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode as R
from memesnipe.messages.bounds import Mode
from memesnipe.messages.codec import encode
from memesnipe.messages.signing import EarlierSignature, SwapTransaction
from memesnipe.signer.service import Door, rails_of
from memesnipe.signer.settings import SignerSettings
from memesnipe.signer.signing import Signer
from memesnipe.signer.store import Store
from memesnipe.signer.wallet import Wallet
from memesnipe.testing import swaps
from memesnipe.testing.builders import MINT, SOL, a_sale, an_exit, an_intent
from memesnipe.testing.swaps import NOW_NS, TOKEN, TOKEN_2022, World, ata


class At:
    """A clock that stands where it is put."""

    def __init__(self, now_ns: int = NOW_NS) -> None:
        self.ns = now_ns

    def now_ns(self) -> int:
        return self.ns

    def observe(self, time_ns: int) -> None:
        return


MakeSigner = Callable[..., Signer]


@pytest.fixture(scope="session")
def world() -> World:
    return World.make()


@pytest.fixture
def make_signer(world: World, tmp_path: Path) -> Iterator[MakeSigner]:
    stores: list[Store] = []

    def make(clock: At | None = None, **settings: Any) -> Signer:
        for store in stores:
            store.close()
        stores[:] = [Store.open(tmp_path / "signer.db")]
        wallet = Wallet(bytes(world.keypair))
        rails = rails_of(SignerSettings(**{"paper_trading_mode": False, **settings}), wallet, world.trusted)
        return Signer(wallet, stores[0], rails, clock or At())

    yield make
    stores[0].close()


def swapped(world: World, **swap: Any) -> SwapTransaction:
    """A request whose swap instruction is changed."""
    intent = an_intent()
    parts = swaps.a_swap(intent, world.wallet, **swap)
    return world.a_request(intent, parts=parts, mint=swaps.a_mint(swap.get("token_program", TOKEN)))


def replaced(world: World, **parts: Any) -> SwapTransaction:
    """A request with parts replaced or left out."""
    intent = an_intent()
    return world.a_request(intent, parts=msgspec.structs.replace(swaps.a_swap(intent, world.wallet), **parts))


def older_route(world: World) -> SwapTransaction:
    intent = an_intent()
    parts = msgspec.structs.replace(swaps.a_swap(intent, world.wallet), swap=swaps.a_route_v1(intent, world.wallet))
    return world.a_request(intent, parts=parts)


def cut_short(world: World) -> SwapTransaction:
    intent = an_intent()
    return world.a_request(intent, message=swaps.compiled(swaps.a_swap(intent, world.wallet), world.wallet)[:-7])


def exchanged(world: World) -> SwapTransaction:
    request = world.a_request()
    return msgspec.structs.replace(request, risk_approval=request.guard_approval)


MUTATIONS: dict[str, tuple[R, Callable[[World], SwapTransaction]]] = {
    "bytes that are no message": (R.TX_MALFORMED, lambda w: w.a_request(message=b"\x80" + bytes(200))),
    "a message cut short": (R.TX_MALFORMED, cut_short),
    "min-out below the guard's": (R.TX_MIN_OUT, lambda w: w.a_request(min_out=2**62)),
    "size zero": (R.BAD_INPUT, lambda w: w.a_request(an_intent(size_sol=0))),
    "risk approval by the guard's key": (R.APPROVAL_INVALID, lambda w: w.a_request(risk={"key": w.guard})),
    "guard approval by the risk key": (R.APPROVAL_INVALID, lambda w: w.a_request(guard={"key": w.risk})),
    "approvals exchanged": (R.APPROVAL_INVALID, exchanged),
    "no risk approval": (R.APPROVAL_INVALID, lambda w: msgspec.structs.replace(w.a_request(), risk_approval=b"")),
    "no guard approval": (R.APPROVAL_INVALID, lambda w: msgspec.structs.replace(w.a_request(), guard_approval=b"")),
    "only risk approved for live": (R.MODE_MISMATCH, lambda w: w.a_request(guard={"mode": Mode.PAPER})),
    "only the guard approved for live": (R.MODE_MISMATCH, lambda w: w.a_request(risk={"mode": Mode.PAPER})),
    "only risk approved for this chain": (R.GENESIS_MISMATCH, lambda w: w.a_request(guard={"genesis": "localnet"})),
    "only the guard approved under this policy": (R.POLICY_MISMATCH, lambda w: w.a_request(risk={"policy_hash": "ff"})),
    "approved after a halt that the lease does not know": (
        R.HALT_EPOCH,
        lambda w: w.a_request(risk={"halt_epoch": 1}, guard={"halt_epoch": 1}),
    ),
    "no lease": (R.LEASE_MISSING, lambda w: w.a_request(lease=b"")),
    "lease by another key": (R.LEASE_INVALID, lambda w: w.a_request(lease=World.make().a_lease())),
}
"""What the corpus (test_signer_corpus) cannot hold: bytes that cannot be read, statements that are forged, orders of nothing."""


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_poisoned_request_is_refused_with_its_own_reason(name: str, world: World, make_signer: MakeSigner) -> None:
    reason, poison = MUTATIONS[name]
    signer = make_signer()

    with pytest.raises(Refused) as refused:
        signer.sign(poison(world))

    assert (refused.value.code, bool(refused.value.detail)) == (reason, True)


def honest(world: World) -> dict[str, SwapTransaction]:
    intent = an_intent()
    return {
        "buy": world.a_request(),
        "buy with a table": world.a_request(tables=(swaps.a_table(),)),
        "buy of a Token-2022 mint": swapped(world, token_program=TOKEN_2022),
        "buy by the older route": older_route(world),
        "buy with its own destination named again": swapped(world, accounts={7: ata(world.wallet, Pubkey.from_string(MINT))}),
        "buy in a legacy message": world.a_request(intent, message=swaps.compiled_legacy(swaps.a_swap(intent, world.wallet), world.wallet)),
        "buy without tip": replaced(world, tip=None),
        "sale": world.a_request(a_sale()),
        "sale under a lease to reduce": world.a_request(a_sale(), lease=world.a_lease(reduce_only=True)),
        "exit under an exit lease": world.a_request(an_exit(), lease=world.a_lease(reduce_only=True, exits_only=True)),
        "exit": world.a_request(an_exit()),
        "exit approved after a halt that the lease does not know": world.a_request(
            an_exit(), lease=world.a_lease(reduce_only=True), risk={"halt_epoch": 1}, guard={"halt_epoch": 1}
        ),
        "exit approved before a halt": world.a_request(an_exit(), lease=world.a_lease(reduce_only=True, halt_epoch=4)),
    }


@pytest.mark.parametrize("name", honest(World.make()))
def test_an_honest_request_is_signed_and_its_signature_verifies(name: str, world: World, make_signer: MakeSigner) -> None:
    request = honest(world)[name]

    signed = make_signer().sign(request)

    transaction = VersionedTransaction.from_bytes(signed.transaction)
    assert transaction.signatures == [Signature.from_string(signed.signature)]
    assert signed.transaction.endswith(request.message)
    assert transaction.verify_with_results() == [True]


def test_a_paper_deployment_signs_nothing(world: World, make_signer: MakeSigner) -> None:
    signer = make_signer(paper_trading_mode=True)

    with pytest.raises(Refused) as refused:
        signer.sign(world.a_request())

    assert refused.value.code is R.MODE_MISMATCH


def test_a_signer_pinned_to_one_chain_refuses_leases_of_another(world: World, make_signer: MakeSigner) -> None:
    signer = make_signer(genesis=programs.DEVNET_GENESIS)

    with pytest.raises(Refused) as refused:
        signer.sign(world.a_request())

    assert refused.value.code is R.GENESIS_MISMATCH


def test_the_signers_own_caps_hold_although_the_lease_allows_more(world: World, make_signer: MakeSigner) -> None:
    signer = make_signer(size_lamports_max=SOL // 100)

    with pytest.raises(Refused) as refused:
        signer.sign(world.a_request())

    assert refused.value.code is R.TRADE_SIZE


def test_a_lying_guard_cannot_lower_the_floor_below_the_intents_own_price(world: World, make_signer: MakeSigner) -> None:
    intent = an_intent()
    parts = swaps.a_swap(intent, world.wallet, quoted_out=2)
    request = world.a_request(intent, parts=parts, min_out=1)

    with pytest.raises(Refused) as refused:
        make_signer().sign(request)

    assert refused.value.code is R.TX_MIN_OUT


def test_the_same_request_gets_the_same_bytes_and_spends_once(world: World, make_signer: MakeSigner) -> None:
    signer = make_signer(spend_lamports_per_hour_max=SOL // 5)
    request = world.a_request()

    answers = [signer.sign(request) for _ in range(5)]

    assert len(set(map(str, answers))) == 1
    signer.sign(world.a_request(a_sale()))


def test_a_second_message_for_the_same_attempt_is_refused(world: World, make_signer: MakeSigner) -> None:
    signer, intent = make_signer(), an_intent()
    signer.sign(world.a_request(intent))
    other = swaps.compiled(swaps.a_swap(intent, world.wallet), world.wallet, blockhash=2)

    with pytest.raises(Refused) as refused:
        signer.sign(world.a_request(intent, message=other))

    assert refused.value.code is R.REPLAYED


def test_the_refusal_of_a_second_message_names_the_signature_that_may_land(world: World, make_signer: MakeSigner) -> None:
    signer, intent = make_signer(), an_intent()
    first = signer.sign(world.a_request(intent))
    other = swaps.compiled(swaps.a_swap(intent, world.wallet), world.wallet, blockhash=2)

    answer = Door(signer)("POST", "/sign", encode(world.a_request(intent, message=other)))

    assert answer.status == 403
    refusal = msgspec.msgpack.decode(answer.body, type=dict[str, Any])
    earlier = msgspec.convert(refusal["earlier"], EarlierSignature)
    assert refusal["code"] == "replayed"
    assert earlier == EarlierSignature(intent.id, 1, first.signature, first.last_valid_block_height)


def test_attempts_follow_one_another_and_end(world: World, make_signer: MakeSigner) -> None:
    signer, intent = make_signer(attempts_max=3), an_intent()
    for attempt in (1, 2, 3):
        message = swaps.compiled(swaps.a_swap(intent, world.wallet), world.wallet, blockhash=attempt)
        signer.sign(world.a_request(intent, message=message, attempt=attempt))

    with pytest.raises(Refused) as refused:
        signer.sign(world.a_request(intent, attempt=4))

    assert refused.value.code is R.ATTEMPT


def test_buys_that_used_up_the_cap_never_trap_an_exit(world: World, make_signer: MakeSigner) -> None:
    signer = make_signer(spend_lamports_per_hour_max=SOL // 8)
    signer.sign(world.a_request())
    with pytest.raises(Refused) as refused:
        signer.sign(world.a_request())

    exited = signer.sign(world.a_request(an_exit()))

    assert refused.value.code is R.SPEND_CAP
    assert exited.signature


def test_spend_windows_slide_and_survive_a_restart(world: World, make_signer: MakeSigner) -> None:
    clock = At()
    caps = {"spend_lamports_per_hour_max": SOL // 8, "spend_lamports_per_day_max": SOL // 4}
    make_signer(clock, **caps).sign(world.a_request())

    def sign_at(hours: int) -> R | None:
        clock.ns = NOW_NS + hours * 3_600 * NS_PER_S + 1
        lease = world.a_lease(issued_ns=clock.ns, expires_ns=clock.ns + NS_PER_S)
        try:
            make_signer(clock, **caps).sign(world.a_request(now_ns=clock.ns, lease=lease))
        except Refused as refused:
            return refused.code
        return None

    assert sign_at(0) is R.SPEND_CAP
    assert sign_at(1) is None
    assert sign_at(3) is R.SPEND_CAP
    assert sign_at(24) is None


def test_a_clock_set_back_brings_no_expired_approval_to_life(world: World, make_signer: MakeSigner) -> None:
    clock = At()
    expired = world.a_request()
    signer = make_signer(clock)
    clock.ns = NOW_NS + 31 * NS_PER_S
    signer.sign(world.a_request(now_ns=clock.ns))
    clock.ns = NOW_NS

    with pytest.raises(Refused) as refused:
        signer.sign(expired)

    assert refused.value.code is R.APPROVAL_EXPIRED


def test_after_a_newer_halt_epoch_an_older_lease_opens_nothing(world: World, make_signer: MakeSigner) -> None:
    signer = make_signer()
    signer.sign(world.a_request(an_exit(), lease=world.a_lease(reduce_only=True, halt_epoch=2)))

    with pytest.raises(Refused) as refused:
        signer.sign(world.a_request())

    assert refused.value.code is R.HALT_EPOCH
