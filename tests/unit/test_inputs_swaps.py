"""Swap transactions made to steal, beyond those in test_signer_refusals: refused by reason, counted, answered, and nothing is lost.

After each refusal the same signer signs the honest transaction of the same intent: a refusal uses up no attempt, no spend, no line.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from prometheus_client import REGISTRY
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import AdvanceNonceAccountParams, advance_nonce_account

from memesnipe.kernel.reasons import ReasonCode as R
from memesnipe.messages import codec
from memesnipe.messages.orders import OrderIntent
from memesnipe.messages.signing import SignedTransaction, SwapTransaction
from memesnipe.signer.service import Door, rails_of
from memesnipe.signer.settings import SignerSettings
from memesnipe.signer.signing import Signer
from memesnipe.signer.store import Store
from memesnipe.signer.wallet import Wallet
from memesnipe.testing import swaps
from memesnipe.testing.builders import MINT, an_intent
from memesnipe.testing.swaps import JUPITER, NOW_NS, STRANGER, SYSTEM, TOKEN, TOKEN_2022, WSOL, World, ata


class Now:
    """A clock that stands."""

    def now_ns(self) -> int:
        return NOW_NS

    def observe(self, time_ns: int) -> None:
        return


@pytest.fixture(scope="module")
def world() -> World:
    return World.make()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "signer.db")
    yield opened
    opened.close()


@pytest.fixture
def door(world: World, store: Store) -> Door:
    wallet = Wallet(bytes(world.keypair))
    return Door(Signer(wallet, store, rails_of(SignerSettings(paper_trading_mode=False), wallet, world.trusted), Now()))


def refusals(reason: R) -> float:
    return REGISTRY.get_sample_value("memesnipe_rejections_total", {"stage": "signer", "reason": reason.value}) or 0.0


def with_more(world: World, intent: OrderIntent, *extra: Instruction) -> SwapTransaction:
    parts = msgspec.structs.replace(swaps.a_swap(intent, world.wallet), extra=extra)
    return world.a_request(intent, parts=parts)


def nonce_first(world: World, intent: OrderIntent) -> SwapTransaction:
    advance = advance_nonce_account(AdvanceNonceAccountParams(nonce_pubkey=STRANGER, authorized_pubkey=world.wallet))
    return world.a_request(intent, parts=msgspec.structs.replace(swaps.a_swap(intent, world.wallet), limit=advance))


def fee_account(world: World, intent: OrderIntent) -> SwapTransaction:
    """The older route, with an account for a platform fee where none may stand."""
    route = swaps.a_route_v1(intent, world.wallet)
    accounts = list(route.accounts)
    accounts[6] = AccountMeta(STRANGER, False, True)
    swap = Instruction(JUPITER, route.data, accounts)
    return world.a_request(intent, parts=msgspec.structs.replace(swaps.a_swap(intent, world.wallet), swap=swap))


def token_call(world: World, data: bytes, *accounts: Pubkey, program: Pubkey = TOKEN) -> Instruction:
    signer = AccountMeta(world.wallet, True, False)
    return Instruction(program, data, [*(AccountMeta(each, False, True) for each in accounts), signer])


def ours(world: World, program: Pubkey = TOKEN) -> Pubkey:
    return ata(world.wallet, Pubkey.from_string(MINT), program)


Poison = Callable[[World, OrderIntent], SwapTransaction]
POISONS: dict[str, tuple[R, Poison]] = {
    "transfer checked": (
        R.TX_TRANSFER,
        lambda w, i: with_more(w, i, token_call(w, b"\x0c" + bytes(9), ours(w), Pubkey.from_string(MINT), STRANGER)),
    ),
    "approve checked": (
        R.TX_TRANSFER,
        lambda w, i: with_more(w, i, token_call(w, b"\x0d" + bytes(9), ours(w), Pubkey.from_string(MINT), STRANGER)),
    ),
    "burn": (R.TX_TRANSFER, lambda w, i: with_more(w, i, token_call(w, b"\x08" + bytes(8), ours(w), Pubkey.from_string(MINT)))),
    "new owner of our token account": (
        R.TX_TRANSFER,
        lambda w, i: with_more(w, i, token_call(w, b"\x06\x02\x01" + bytes(STRANGER), ours(w))),
    ),
    "Token-2022 transfer with fee": (
        R.TX_PROGRAM,
        lambda w, i: with_more(w, i, token_call(w, b"\x1a\x01" + bytes(17), ours(w, TOKEN_2022), STRANGER, program=TOKEN_2022)),
    ),
    "Token-2022 approve": (
        R.TX_PROGRAM,
        lambda w, i: with_more(w, i, token_call(w, b"\x04" + bytes(8), ours(w, TOKEN_2022), STRANGER, program=TOKEN_2022)),
    ),
    "system assign of the wallet": (
        R.TX_TRANSFER,
        lambda w, i: with_more(w, i, Instruction(SYSTEM, b"\x01\0\0\0" + bytes(STRANGER), [AccountMeta(w.wallet, True, True)])),
    ),
    "system transfer with seed": (
        R.TX_TRANSFER,
        lambda w, i: with_more(
            w, i, Instruction(SYSTEM, b"\x0b\0\0\0" + bytes(16), [AccountMeta(w.wallet, True, True), AccountMeta(STRANGER, False, True)])
        ),
    ),
    "second wrap": (R.TX_AMOUNT, lambda w, i: with_more(w, i, swaps.pay(w.wallet, ata(w.wallet, WSOL), i.size_lamports))),
    "durable nonce in front": (R.TX_DURABLE_NONCE, nonce_first),
    "account for a platform fee": (R.TX_ACCOUNTS, fee_account),
}


@pytest.mark.parametrize("name", POISONS)
def test_a_poisoned_swap_is_refused_counted_and_uses_nothing_up(name: str, world: World, door: Door, store: Store) -> None:
    reason, poison = POISONS[name]
    intent, before = an_intent(), refusals(reason)

    refused = door("POST", "/sign", codec.encode(poison(world, intent)))
    honest = door("POST", "/sign", codec.encode(world.a_request(intent)))

    answer = msgspec.msgpack.decode(refused.body)
    assert (refused.status, answer["code"], bool(answer["detail"])) == (403, reason.value, True)
    assert refusals(reason) == before + 1
    assert codec.decode(SignedTransaction, honest.body).attempt == 1
    assert store.lines == 1


BAD_REQUESTS: dict[str, dict[str, object]] = {
    "a negative attempt": {"attempt": -1},
    "true for an attempt": {"attempt": True},
    "an attempt that is not a number": {"attempt": float("nan")},
    "a height past 2**53": {"last_valid_block_height": 2**53 + 1},
    "min-out 0": {"min_out": 0},
    "min-out past 2**63": {"min_out": 2**63},
    "no message": {"message": b""},
    "a message past every packet": {"message": bytes(4_097)},
    "an approval past its bound": {"risk_approval": bytes(4_097)},
    "nine lookup tables": {"tables": [(MINT, [])] * 9},
    "a table of 257 addresses": {"tables": [(MINT, [MINT] * 257)]},
    "a Cyrillic letter in a table's key": {"tables": [("D\u0435zXAZ8z7PnrnRJjz3wXBoRgixCa6xjnB7YaB1pPB263", [])]},
}


@pytest.mark.parametrize("name", BAD_REQUESTS)
def test_a_request_out_of_bounds_is_answered_with_its_field_and_counted(name: str, world: World, door: Door, store: Store) -> None:
    request, before = world.a_request(), REGISTRY.get_sample_value("memesnipe_bad_input_total", {"source": "signer", "field": "request"})
    values = [BAD_REQUESTS[name].get(field, getattr(request, field)) for field in request.__struct_fields__]

    answer = door("POST", "/sign", msgspec.msgpack.encode(["swap_transaction", *values]))

    said = msgspec.msgpack.decode(answer.body)
    assert (answer.status, bool(said["field"]), bool(said["reason"])) == (400, True, True)
    assert REGISTRY.get_sample_value("memesnipe_bad_input_total", {"source": "signer", "field": "request"}) == (before or 0) + 1
    assert store.lines == 0
