"""Every poisoned request is refused with its own reason, and the untouched one is signed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from struct import pack
from typing import Any

import msgspec
import pytest
from solders.compute_budget import request_heap_frame, set_compute_unit_limit, set_compute_unit_price
from solders.instruction import AccountMeta, Instruction
from solders.message import MessageV1
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import AdvanceNonceAccountParams, advance_nonce_account
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
from memesnipe.testing.builders import MINT, OTHER_MINT, SOL, a_sale, an_exit, an_intent
from memesnipe.testing.swaps import JUPITER, NOW_NS, POOL, STRANGER, TIP_ACCOUNT, TOKEN, TOKEN_2022, WSOL, World, ata


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


def added(world: World, *extra: Instruction) -> SwapTransaction:
    return replaced(world, extra=extra)


def token_call(data: bytes, *accounts: Pubkey, signer: Pubkey) -> Instruction:
    return Instruction(TOKEN, data, [*(AccountMeta(each, False, True) for each in accounts), AccountMeta(signer, True, False)])


def paid_by(world: World, payer: Pubkey) -> SwapTransaction:
    intent = an_intent()
    return world.a_request(intent, message=swaps.compiled(swaps.a_swap(intent, payer), payer))


def second_signer(world: World) -> SwapTransaction:
    signers = [AccountMeta(STRANGER, True, False)]
    return added(world, Instruction(JUPITER, b"", signers))


def as_v1(world: World) -> SwapTransaction:
    message = MessageV1.default()
    return world.a_request(message=b"\x81" + bytes(message)[:600])


def with_bytes(world: World, change: Callable[[bytes], bytes]) -> SwapTransaction:
    intent = an_intent()
    return world.a_request(intent, message=change(swaps.compiled(swaps.a_swap(intent, world.wallet), world.wallet)))


def in_table(world: World, key: Pubkey) -> SwapTransaction:
    """An account that must be static comes from a table."""
    intent = an_intent()
    table = swaps.a_table(*POOL, key)
    parts = msgspec.structs.replace(swaps.a_swap(intent, world.wallet), create_wrapped=None, create_token=None)
    return world.a_request(intent, parts=parts, tables=(table,))


def table_missing(world: World) -> SwapTransaction:
    intent, table = an_intent(), swaps.a_table()
    message = swaps.compiled(swaps.a_swap(intent, world.wallet), world.wallet, tables=(table,))
    return world.a_request(intent, message=message)


def table_short(world: World) -> SwapTransaction:
    intent, table = an_intent(), swaps.a_table()
    message = swaps.compiled(swaps.a_swap(intent, world.wallet), world.wallet, tables=(table,))
    return world.a_request(intent, message=message, tables=(swaps.a_table(POOL[0]),))


def table_changed_after_approval(world: World) -> SwapTransaction:
    request = world.a_request(tables=(swaps.a_table(),))
    return msgspec.structs.replace(request, tables=(swaps.a_table(*POOL[:-1], STRANGER),))


def message_changed_after_approval(world: World) -> SwapTransaction:
    request = world.a_request()
    return msgspec.structs.replace(request, message=swaps.compiled(swaps.a_swap(request.intent, world.wallet), world.wallet, blockhash=2))


def older_route(world: World, **route: Any) -> SwapTransaction:
    intent = an_intent()
    parts = msgspec.structs.replace(swaps.a_swap(intent, world.wallet), swap=swaps.a_route_v1(intent, world.wallet, **route))
    return world.a_request(intent, parts=parts)


def friendly_tail(world: World) -> SwapTransaction:
    """A hostile older route (min-out 0) with friendly numbers behind it, where a careless reader would look."""
    return older_route(world, steps=bytes([7, 100, 0, 1]) + pack("<QQHB", 10**12, 0, 10_000, 255))


def nonce(world: World) -> Instruction:
    return advance_nonce_account(AdvanceNonceAccountParams(nonce_pubkey=STRANGER, authorized_pubkey=world.wallet))


MUTATIONS: dict[str, tuple[R, Callable[[World], SwapTransaction]]] = {
    # The bytes.
    "trailing bytes": (R.TX_MALFORMED, lambda w: with_bytes(w, lambda m: m + b"\x00")),
    "cut short": (R.TX_MALFORMED, lambda w: with_bytes(w, lambda m: m[:-7])),
    "no packet": (R.TX_MALFORMED, lambda w: added(w, *(set_compute_unit_limit(1) for _ in range(120)))),
    "version 1": (R.TX_VERSION, as_v1),
    "durable nonce": (R.TX_DURABLE_NONCE, lambda w: added(w, nonce(w))),
    "stranger pays the fee": (R.TX_FEE_PAYER, lambda w: paid_by(w, STRANGER)),
    "second signer": (R.TX_SIGNERS, second_signer),
    # Programs and instructions.
    "unknown program": (R.TX_PROGRAM, lambda w: added(w, Instruction(STRANGER, b"", []))),
    "memo": (R.TX_PROGRAM, lambda w: added(w, Instruction(Pubkey.from_string(programs.MEMO_PROGRAM), b"hi", []))),
    "look-alike of Jupiter": (R.TX_PROGRAM, lambda w: swapped(w, program=STRANGER)),
    "no swap": (R.TX_PROGRAM, lambda w: replaced(w, swap=None)),
    "two swaps": (R.TX_PROGRAM, lambda w: added(w, swaps.a_route_v2(an_intent(), w.wallet))),
    "other Jupiter instruction": (R.TX_PROGRAM, lambda w: added(w, Instruction(JUPITER, bytes.fromhex("3ec6d6c1d59f6cd2"), []))),
    "exact-out route": (
        R.TX_PROGRAM,
        lambda w: replaced(w, swap=Instruction(JUPITER, programs.JUPITER_EXACT_OUT_ROUTE + bytes(60), [])),
    ),
    "heap request": (R.TX_PROGRAM, lambda w: added(w, request_heap_frame(256 * 1024))),
    "second unit limit": (R.TX_PROGRAM, lambda w: added(w, set_compute_unit_limit(1_400_000))),
    # Money to a stranger.
    "transfer to a stranger": (R.TX_TRANSFER, lambda w: added(w, swaps.pay(w.wallet, STRANGER, 1))),
    "system create account": (
        R.TX_TRANSFER,
        lambda w: added(w, Instruction(swaps.SYSTEM, bytes(52), [AccountMeta(w.wallet, True, True), AccountMeta(STRANGER, False, True)])),
    ),
    "token transfer": (R.TX_TRANSFER, lambda w: added(w, token_call(b"\x03" + bytes(8), ata(w.wallet, WSOL), STRANGER, signer=w.wallet))),
    "approve": (R.TX_TRANSFER, lambda w: added(w, token_call(b"\x04" + bytes(8), ata(w.wallet, WSOL), STRANGER, signer=w.wallet))),
    "set authority": (R.TX_TRANSFER, lambda w: added(w, token_call(b"\x06\x02\x00", ata(w.wallet, WSOL), signer=w.wallet))),
    "close to a stranger": (
        R.TX_TRANSFER,
        lambda w: replaced(w, close=token_call(b"\x09", ata(w.wallet, WSOL), STRANGER, signer=w.wallet)),
    ),
    "close of another account": (
        R.TX_TRANSFER,
        lambda w: replaced(w, close=token_call(b"\x09", ata(w.wallet, Pubkey.from_string(MINT)), w.wallet, signer=w.wallet)),
    ),
    "sync of another account": (
        R.TX_TRANSFER,
        lambda w: replaced(w, sync=Instruction(TOKEN, b"\x11", [AccountMeta(STRANGER, False, True)])),
    ),
    # Tip and fee.
    "tip above the cap": (R.TX_TIP, lambda w: replaced(w, tip=swaps.pay(w.wallet, TIP_ACCOUNT, SOL // 100 + 1))),
    "two tips": (R.TX_TIP, lambda w: added(w, swaps.pay(w.wallet, Pubkey.from_string(programs.JITO_TIP_ACCOUNTS[1]), 1))),
    "fee above the cap": (R.TX_FEE_CAP, lambda w: replaced(w, price=set_compute_unit_price(33_333_334))),
    "price without limit": (R.TX_FEE_CAP, lambda w: replaced(w, limit=None)),
    # Accounts.
    "account of a stranger opened": (
        R.TX_ACCOUNTS,
        lambda w: replaced(w, create_token=swaps.create_account(w.wallet, STRANGER, WSOL, TOKEN)),
    ),
    "account of another mint opened": (
        R.TX_ACCOUNTS,
        lambda w: replaced(w, create_token=swaps.create_account(w.wallet, w.wallet, Pubkey.from_string(OTHER_MINT), TOKEN)),
    ),
    "account not derived": (
        R.TX_ACCOUNTS,
        lambda w: replaced(w, create_token=swaps.create_account(w.wallet, w.wallet, WSOL, TOKEN, STRANGER)),
    ),
    "swap by a stranger": (R.TX_ACCOUNTS, lambda w: swapped(w, accounts={0: STRANGER})),
    "source not ours": (R.TX_ACCOUNTS, lambda w: swapped(w, accounts={1: STRANGER})),
    "destination not ours": (R.TX_ACCOUNTS, lambda w: swapped(w, accounts={2: STRANGER})),
    "other source mint": (R.TX_ACCOUNTS, lambda w: swapped(w, accounts={3: STRANGER})),
    "other destination mint": (R.TX_ACCOUNTS, lambda w: swapped(w, accounts={4: Pubkey.from_string(OTHER_MINT)})),
    "optional destination": (R.TX_ACCOUNTS, lambda w: swapped(w, accounts={7: STRANGER})),
    "look-alike program account": (R.TX_ACCOUNTS, lambda w: swapped(w, accounts={9: STRANGER})),
    "wallet in a table": (R.TX_LOOKUP_TABLE, lambda w: in_table(w, ata(w.wallet, Pubkey.from_string(MINT)))),
    "mint in a table": (R.TX_LOOKUP_TABLE, lambda w: in_table(w, Pubkey.from_string(MINT))),
    "table not given": (R.TX_LOOKUP_TABLE, table_missing),
    "table too short": (R.TX_LOOKUP_TABLE, table_short),
    # Numbers.
    "more in than approved": (R.TX_AMOUNT, lambda w: swapped(w, in_amount=SOL)),
    "wraps more than it swaps": (R.TX_AMOUNT, lambda w: replaced(w, wrap=swaps.pay(w.wallet, ata(w.wallet, WSOL), SOL))),
    "platform fee": (R.TX_AMOUNT, lambda w: swapped(w, platform_fee_bps=1)),
    "share of positive slippage": (R.TX_AMOUNT, lambda w: swapped(w, positive_slippage_bps=1)),
    "slippage above the intent's": (R.SLIPPAGE_LIMIT, lambda w: swapped(w, slippage_bps=301)),
    "min-out 0": (R.TX_MIN_OUT, lambda w: swapped(w, quoted_out=0)),
    "min-out below the guard's": (R.TX_MIN_OUT, lambda w: w.a_request(min_out=2**62)),
    "older route with a friendly tail": (R.TX_MALFORMED, friendly_tail),
    "older route of unreadable length": (R.TX_MALFORMED, lambda w: older_route(w, tail=b"\x00")),
    # Approvals.
    "message changed after approval": (R.APPROVAL_INVALID, message_changed_after_approval),
    "table changed after approval": (R.APPROVAL_INVALID, table_changed_after_approval),
    "intent changed after approval": (R.APPROVAL_INVALID, lambda w: msgspec.structs.replace(w.a_request(), intent=an_intent(size_sol=1))),
    "attempt changed after approval": (R.APPROVAL_INVALID, lambda w: msgspec.structs.replace(w.a_request(), attempt=2)),
    "risk approval by the guard's key": (R.APPROVAL_INVALID, lambda w: w.a_request(risk={"key": w.guard})),
    "guard approval by the risk key": (R.APPROVAL_INVALID, lambda w: w.a_request(guard={"key": w.risk})),
    "approvals exchanged": (
        R.APPROVAL_INVALID,
        lambda w: (r := w.a_request()) and msgspec.structs.replace(r, risk_approval=r.guard_approval),
    ),
    "no risk approval": (R.APPROVAL_INVALID, lambda w: msgspec.structs.replace(w.a_request(), risk_approval=b"")),
    "approval expired": (R.APPROVAL_EXPIRED, lambda w: w.a_request(now_ns=NOW_NS - 31 * NS_PER_S)),
    "approval from the future": (R.CLOCK_SKEW, lambda w: w.a_request(now_ns=NOW_NS + 3 * NS_PER_S)),
    "paper approval": (R.MODE_MISMATCH, lambda w: w.a_request(risk={"mode": Mode.PAPER})),
    "another chain": (R.GENESIS_MISMATCH, lambda w: w.a_request(guard={"genesis": "localnet"})),
    "another policy": (R.POLICY_MISMATCH, lambda w: w.a_request(risk={"policy_hash": "ff"})),
    "halt after approval": (R.HALT_EPOCH, lambda w: w.a_request(lease=w.a_lease(halt_epoch=1))),
    "lease older than the approvals": (R.HALT_EPOCH, lambda w: w.a_request(risk={"halt_epoch": 1}, guard={"halt_epoch": 1})),
    # Lease.
    "no lease": (R.LEASE_MISSING, lambda w: w.a_request(lease=b"")),
    "lease by another key": (R.LEASE_INVALID, lambda w: w.a_request(lease=World.make().a_lease())),
    "lease expired": (R.LEASE_EXPIRED, lambda w: w.a_request(lease=w.a_lease(issued_ns=NOW_NS - 9, expires_ns=NOW_NS))),
    "lease of another strategy": (R.LEASE_INVALID, lambda w: w.a_request(lease=w.a_lease(strategy="launch-sniper"))),
    "lease for paper": (R.MODE_MISMATCH, lambda w: w.a_request(lease=w.a_lease(mode=Mode.PAPER))),
    "lease of another spec": (R.SPEC_MISMATCH, lambda w: w.a_request(lease=w.a_lease(spec_hash="ee"))),
    "buy under an exit lease": (R.REDUCE_ONLY, lambda w: w.a_request(lease=w.a_lease(reduce_only=True))),
    # Amounts and attempts.
    "larger than the lease allows": (R.TRADE_SIZE, lambda w: w.a_request(an_intent(size_sol=6))),
    "size zero": (R.BAD_INPUT, lambda w: w.a_request(an_intent(size_sol=0))),
    "over the lease's hour": (R.SPEND_CAP, lambda w: w.a_request(lease=w.a_lease(spend_lamports_per_hour_max=SOL // 10))),
    "attempt out of order": (R.ATTEMPT, lambda w: w.a_request(attempt=2)),
    "sale under the exit lease": (R.HALTED, lambda w: w.a_request(a_sale(), lease=w.a_lease(reduce_only=True, exits_only=True))),
    "exit of the paper book": (R.MODE_MISMATCH, lambda w: w.a_request(an_exit(mode=Mode.PAPER))),
}


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
