"""What is said of an attempt that landed: every number of the fill is the chain's, and only our own bytes count."""

import base64
from typing import Any

import msgspec
import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from memesnipe.approvals.keys import SigningKey
from memesnipe.chain.clients.rpc_types import Landed, TokenBalance, TransactionMeta, UiAmount
from memesnipe.chain.decode import read_transaction
from memesnipe.guard.attempts import Attempt, Status
from memesnipe.guard.outcome import DECIMALS_MAX, DECIMALS_UNKNOWN, of_landed
from memesnipe.kernel.errors import BadInput
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.orders import ExitCause, Fill, FillStatus, Intent, Rejection
from memesnipe.messages.signing import EarlierSignature, SignedTransaction
from memesnipe.testing import swaps
from memesnipe.testing.builders import MINT, SOL, a_sale, an_exit, an_intent
from memesnipe.testing.swaps import NOW_NS, TIP_ACCOUNT, World, ata

WORLD = World(Keypair.from_seed(bytes([1]) * 32), *(SigningKey(bytes([number]) * 32) for number in (2, 3, 4)))
WALLET = str(WORLD.wallet)
RENT, FEE, TIP = 2_039_280, 35_000, 10_000


def attempted(intent: Intent, attempt: int = 2) -> tuple[Attempt, SignedTransaction]:
    request = WORLD.a_request(intent, attempt=attempt)
    signature = WORLD.keypair.sign_message(request.message)
    signed = SignedTransaction(intent.id, attempt, str(signature), b"\x01" + bytes(signature) + request.message, 150)
    return Attempt(request, Status.SIGNED, 777, 5, signed), signed


def landed(signed: SignedTransaction, *, units: int, decimals: int = 9, err: Any = None, holder: str = WALLET) -> Landed:
    """A buy of `units` for a tenth of a SOL: fee, tip, rent of the token account."""
    keys = [str(key) for key in read_transaction(signed.transaction).keys]
    before = dict.fromkeys(keys, 10 * SOL)
    after = {**before, WALLET: 10 * SOL - SOL // 10 - FEE - TIP - RENT, str(TIP_ACCOUNT): 10 * SOL + TIP}
    if (account := str(ata(WORLD.wallet, Pubkey.from_string(MINT)))) in after:
        after[account] += RENT
    held = [TokenBalance(1, MINT, UiAmount(str(amount), decimals), holder) for amount in (5, 5 + units)]
    meta = TransactionMeta(err, FEE, tuple(before.values()), tuple(after.values()), (held[0],), (held[1],))
    return Landed(1_234, (base64.b64encode(signed.transaction).decode(), "base64"), meta)


def test_a_buy_is_told_to_the_lamport() -> None:
    intent = an_intent()
    attempt, signed = attempted(intent)

    status, outcomes = of_landed(attempt, signed, landed(signed, units=40), WALLET, NOW_NS)

    fill = Fill(
        intent.id, "momentum", Mode.LIVE, 2, signed.signature, FillStatus.FILLED, Side.BUY, MINT, 1_234, NOW_NS,
        -(SOL // 10 + FEE + TIP + RENT), 40, FEE, TIP, RENT, 0, 777, intent.time_ns, 9,
    )  # fmt: skip
    assert (status, outcomes) == (Status.LANDED, (fill,))


def test_what_failed_on_chain_costs_its_fee_and_ends_the_order_with_the_chain_s_word() -> None:
    intent = an_intent()
    attempt, signed = attempted(intent)

    status, (fill, said) = of_landed(attempt, signed, landed(signed, units=0, err={"InstructionError": [3, "Custom"]}), WALLET, NOW_NS)

    assert isinstance(fill, Fill)
    assert isinstance(said, Rejection)
    assert (status, fill.status, fill.token_delta_units) == (Status.FAILED, FillStatus.FAILED, 0)
    assert "InstructionError" in fill.error == said.detail


def test_a_long_error_is_cut_to_what_a_fill_may_carry() -> None:
    attempt, signed = attempted(an_intent())

    _, (fill, _) = of_landed(attempt, signed, landed(signed, units=0, err="x" * 100), WALLET, NOW_NS)

    assert isinstance(fill, Fill)
    assert fill.error == "x" * 64


def test_the_end_of_a_failed_order_is_told_by_its_own_name() -> None:
    intent = an_intent()
    attempt, signed = attempted(intent)

    _, (_, said) = of_landed(attempt, signed, landed(signed, units=0, err="failed"), WALLET, NOW_NS)

    assert isinstance(said, Rejection)
    assert (said.intent_id, said.reason, said.stage, said.time_ns) == (intent.id, ReasonCode.CHAIN_FAILED, "wallet_guard", NOW_NS)


@pytest.mark.parametrize(
    ("intent", "side", "cause"),
    [(a_sale(), Side.SELL, None), (an_exit(mode=Mode.LIVE), Side.SELL, ExitCause.STOP_LOSS), (an_intent(), Side.BUY, None)],
)
def test_side_and_cause_are_the_order_s(intent: Intent, side: Side, cause: ExitCause | None) -> None:
    attempt, signed = attempted(intent)

    _, (fill,) = of_landed(attempt, signed, landed(signed, units=-3), WALLET, NOW_NS)

    assert isinstance(fill, Fill)
    assert (fill.side, fill.exit_cause, fill.token_delta_units) == (side, cause, -3)


@pytest.mark.parametrize(("claimed", "shown"), [(0, 0), (DECIMALS_MAX, DECIMALS_MAX), (DECIMALS_MAX + 1, DECIMALS_UNKNOWN), (255, 6)])
def test_decimals_that_nobody_could_read_are_not_passed_on(claimed: int, shown: int) -> None:
    attempt, signed = attempted(an_intent())

    _, (fill,) = of_landed(attempt, signed, landed(signed, units=1, decimals=claimed), WALLET, NOW_NS)

    assert isinstance(fill, Fill)
    assert fill.decimals == shown


def test_another_holder_s_tokens_are_not_ours() -> None:
    attempt, signed = attempted(an_intent())

    _, (fill,) = of_landed(attempt, signed, landed(signed, units=40, holder=str(swaps.STRANGER)), WALLET, NOW_NS)

    assert isinstance(fill, Fill)
    assert fill.token_delta_units == 0


@pytest.mark.parametrize(
    ("answered", "said"),
    [("!", "not base64"), (base64.b64encode(b"\x01" + bytes(200)).decode(), "another transaction than")],
)
def test_an_answer_of_other_bytes_is_no_outcome(answered: str, said: str) -> None:
    attempt, signed = attempted(an_intent())
    other = msgspec.structs.replace(landed(signed, units=40), transaction=(answered, "base64"))

    with pytest.raises(BadInput, match=f"transaction: .*{said}"):
        of_landed(attempt, signed, other, WALLET, NOW_NS)


def test_an_adopted_signature_is_proven_by_the_bytes_that_the_chain_has() -> None:
    attempt, signed = attempted(an_intent())
    adopted = EarlierSignature(signed.intent_id, 2, signed.signature, 150)

    status, (fill,) = of_landed(attempt, adopted, landed(signed, units=40), WALLET, NOW_NS)

    assert isinstance(fill, Fill)
    assert (status, fill.signature, fill.token_delta_units) == (Status.LANDED, signed.signature, 40)


@pytest.mark.parametrize("place", [1, 70])
def test_bytes_that_an_adopted_signature_does_not_verify_over_are_no_outcome(place: int) -> None:
    attempt, signed = attempted(an_intent())
    changed = bytearray(signed.transaction)
    changed[place] ^= 1
    answer = msgspec.structs.replace(landed(signed, units=40), transaction=(base64.b64encode(changed).decode(), "base64"))

    with pytest.raises(BadInput, match=r"rpc\.getTransaction\.transaction"):
        of_landed(attempt, EarlierSignature(signed.intent_id, 2, signed.signature, 150), answer, WALLET, NOW_NS)
