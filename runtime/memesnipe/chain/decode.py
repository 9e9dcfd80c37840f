"""Transaction bytes -> what they say. Pure; anything that is not one clean spelling of a transaction is Refused.

solders parses generously: it takes trailing bytes and indexes that point nowhere. So each decode is re-serialised and compared,
sanitised, and its lookup tables are resolved from data the caller gives, never from an assumption.

`decode_message` is for what we are asked to SIGN. `read_transaction` is for what LANDED. Both read legacy, v0 and v1; signed is what
`SIGNED_VERSIONS` names and nothing else. Wire formats: https://solana.com/docs/core/transactions, SIMD-0385 for v1.
"""

from collections.abc import Iterator, Sequence

import msgspec
from solders.message import Message, MessageV0, MessageV1, from_bytes_versioned, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from memesnipe.chain.decode_tables import looked_up_keys
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.signing import LookupTable

SIGNED_VERSIONS = frozenset({"legacy", "v0"})
"""v1 has no lookup tables and states its fee as a TOTAL in lamports: a guard that took it for a price would pay a million times less or
more. It is signed only when the whole path (building, simulating, sending) speaks it."""
TRANSACTION_BYTES_MAX = 1_232
"""One UDP packet: the network takes no larger legacy or v0 transaction."""
TRANSACTION_V1_BYTES_MAX = 4_096
SIGNATURE_BYTES = 64
_VERSIONED = 0x80

Parsed = Message | MessageV0 | MessageV1


class Instruction(msgspec.Struct, frozen=True, gc=False):
    """One outer instruction with its accounts resolved. `indexes` are the accounts' places in the message's key list."""

    program: Pubkey
    accounts: tuple[Pubkey, ...]
    indexes: bytes
    data: bytes


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """A message, read. `keys` are the static keys, then the looked-up writable ones, then the looked-up read-only ones."""

    version: str
    signers: int
    blockhash: bytes
    static_keys: int
    keys: tuple[Pubkey, ...]
    instructions: tuple[Instruction, ...]
    priority_fee_lamports: int = 0
    """What a v1 message's own config states: the TOTAL. 0 in the others, which state a price in an instruction."""
    compute_units: int = 0
    """The same config's limit; 0 where it states none."""

    @property
    def payer(self) -> Pubkey:
        """Who pays the fee: the first key, always."""
        return self.keys[0]


def decode_message(message: bytes, tables: Sequence[LookupTable]) -> Decoded:
    """Return a signable message. Raises Refused: TX_VERSION, TX_MALFORMED or TX_LOOKUP_TABLE, nothing else."""
    version_is_allowed(message)
    parsed = _parsed(message)
    bytes_are_its_only_spelling(parsed, message)
    message_is_sane(parsed)
    packet_is_within_size(parsed, message)
    looked_up = looked_up_keys(parsed.address_table_lookups, tables) if isinstance(parsed, MessageV0) else ()
    decoded = _assemble(parsed, looked_up)
    no_account_is_listed_twice(decoded)
    return decoded


def read_transaction(raw: bytes, looked_up: Sequence[str] = ()) -> Decoded:
    """Return a landed transaction (legacy, v0, v1) from its wire bytes; no policy is applied.

    `looked_up`: `meta.loadedAddresses`, writable then read-only, as base58. Raises Refused(TX_MALFORMED).
    """
    if len(raw) > TRANSACTION_V1_BYTES_MAX:
        raise _malformed(f"{len(raw)} bytes, more than {TRANSACTION_V1_BYTES_MAX}")
    try:
        transaction = VersionedTransaction.from_bytes(raw)
        transaction.sanitize()
        keys = tuple(Pubkey.from_string(key) for key in looked_up)
        same = bytes(transaction) == raw
    except Exception as error:  # solders raises several kinds, some of them only Exception
        raise _malformed(str(error)) from None
    if not same:
        raise _malformed("it does not re-serialise to its own bytes")
    return _assemble(transaction.message, keys)


def version_is_allowed(message: bytes) -> None:
    """The first byte says it: below 0x80 it is a legacy message."""
    first = message[0] if message else 0
    version = f"v{first - _VERSIONED}" if first & _VERSIONED else "legacy"
    if version not in SIGNED_VERSIONS:
        raise Refused(ReasonCode.TX_VERSION, f"version {version}; signed are only {', '.join(sorted(SIGNED_VERSIONS))}")


def bytes_are_its_only_spelling(parsed: Parsed, message: bytes) -> None:
    """Bytes that the parser left out would be signed unread: the tail of a longer message, or a signature that does not belong."""
    if to_bytes_versioned(parsed) != message:
        raise _malformed("it does not re-serialise to its own bytes (trailing bytes?)")


def message_is_sane(parsed: Parsed) -> None:
    """Counts and indexes that contradict each other, by the chain's own rules."""
    try:
        # The wrapper has the checks for every version; a legacy message alone has none.
        VersionedTransaction.populate(parsed, [Signature.default()] * parsed.header.num_required_signatures).sanitize()
    except Exception as error:  # as above: any failure is the same answer
        raise _malformed(str(error)) from None


def packet_is_within_size(parsed: Parsed, message: bytes) -> None:
    """What no validator takes can only cost us an attempt."""
    size = 1 + SIGNATURE_BYTES * parsed.header.num_required_signatures + len(message)
    most = TRANSACTION_V1_BYTES_MAX if isinstance(parsed, MessageV1) else TRANSACTION_BYTES_MAX
    if size > most:
        raise _malformed(f"{size} bytes with signatures, more than {most}")


def no_account_is_listed_twice(decoded: Decoded) -> None:
    """The chain refuses it too; and an account with two places could be static in one and looked up in the other."""
    if len(set(decoded.keys)) != len(decoded.keys):
        by_table = decoded.static_keys < len(decoded.keys)
        raise Refused(ReasonCode.TX_LOOKUP_TABLE if by_table else ReasonCode.TX_MALFORMED, "an account is listed twice")


def _parsed(message: bytes) -> Parsed:
    try:
        return from_bytes_versioned(message)
    except Exception as error:  # as above
        raise _malformed(f"it cannot be read: {error}") from None


def _assemble(parsed: Parsed, looked_up: tuple[Pubkey, ...]) -> Decoded:
    static = tuple(parsed.account_keys)
    keys = static + looked_up
    instructions = tuple(_instructions(parsed, keys, len(static)))
    if isinstance(parsed, MessageV1):
        config, blockhash = parsed.config, bytes(parsed.lifetime_specifier)
        stated = (config.priority_fee or 0, config.compute_unit_limit or 0)
        return Decoded("v1", parsed.header.num_required_signatures, blockhash, len(static), keys, instructions, *stated)
    version = "v0" if isinstance(parsed, MessageV0) else "legacy"
    return Decoded(version, parsed.header.num_required_signatures, bytes(parsed.recent_blockhash), len(static), keys, instructions)


def _instructions(parsed: Parsed, keys: tuple[Pubkey, ...], static_keys: int) -> Iterator[Instruction]:
    at = keys.__getitem__
    for each in parsed.instructions:
        place, indexes = each.program_id_index, bytes(each.accounts)
        # sanitize() bounds the indexes by what the message says it looks up; bound them by what was really given, too.
        try:
            accounts = tuple(map(at, indexes))
        except IndexError:
            raise _malformed("an instruction points at an account that is not there") from None
        if place >= static_keys:
            raise _malformed("an instruction's program is not a static key")
        yield Instruction(keys[place], accounts, indexes, bytes(each.data))


def _malformed(detail: str) -> Refused:
    return Refused(ReasonCode.TX_MALFORMED, detail)
