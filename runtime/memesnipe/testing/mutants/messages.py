"""Kinds that change the message itself: its version, its spelling, its size, who signs and who pays."""

from collections.abc import Callable

from solders.compute_budget import ID as COMPUTE_BUDGET
from solders.hash import Hash
from solders.instruction import AccountMeta, CompiledInstruction, Instruction
from solders.message import (
    MessageAddressTableLookup,
    MessageHeader,
    MessageV0,
    MessageV1,
    TransactionConfig,
    from_bytes_versioned,
    to_bytes_versioned,
)
from solders.pubkey import Pubkey

from memesnipe.chain import decode
from memesnipe.chain.policy import judge
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.signing import SwapTransaction
from memesnipe.testing import swaps
from memesnipe.testing.builders import SOL
from memesnipe.testing.mutants.honest import Honest
from memesnipe.testing.mutants.kind import Kind
from memesnipe.testing.mutants.lookups import looking_up, not_legacy, table_of

POOL_LARGE = 30
"""Pool accounts enough to leave the packet, and few enough for a message."""


def is_static(honest: Honest) -> bool:
    """The pool's accounts are in the message."""
    return honest.shape.form != "v0 with a table"


def as_v1(honest: Honest) -> SwapTransaction:
    """The same order as a v1 message: its fee is a TOTAL in lamports, where a v0 reader would expect a price."""
    calls = [each for each in honest.parts.instructions() if each.program_id != COMPUTE_BUDGET]
    config = TransactionConfig(priority_fee=swaps.PRIORITY_FEE, compute_unit_limit=swaps.UNITS)
    message = MessageV1.try_compile(honest.wallet, calls, Hash(honest.rng.randbytes(32)), config)
    return honest.request(bytes(to_bytes_versioned(message)), tables=())


def appended(honest: Honest) -> SwapTransaction:
    """A few bytes behind the message."""
    return honest.request(honest.message() + honest.rng.randbytes(honest.rng.randrange(1, 40)))


def with_signature(honest: Honest) -> SwapTransaction:
    """A signature behind the message, where v1 would have it."""
    return honest.request(honest.message() + honest.rng.randbytes(64))


def with_second_message(honest: Honest) -> SwapTransaction:
    """A whole transaction of somebody else's behind ours."""
    theft = honest.message([swaps.pay(honest.wallet, honest.key(), SOL)])
    return honest.request(honest.message() + theft)


def rebuilt(honest: Honest, change: Callable[[MessageV0], MessageV0]) -> SwapTransaction:
    """The v0 message taken apart and put together otherwise."""
    parsed = from_bytes_versioned(honest.message())
    if not isinstance(parsed, MessageV0):
        raise TypeError("only v0 is rebuilt")
    return honest.request(bytes(to_bytes_versioned(change(parsed))))


def header_changed(honest: Honest, signed_more: int, unsigned_more: int) -> SwapTransaction:
    """Another count of read-only accounts."""

    def change(parsed: MessageV0) -> MessageV0:
        old = parsed.header
        header = MessageHeader(1, old.num_readonly_signed_accounts + signed_more, old.num_readonly_unsigned_accounts + unsigned_more)
        return MessageV0(header, parsed.account_keys, parsed.recent_blockhash, parsed.instructions, parsed.address_table_lookups)

    return rebuilt(honest, change)


def empty_lookup(honest: Honest) -> SwapTransaction:
    """A lookup that looks up nothing."""

    def change(parsed: MessageV0) -> MessageV0:
        table = next(iter(parsed.address_table_lookups)).account_key
        lookups = [*parsed.address_table_lookups, MessageAddressTableLookup(table, b"", b"")]
        return MessageV0(parsed.header, parsed.account_keys, parsed.recent_blockhash, parsed.instructions, lookups)

    return rebuilt(honest, change)


def key_twice(honest: Honest) -> SwapTransaction:
    """An account once more at the end of the static keys, which are read-only there."""

    def change(parsed: MessageV0) -> MessageV0:
        old, keys = parsed.header, list(parsed.account_keys)
        header = MessageHeader(1, old.num_readonly_signed_accounts, old.num_readonly_unsigned_accounts + 1)
        # Looked-up accounts stand behind the static ones: with one more of those, each of theirs moves by one.
        moved = [_moved(each, len(keys)) for each in parsed.instructions]
        return MessageV0(header, [*keys, honest.rng.choice(keys)], parsed.recent_blockhash, moved, parsed.address_table_lookups)

    return rebuilt(honest, change)


def _moved(instruction: CompiledInstruction, static: int) -> CompiledInstruction:
    accounts = bytes(place + (place >= static) for place in instruction.accounts)
    return CompiledInstruction(instruction.program_id_index, bytes(instruction.data), accounts)


def key_in_table_too(honest: Honest) -> SwapTransaction:
    """A static account once more, from a table."""
    message = looking_up(honest, 0)
    table = table_of(honest.rng.choice(list(from_bytes_versioned(message).account_keys)))
    return honest.request(message, tables=(*honest.tables, table))


def too_large(honest: Honest) -> SwapTransaction:
    """A route through so many pool accounts that no validator takes it."""
    pool = tuple(honest.key() for _ in range(POOL_LARGE))
    return honest.replaced(swap=honest.swap(pool=pool))


def second_signer(honest: Honest) -> SwapTransaction:
    """An account of the pool's has to sign as well."""
    swap = honest.swap(pool=(honest.key(),))
    metas = [*swap.accounts[:-1], AccountMeta(swap.accounts[-1].pubkey, True, honest.rng.random() < 0.5)]
    return honest.replaced(swap=Instruction(swap.program_id, swap.data, metas))


def other_payer(honest: Honest) -> SwapTransaction:
    """A stranger's key in front; ours is only named."""
    payer = honest.key()
    calls = [_unsigned(each, honest.wallet) for each in honest.parts.instructions()]
    return honest.request(honest.message(calls, payer=payer))


def _unsigned(instruction: Instruction, wallet: Pubkey) -> Instruction:
    metas = [AccountMeta(each.pubkey, each.is_signer and each.pubkey != wallet, each.is_writable) for each in instruction.accounts]
    return Instruction(instruction.program_id, instruction.data, metas)


R = ReasonCode
KINDS = (
    Kind(
        "v1 in place of v0",
        "a fee read as a price: the total may be a million times what was meant",
        R.TX_VERSION,
        decode.version_is_allowed,
        as_v1,
        is_static,
    ),
    Kind("trailing bytes", "bytes that nobody judged are signed", R.TX_MALFORMED, decode.bytes_are_its_only_spelling, appended),
    Kind(
        "extra signature",
        "a reader that takes signatures from the end reads another transaction",
        R.TX_MALFORMED,
        decode.bytes_are_its_only_spelling,
        with_signature,
    ),
    Kind(
        "second message behind",
        "a theft hidden behind what is judged",
        R.TX_MALFORMED,
        decode.bytes_are_its_only_spelling,
        with_second_message,
    ),
    Kind(
        "payer is read-only",
        "an attempt that can never land",
        R.TX_MALFORMED,
        decode.message_is_sane,
        lambda h: header_changed(h, 1, 0),
        not_legacy,
    ),
    Kind(
        "more read-only than accounts",
        "an attempt that can never land",
        R.TX_MALFORMED,
        decode.message_is_sane,
        lambda h: header_changed(h, 0, 100),
        not_legacy,
    ),
    Kind(
        "empty table lookup",
        "an attempt that can never land",
        R.TX_MALFORMED,
        decode.message_is_sane,
        empty_lookup,
        lambda h: not is_static(h),
    ),
    Kind("larger than a packet", "an attempt that no validator takes", R.TX_MALFORMED, decode.packet_is_within_size, too_large, is_static),
    Kind(
        "account listed twice",
        "one account static for the rules and another for the chain",
        R.TX_MALFORMED,
        decode.no_account_is_listed_twice,
        key_twice,
        lambda h: h.shape.form == "v0",
    ),
    Kind(
        "account static and in a table",
        "the same, by a table",
        R.TX_LOOKUP_TABLE,
        decode.no_account_is_listed_twice,
        key_in_table_too,
        lambda h: h.shape.form == "v0",
    ),
    Kind("second signer", "somebody else holds the transaction back until it suits him", R.TX_SIGNERS, judge.we_alone_sign, second_signer),
    Kind(
        "another fee payer",
        "our signature under a transaction that is another's to complete",
        R.TX_FEE_PAYER,
        judge.we_pay_the_fee,
        other_payer,
    ),
)
