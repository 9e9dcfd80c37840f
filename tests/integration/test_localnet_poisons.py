"""A Jupiter that lies: each poison is in what `build` answers, one at a time, and where it could run it would do harm."""

from collections.abc import AsyncIterator
from typing import Any, get_args

import pytest
from solders.pubkey import Pubkey

from memesnipe.chain.programs import ATA_PROGRAM, SYSTEM_PROGRAM, TOKEN_PROGRAM, WRAPPED_SOL_MINT
from memesnipe.localnet.poisons import POISONS, STRANGER
from memesnipe.localnet.switches import Poison
from memesnipe.localnet.testing import SOL, Wallet, a_quiet_market

Json = Any
MINT = str(Pubkey.from_bytes(bytes([9]) * 32))


@pytest.fixture
async def wallet() -> AsyncIterator[Wallet]:
    async with a_quiet_market(MINT) as wallet:
        yield wallet


ADDED = {
    "extra_transfer": SYSTEM_PROGRAM,
    "inflated_tip": SYSTEM_PROGRAM,
    "nonce": SYSTEM_PROGRAM,
    "approve": TOKEN_PROGRAM,
    "set_authority": TOKEN_PROGRAM,
    "close_account": TOKEN_PROGRAM,
    "strangers_account": ATA_PROGRAM,
}


@pytest.mark.parametrize("poison", POISONS)
async def test_each_poison_changes_exactly_one_part_of_what_build_answers(wallet: Wallet, poison: str) -> None:
    clean = await wallet.quote(WRAPPED_SOL_MINT, MINT, SOL)
    await wallet.post("/localnet/faults", {"poison": poison})

    built = await wallet.quote(WRAPPED_SOL_MINT, MINT, SOL)

    parts = {name for name in clean if built[name] != clean[name] and name != "blockhashWithMetadata"}
    tables = {"wrong_table", "absent_table"}
    expected = "setupInstructions" if poison in ADDED else "addressesByLookupTableAddress" if poison in tables else "swapInstruction"
    assert parts == {expected}


@pytest.mark.parametrize(("poison", "program"), ADDED.items())
async def test_a_poison_that_adds_an_instruction_adds_one_of_the_program_it_needs(wallet: Wallet, poison: str, program: str) -> None:
    clean = await wallet.quote(WRAPPED_SOL_MINT, MINT, SOL)
    await wallet.post("/localnet/faults", {"poison": poison})

    built = await wallet.quote(WRAPPED_SOL_MINT, MINT, SOL)

    added = [one for one in built["setupInstructions"] if one not in clean["setupInstructions"]]
    assert [one["programId"] for one in added] == [program]


async def test_every_poison_a_switch_names_has_its_code() -> None:
    assert set(get_args(Poison)) - {""} == set(POISONS)


async def test_a_poison_that_is_signed_blindly_costs_real_lamports(wallet: Wallet) -> None:
    """What the refusal is worth: the localnet settles what was signed, as a chain does."""
    await wallet.post("/localnet/faults", {"poison": "extra_transfer"})
    before = await wallet.balance(STRANGER)

    landed = await wallet.land(wallet.swap(await wallet.quote(WRAPPED_SOL_MINT, MINT, SOL, slippageBps=100)))

    assert landed["meta"]["err"] is None
    assert await wallet.balance(STRANGER) == before + 1_000_000
