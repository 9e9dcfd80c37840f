"""A quote's instructions -> the exact message bytes to approve and sign. Pure: no network, no clock, no key.

What Jupiter proposes is not trusted here either: it is compiled, and `chain.policy` then judges the BYTES. Four things are ours: the
blockhash, the compute budget, the tip, and that every account whose identity matters stays a static key of the message.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

import msgspec
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.message import MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from memesnipe.chain.clients.jupiter import Build
from memesnipe.chain.clients.jupiter import Instruction as Proposed
from memesnipe.chain.clients.rpc_types import Blockhash
from memesnipe.chain.decode_tables import addresses_in
from memesnipe.chain.policy import token_account
from memesnipe.chain.programs import COMPUTE_BUDGET_PROGRAM, TOKEN_2022_PROGRAM, TOKEN_PROGRAM
from memesnipe.kernel.errors import BadInput, Refused
from memesnipe.messages.signing import LookupTable, MintAccount

_TOKEN_PROGRAMS = (Pubkey.from_string(TOKEN_PROGRAM), Pubkey.from_string(TOKEN_2022_PROGRAM))
_SET_PRICE = b"\x03"
MICRO = 1_000_000


class Budget(msgspec.Struct, frozen=True):
    """What we pay besides the swap. Units are compute units, the price micro-lamports for one."""

    units: int
    price_micro_lamports: int
    tip_lamports: int
    tip_account: str


class Built(msgspec.Struct, frozen=True):
    """A message ready to be judged, and what its quote promised (base units of the output mint)."""

    message: bytes
    tables: tuple[LookupTable, ...]
    last_valid_block_height: int
    quoted_out: int
    mint: MintAccount | None = None
    """The account of the token that is bought."""


def swap_message(build: Build, *, wallet: str, tables: Sequence[LookupTable], budget: Budget, blockhash: Blockhash) -> Built:
    """Return the v0 message of a swap. Raises BadInput.

    `tables` and `blockhash` are read from the chain by us. A quote that lied about the last valid height would make a transaction
    look expired that can still land, and a second one would be sent.
    """
    payer = Pubkey.from_string(wallet)
    instructions = list(_instructions(build, payer, budget))
    static = _static_keys(build, instructions, payer)
    lookups = list(_lookups(tables, static))
    try:
        message = MessageV0.try_compile(payer, instructions, lookups, Hash.from_string(blockhash.blockhash))
    except Exception as error:  # solders raises its own CompileError, which derives from Exception alone
        raise BadInput("jupiter.instructions", f"cannot be compiled: {error}") from None
    used = {str(each.account_key) for each in message.address_table_lookups}
    return Built(
        message=bytes(to_bytes_versioned(message)),
        tables=tuple(table for table in tables if table.key in used),
        last_valid_block_height=blockhash.last_valid_block_height,
        quoted_out=int(build.out_amount),
    )


def proposed(build: Build) -> tuple[Instruction, ...]:
    """Return what a quote proposes to do, in order, the compute budget left out. Raises BadInput.

    Others are kept although the policy will likely refuse them: a swap without what it came with is another swap.
    """
    steps = (*build.setup_instructions, *build.other_instructions, build.swap_instruction, build.cleanup_instruction)
    return tuple(_instruction(step) for step in steps if step is not None)


def advised_price(build: Build, default_micro_lamports: int) -> int:
    """Return the compute-unit price the quote advises, the default without one (micro-lamports)."""
    for each in build.compute_budget_instructions:
        if each.program_id == COMPUTE_BUDGET_PROGRAM and each.data[:1] == _SET_PRICE and len(each.data) == 9:
            return int.from_bytes(each.data[1:], "little")
    return default_micro_lamports


def price_within(units: int, price_micro_lamports: int, fee_lamports_max: int) -> int:
    """Return the price, lowered until ceil(units x price / 10^6) keeps the cap."""
    return min(price_micro_lamports, fee_lamports_max * MICRO // max(units, 1))


def _instructions(build: Build, payer: Pubkey, budget: Budget) -> Iterator[Instruction]:
    yield set_compute_unit_limit(budget.units)
    yield set_compute_unit_price(budget.price_micro_lamports)
    yield from proposed(build)
    if budget.tip_lamports:
        taker = Pubkey.from_string(budget.tip_account)
        yield transfer(TransferParams(from_pubkey=payer, to_pubkey=taker, lamports=budget.tip_lamports))


def _instruction(step: Proposed) -> Instruction:
    try:
        metas = [AccountMeta(Pubkey.from_string(each.pubkey), each.is_signer, each.is_writable) for each in step.accounts]
        return Instruction(Pubkey.from_string(step.program_id), step.data, metas)
    except ValueError:
        raise BadInput("jupiter.accounts", "not a public key") from None


def _static_keys(build: Build, instructions: Sequence[Instruction], wallet: Pubkey) -> set[Pubkey]:
    """Return what must not come from a table: all but the swap's own accounts, and in the swap our accounts, mints and programs."""
    swap = _instruction(build.swap_instruction)
    static = {meta.pubkey for each in instructions if each != swap for meta in each.accounts}
    static |= {each.program_id for each in instructions}.union(_TOKEN_PROGRAMS)
    mints = [Pubkey.from_string(build.input_mint), Pubkey.from_string(build.output_mint)]
    return static.union(mints, *({token_account(wallet, mint, program) for program in _TOKEN_PROGRAMS} for mint in mints))


def _lookups(tables: Sequence[LookupTable], static: set[Pubkey]) -> Iterator[AddressLookupTableAccount]:
    """Yield the tables that the policy would take. Without another one the message is longer, and an exit does not hang on it."""
    for table in tables:
        with suppress(Refused):
            yield _hiding(table, static)


def _hiding(table: LookupTable, static: set[Pubkey]) -> AddressLookupTableAccount:
    """Return the table with the keys that must stay static hidden; places are kept, for a lookup is an index on chain."""
    shown = [Pubkey.new_unique() if key in static else key for key in addresses_in(table)]
    return AddressLookupTableAccount(Pubkey.from_string(table.key), shown)
