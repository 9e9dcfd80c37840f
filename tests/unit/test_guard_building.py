"""From a quote to bytes: what is ours in them, and that nothing whose identity matters can come from a lookup table."""

import base64
import json
from typing import Any

import msgspec
import pytest
from solders.pubkey import Pubkey

from memesnipe.chain import build, policy
from memesnipe.chain.build import Budget
from memesnipe.chain.clients.jupiter import Build
from memesnipe.chain.clients.rpc_types import Blockhash
from memesnipe.chain.decode import decode_message
from memesnipe.chain.programs import JITO_TIP_ACCOUNTS, JUPITER_PROGRAM, TOKEN_PROGRAM, WRAPPED_SOL_MINT
from memesnipe.guard.quoting import Found, caps_of, judged
from memesnipe.kernel.errors import BadInput, Refused
from memesnipe.messages.signing import LookupTable
from memesnipe.testing.builders import GENESIS, MINT, an_intent, limits
from memesnipe.testing.swaps import table_data

WALLET = str(Pubkey.from_bytes(bytes([5]) * 32))
POOL = str(Pubkey.from_bytes(bytes([6]) * 32))
TABLE = str(Pubkey.from_bytes(bytes([8]) * 32))
BLOCKHASH = Blockhash(GENESIS, 321)
AMOUNT, QUOTED = 100_000_000, 3_000 * 10**6
TOKEN = Pubkey.from_string(TOKEN_PROGRAM)


def account(mint: str) -> str:
    return str(policy.token_account(Pubkey.from_string(WALLET), Pubkey.from_string(mint), TOKEN))


def quote(**changes: Any) -> Build:
    """A one-step route_v2 from wrapped SOL to MINT, as Jupiter answers it."""
    data = bytes.fromhex("bb64facc31c4af14") + AMOUNT.to_bytes(8, "little") + QUOTED.to_bytes(8, "little")
    data += (300).to_bytes(2, "little") + bytes(4) + (1).to_bytes(4, "little") + bytes(5)
    keys = [WALLET, account(WRAPPED_SOL_MINT), account(MINT), WRAPPED_SOL_MINT, MINT, TOKEN_PROGRAM, TOKEN_PROGRAM]
    keys += [JUPITER_PROGRAM, POOL, JUPITER_PROGRAM, POOL]
    metas = [{"pubkey": key, "isSigner": key == WALLET, "isWritable": at in (1, 2, 10)} for at, key in enumerate(keys)]
    swap = {"programId": JUPITER_PROGRAM, "accounts": metas, "data": _base64(data)}
    answer = {
        "inputMint": WRAPPED_SOL_MINT,
        "outputMint": MINT,
        "inAmount": str(AMOUNT),
        "outAmount": str(QUOTED),
        "otherAmountThreshold": str(QUOTED),
        "slippageBps": 300,
        "swapInstruction": swap,
        "blockhashWithMetadata": {"blockhash": [1] * 32, "lastValidBlockHeight": 1},
    }
    return msgspec.json.decode(json.dumps({**answer, **changes}), type=Build)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def budget(**changes: Any) -> Budget:
    return msgspec.structs.replace(Budget(200_000, 50_000, 10_000, JITO_TIP_ACCOUNTS[0]), **changes)


def caps(**changes: Any) -> Any:
    return caps_of(limits(**changes), 200_000, 50_000, 10_000)


def a_table(*addresses: str) -> LookupTable:
    return LookupTable(TABLE, table_data(*map(Pubkey.from_string, addresses)))


def test_the_blockhash_and_its_last_height_are_ours_and_never_the_quote_s() -> None:
    built = build.swap_message(quote(), wallet=WALLET, tables=(), budget=budget(), blockhash=BLOCKHASH)

    assert built.last_valid_block_height == 321
    assert decode_message(built.message, ()).blockhash == bytes(Pubkey.from_string(GENESIS))


def test_a_table_that_lists_our_accounts_and_mints_is_not_used_for_them() -> None:
    table = a_table(WALLET, account(MINT), MINT, WRAPPED_SOL_MINT, TOKEN_PROGRAM, JITO_TIP_ACCOUNTS[0], POOL)

    built = build.swap_message(quote(), wallet=WALLET, tables=(table,), budget=budget(), blockhash=BLOCKHASH)

    decoded = decode_message(built.message, built.tables)
    assert [str(key) for key in decoded.keys[decoded.static_keys :]] == [POOL]


def test_a_table_that_saves_nothing_is_left_out() -> None:
    table = a_table(str(Pubkey.from_bytes(bytes([77]) * 32)))

    assert build.swap_message(quote(), wallet=WALLET, tables=(table,), budget=budget(), blockhash=BLOCKHASH).tables == ()


@pytest.mark.parametrize("data", [table_data(Pubkey.from_string(POOL), deactivated=5), b"no table"], ids=["deactivated", "unreadable"])
def test_an_exit_does_not_hang_on_a_table_that_cannot_be_used(data: bytes) -> None:
    built = build.swap_message(quote(), wallet=WALLET, tables=(LookupTable(TABLE, data),), budget=budget(), blockhash=BLOCKHASH)

    assert built.tables == ()
    assert Pubkey.from_string(POOL) in decode_message(built.message, ()).keys


def test_the_same_quote_makes_the_same_bytes() -> None:
    table = a_table(MINT, POOL)

    first, second = (build.swap_message(quote(), wallet=WALLET, tables=(table,), budget=budget(), blockhash=BLOCKHASH) for _ in range(2))

    assert first == second


def test_a_key_that_is_none_is_bad_input() -> None:
    with pytest.raises(BadInput):
        build.swap_message(
            quote(setupInstructions=[{"programId": "1" * 44, "accounts": [], "data": ""}]),
            wallet=WALLET,
            tables=(),
            budget=budget(),
            blockhash=BLOCKHASH,
        )


@pytest.mark.parametrize("fee_max", [0, 1, 999, 10_000, 5_000_000])
def test_the_priority_fee_keeps_its_cap_whatever_the_advice(fee_max: int) -> None:
    price = build.price_within(200_000, 10**9, fee_max)

    assert -(-price * 200_000 // 1_000_000) <= fee_max


def test_what_the_policy_lets_pass_costs_no_more_than_its_caps() -> None:
    found = Found(quote(), (), None, BLOCKHASH, JITO_TIP_ACCOUNTS[0], 50_000, 10_000)

    ready = judged(an_intent(), WALLET, found, caps(priority_fee_lamports_max=7, tip_lamports_max=3), 200_000)

    terms = policy.terms_of(an_intent(), wallet=Pubkey.from_string(WALLET), min_out=ready.min_out, limits=policy.Limits(7, 3))
    summary = policy.check(ready.built.message, ready.built.tables, terms)
    assert (summary.priority_fee_lamports <= 7, summary.tip_lamports) == (True, 3)


def test_a_swap_that_comes_with_a_transfer_to_a_stranger_is_refused() -> None:
    data = _base64((2).to_bytes(4, "little") + (5).to_bytes(8, "little"))
    metas = [{"pubkey": WALLET, "isSigner": True, "isWritable": True}, {"pubkey": POOL, "isSigner": False, "isWritable": True}]
    theft = {"programId": "1" * 32, "accounts": metas, "data": data}

    with pytest.raises(Refused):
        judged(
            an_intent(),
            WALLET,
            Found(quote(otherInstructions=[theft]), (), None, BLOCKHASH, JITO_TIP_ACCOUNTS[0], 50_000, 10_000),
            caps(),
            200_000,
        )
