"""Kinds that call what a swap does not need: other programs, other instructions of the compute budget, an inflated fee."""

import msgspec
from solders.compute_budget import (
    ID,
    request_heap_frame,
    set_compute_unit_limit,
    set_compute_unit_price,
    set_loaded_accounts_data_size_limit,
)
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.chain.policy import fees, judge
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.signing import SwapTransaction
from memesnipe.testing import swaps
from memesnipe.testing.builders import SOL
from memesnipe.testing.mutants.honest import Honest
from memesnipe.testing.mutants.kind import Kind

CAP_LAMPORTS = SOL // 100
"""What the corpus's leases allow for the priority fee."""


def call(honest: Honest, program: Pubkey, data: bytes, *writable: Pubkey) -> Instruction:
    """A call with our signature."""
    return Instruction(program, data, [*(AccountMeta(each, False, True) for each in writable), AccountMeta(honest.wallet, True, True)])


def look_alike(honest: Honest) -> SwapTransaction:
    """A program of a stranger's that is called as Jupiter would be, beside the real one."""
    return honest.with_extra(honest.swap(program=honest.key()))


def said_twice(honest: Honest) -> SwapTransaction:
    """A limit or a price once more, behind all else."""
    more = honest.rng.choice([set_compute_unit_limit(1_400_000), set_compute_unit_price(10**9)])
    price = honest.parts.price or set_compute_unit_price(swaps.PRICE)
    calls = msgspec.structs.replace(honest.parts, price=price).instructions()
    return honest.request(honest.message([*calls, more]))


def of_token_2022(honest: Honest, *datas: bytes) -> SwapTransaction:
    """A call of Token-2022 on our own token account: nothing of it is on the allow-list."""
    ours = swaps.ata(honest.wallet, honest.mint, swaps.TOKEN_2022)
    return honest.with_extra(call(honest, swaps.TOKEN_2022, honest.rng.choice(datas), ours, honest.key()))


def inflated_price(honest: Honest) -> SwapTransaction:
    """A price that takes more than the cap at the honest limit."""
    least = CAP_LAMPORTS * fees.MICRO // swaps.UNITS + 1
    return honest.replaced(price=set_compute_unit_price(honest.rng.randrange(least, 50 * least)))


def inflated_limit(honest: Honest) -> SwapTransaction:
    """A limit that takes more than the cap at the honest price."""
    price = honest.rng.randrange(10**7, 10**8)
    least = CAP_LAMPORTS * fees.MICRO // price + 1
    return honest.replaced(price=set_compute_unit_price(price), limit=set_compute_unit_limit(least + honest.rng.randrange(10**6)))


R = ReasonCode
KINDS = (
    Kind(
        "unknown program",
        "whatever it does with our signature",
        R.TX_PROGRAM,
        judge.program_is_allowed,
        lambda h: h.with_extra(call(h, h.key(), h.rng.randbytes(8), h.key())),
    ),
    Kind("look-alike of Jupiter", "a hostile copy is given our accounts", R.TX_PROGRAM, judge.program_is_allowed, look_alike),
    Kind(
        "memo",
        "our words on chain, for whoever reads them",
        R.TX_PROGRAM,
        judge.program_is_allowed,
        lambda h: h.with_extra(call(h, Pubkey.from_string(programs.MEMO_PROGRAM), b"hi")),
    ),
    Kind(
        "Token-2022 transfer",
        "the tokens",
        R.TX_PROGRAM,
        judge.program_is_allowed,
        lambda h: of_token_2022(h, b"\x03" + bytes(8), b"\x0c" + bytes(9), b"\x1a\x01" + bytes(17)),
    ),
    Kind(
        "Token-2022 approve or new owner",
        "the tokens, later",
        R.TX_PROGRAM,
        judge.program_is_allowed,
        lambda h: of_token_2022(h, b"\x04" + bytes(8), b"\x06\x02\x01" + bytes(h.key())),
    ),
    Kind(
        "pool called directly",
        "a trade that no floor protects",
        R.TX_PROGRAM,
        judge.program_is_allowed,
        lambda h: h.with_extra(call(h, Pubkey.from_string(programs.PUMP_PROGRAM), programs.PUMP_SELL + bytes(16), h.key())),
    ),
    Kind(
        "second compute limit or price",
        "which one counts is the reader's choice",
        R.TX_PROGRAM,
        fees.only_one_limit_and_one_price,
        said_twice,
    ),
    Kind(
        "other compute-budget call",
        "what a swap does not need",
        R.TX_PROGRAM,
        fees.only_one_limit_and_one_price,
        lambda h: h.with_extra(
            h.rng.choice(
                [request_heap_frame(256 * 1024), set_loaded_accounts_data_size_limit(1_000), Instruction(ID, b"\x00" + bytes(8), [])]
            )
        ),
    ),
    Kind(
        "price without a limit",
        "the fee is the default limit's, five times what it seems",
        R.TX_FEE_CAP,
        fees.price_has_a_limit,
        lambda h: h.replaced(limit=None, price=set_compute_unit_price(swaps.PRICE)),
    ),
    Kind("inflated price", "the wallet drains into fees", R.TX_FEE_CAP, fees.fee_is_within_cap, inflated_price),
    Kind("inflated limit", "the same, by units", R.TX_FEE_CAP, fees.fee_is_within_cap, inflated_limit),
)
