"""Every bound of the signer, from both sides: what lies on it is signed, and one step further it is refused."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from memesnipe.chain.decode import TRANSACTION_BYTES_MAX
from memesnipe.chain.policy import TOKEN_ACCOUNT_RENT_LAMPORTS, price_floor
from memesnipe.chain.programs import SIGNATURE_FEE_LAMPORTS
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.reasons import ReasonCode as R
from memesnipe.messages.signing import SwapTransaction
from memesnipe.signer.store import Store
from memesnipe.testing import mints, swaps
from memesnipe.testing.builders import SOL
from memesnipe.testing.mutants.approved import ATTEMPTS_MAX, attempts
from memesnipe.testing.mutants.honest import Honest, Shape, world_of
from memesnipe.testing.mutants.proof import Bench
from memesnipe.testing.swaps import NOW_NS, PRIORITY_FEE, TIP, TIP_ACCOUNT, TOKEN_2022, World

SHAPE = Shape("buy", "route_v2", "v0", TOKEN_2022, TIP_ACCOUNT, True)
CAP = SOL // 100
"""Of the honest lease, for tip and priority fee each."""
Step = Callable[[Honest, int], SwapTransaction]


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(3)


@pytest.fixture
def bench(world: World, tmp_path: Path) -> Iterator[Bench]:
    store = Store.open(tmp_path / "signer.db")
    yield Bench(world, store)
    store.close()


def tip(honest: Honest, more: int) -> SwapTransaction:
    return honest.replaced(tip=swaps.pay(honest.wallet, TIP_ACCOUNT, CAP + more))


def fee(honest: Honest, more: int) -> SwapTransaction:
    """Rounded up, as the chain does: one micro-lamport over the cap is one lamport over it."""
    return honest.replaced(limit=set_compute_unit_limit(1), price=set_compute_unit_price(CAP * 10**6 + more))


def packet(honest: Honest, more: int) -> SwapTransaction:
    swap = honest.swap()
    size = len(honest.message()) + 65
    if size + more > TRANSACTION_BYTES_MAX:
        raise AssertionError("the honest packet is too large to be grown")
    grown = swap.data + bytes(TRANSACTION_BYTES_MAX - size - 1 + more)  # its length takes a second byte from 128 on
    return honest.replaced(swap=Instruction(swap.program_id, grown, swap.accounts))


def slippage(honest: Honest, more: int) -> SwapTransaction:
    return honest.replaced(swap=honest.swap(slippage_bps=honest.intent.slippage_bps_max + more, quoted_out=2 * honest.numbers.quoted_out))


def enforced(honest: Honest, more: int) -> SwapTransaction:
    """Without slippage, what is quoted is what is enforced."""
    wanted = 2 * honest.numbers.quoted_out
    return honest.request(honest.message(_calls(honest, honest.swap(slippage_bps=0, quoted_out=wanted - more))), min_out=wanted)


def own_floor(honest: Honest, more: int) -> SwapTransaction:
    """The guard asks for nothing: the intent's own price does."""
    least = price_floor(honest.intent, 2_000)
    return honest.request(honest.message(_calls(honest, honest.swap(slippage_bps=0, quoted_out=least - more))), min_out=1)


def size(honest: Honest, more: int) -> SwapTransaction:
    return honest.request(lease=honest.lease(size_lamports_max=honest.in_amount - more))


def spend(window: str) -> Step:
    def step(honest: Honest, more: int) -> SwapTransaction:
        cost = honest.in_amount + SIGNATURE_FEE_LAMPORTS + PRIORITY_FEE + TIP + 2 * TOKEN_ACCOUNT_RENT_LAMPORTS
        return honest.request(lease=honest.lease(**{f"spend_lamports_per_{window}_max": cost - more}))

    return step


def bare_spend(honest: Honest, more: int) -> SwapTransaction:
    """Without price, limit, tip and new accounts nothing is spent but the amount and the signature's fee."""
    bare = msgspec.structs.replace(honest.parts, limit=None, price=None, tip=None, create_wrapped=None, create_token=None)
    cost = honest.in_amount + SIGNATURE_FEE_LAMPORTS
    return honest.request(honest.message(bare.instructions()), lease=honest.lease(spend_lamports_per_day_max=cost - more))


def approval_age(honest: Honest, more: int) -> SwapTransaction:
    """Approvals of the corpus live 30 s."""
    return honest.request(now_ns=NOW_NS - 30 * NS_PER_S + 1 - more)


def approval_ahead(honest: Honest, more: int) -> SwapTransaction:
    return honest.request(now_ns=NOW_NS + 2 * NS_PER_S + more)


def lease_age(honest: Honest, more: int) -> SwapTransaction:
    return honest.request(lease=honest.lease(expires_ns=NOW_NS + 1 - more))


def transfer_fee(honest: Honest, more: int) -> SwapTransaction:
    return honest.request(mint=swaps.a_mint(TOKEN_2022, data=mints.mint(mints.fee(0, more))))


def table_end(honest: Honest, more: int) -> SwapTransaction:
    """The last address of a table, and the one behind it."""
    pool = tuple(Pubkey.from_bytes(bytes([13, number]) + bytes(30)) for number in range(5))
    message = honest.message(_calls(honest, honest.swap(pool=pool)), table=swaps.a_table(*pool))
    return honest.request(message, tables=(swaps.a_table(*pool[: 5 - more]),))


def _calls(honest: Honest, swap: Instruction) -> list[Instruction]:
    return msgspec.structs.replace(honest.parts, swap=swap).instructions()


BOUNDS: dict[str, tuple[R, Step]] = {
    "tip": (R.TX_TIP, tip),
    "priority fee": (R.TX_FEE_CAP, fee),
    "packet": (R.TX_MALFORMED, packet),
    "slippage": (R.SLIPPAGE_LIMIT, slippage),
    "enforced out": (R.TX_MIN_OUT, enforced),
    "the intent's own floor": (R.TX_MIN_OUT, own_floor),
    "size": (R.TRADE_SIZE, size),
    "spend in an hour": (R.SPEND_CAP, spend("hour")),
    "spend in a day": (R.SPEND_CAP, spend("day")),
    "spend without fees": (R.SPEND_CAP, bare_spend),
    "age of an approval": (R.APPROVAL_EXPIRED, approval_age),
    "clock ahead": (R.CLOCK_SKEW, approval_ahead),
    "age of a lease": (R.LEASE_EXPIRED, lease_age),
    "transfer fee": (R.TOKEN_FEE, transfer_fee),
    "index in a table": (R.TX_LOOKUP_TABLE, table_end),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_on_the_bound_it_is_signed_and_one_step_further_refused(name: str, world: World, bench: Bench) -> None:
    reason, step = BOUNDS[name]

    on, beyond = (bench.answer(step(Honest(world, SHAPE, Random(7), f"bound-{more}"), more)) for more in (0, 1))

    assert (on, beyond) == ("signed", reason.value)


def test_the_last_attempt_is_signed_and_no_other(world: World, bench: Bench) -> None:
    honest = Honest(world, SHAPE, Random(8), "attempts")

    answers = [bench.answer(each) for each in attempts(honest, ATTEMPTS_MAX + 1)]

    assert answers == ["signed"] * ATTEMPTS_MAX + [R.ATTEMPT.value]


def test_a_later_attempt_may_have_the_same_height_and_no_smaller_one(world: World, bench: Bench) -> None:
    honest = Honest(world, SHAPE, Random(9), "heights")

    answers = [bench.answer(honest.request(attempt=attempt, height=height)) for attempt, height in ((1, 500), (2, 500), (3, 499))]

    assert answers == ["signed", "signed", R.TX_BLOCKHASH.value]


def test_an_attempt_asked_again_gets_its_signature_whatever_height_is_stated_now(world: World, bench: Bench) -> None:
    honest = Honest(world, SHAPE, Random(10), "again")
    message = honest.message()

    answers = [bench.answer(honest.request(message, height=height)) for height in (500, 499, 501)]

    assert answers == ["signed"] * 3


@pytest.mark.parametrize("side", ["sale", "exit"])
def test_what_is_held_is_sold_whatever_its_token_has_become(side: str, world: World, bench: Bench) -> None:
    honest = Honest(world, msgspec.structs.replace(SHAPE, side=side), Random(11), side)
    frozen = swaps.a_mint(TOKEN_2022, data=mints.mint(freezer=honest.key()))

    assert bench.answer(honest.request(mint=frozen)) == "signed"
