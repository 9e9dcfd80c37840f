"""Transaction bytes -> what they say. Pure; anything that is not one clean spelling of a transaction is Refused.

solders parses generously: it takes trailing bytes and indexes that point nowhere. So each decode is re-serialised and compared,
sanitised, and its lookup tables are resolved from data the caller gives, never from an assumption.

`decode_message` is for what we are asked to SIGN (legacy and v0 only). `read_transaction` is for what LANDED (v1 too).
Wire formats: https://solana.com/docs/core/transactions, SIMD-0385 for v1.
"""

from collections.abc import Iterator, Sequence

import msgspec
from solders.message import Message, MessageV0, MessageV1, from_bytes_versioned, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from memesnipe.chain.programs import SYSTEM_PROGRAM
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.signing import LookupTable

TRANSACTION_BYTES_MAX = 1_232
"""One UDP packet: the network takes no larger legacy or v0 transaction."""
TRANSACTION_V1_BYTES_MAX = 4_096
SIGNATURE_BYTES = 64
_VERSIONED = 0x80
_V0 = 0x80

_SYSTEM = Pubkey.from_string(SYSTEM_PROGRAM)
_ADVANCE_NONCE = (4).to_bytes(4, "little")

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

    @property
    def payer(self) -> Pubkey:
        """Who pays the fee: the first key, always."""
        return self.keys[0]


def decode_message(message: bytes, tables: Sequence[LookupTable]) -> Decoded:
    """Return a signable message. Raises Refused: TX_VERSION, TX_MALFORMED, TX_DURABLE_NONCE or TX_LOOKUP_TABLE, nothing else."""
    _require_signable_version(message)
    parsed = _parse(message)
    _require_packet_size(message, parsed)
    looked_up = tuple(_resolve(parsed, tables))
    decoded = _assemble(parsed, looked_up)
    if len(set(decoded.keys)) != len(decoded.keys):
        raise Refused(ReasonCode.TX_LOOKUP_TABLE if looked_up else ReasonCode.TX_MALFORMED, "an account is listed twice")
    _refuse_nonce(decoded)
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


def _require_signable_version(message: bytes) -> None:
    if not message:
        raise _malformed("no bytes")
    if message[0] & _VERSIONED and message[0] != _V0:
        raise Refused(ReasonCode.TX_VERSION, f"version {message[0] & 0x7F}; only legacy and v0 are signed")


def _parse(message: bytes) -> Parsed:
    try:
        parsed = from_bytes_versioned(message)
        # The wrapper has the checks for every version; a legacy message alone has none.
        VersionedTransaction.populate(parsed, [Signature.default()] * parsed.header.num_required_signatures).sanitize()
        same = bytes(to_bytes_versioned(parsed)) == message
    except Exception as error:  # as above: any failure to read is the same answer
        raise _malformed(str(error)) from None
    if not same:
        raise _malformed("it does not re-serialise to its own bytes (trailing bytes?)")
    return parsed


def _require_packet_size(message: bytes, parsed: Parsed) -> None:
    size = 1 + SIGNATURE_BYTES * parsed.header.num_required_signatures + len(message)
    if size > TRANSACTION_BYTES_MAX:
        raise _malformed(f"{size} bytes with signatures, more than {TRANSACTION_BYTES_MAX}")


def _resolve(parsed: Parsed, tables: Sequence[LookupTable]) -> Iterator[Pubkey]:
    """Yield the looked-up keys in the chain's order: every table's writable ones, then every table's read-only ones."""
    if not isinstance(parsed, MessageV0):
        return
    by_key = {table.key: table.addresses for table in tables}
    if len(by_key) != len(tables):
        raise Refused(ReasonCode.TX_LOOKUP_TABLE, "the same lookup table is given twice")
    lookups = [(str(lookup.account_key), lookup) for lookup in parsed.address_table_lookups]
    for key, lookup in lookups:
        yield from _pick(key, lookup.writable_indexes, by_key)
    for key, lookup in lookups:
        yield from _pick(key, lookup.readonly_indexes, by_key)


def _pick(key: str, indexes: bytes, tables: dict[str, tuple[str, ...]]) -> Iterator[Pubkey]:
    addresses = tables.get(key)
    if addresses is None:
        raise Refused(ReasonCode.TX_LOOKUP_TABLE, f"table {key} is used and not given")
    for index in indexes:
        if index >= len(addresses):
            raise Refused(ReasonCode.TX_LOOKUP_TABLE, f"table {key} has no address {index}")
        try:
            yield Pubkey.from_string(addresses[index])
        except ValueError:
            raise Refused(ReasonCode.TX_LOOKUP_TABLE, f"address {index} of table {key} is no public key") from None


def _assemble(parsed: Parsed, looked_up: tuple[Pubkey, ...]) -> Decoded:
    static = tuple(parsed.account_keys)
    keys = static + looked_up
    blockhash = parsed.lifetime_specifier if isinstance(parsed, MessageV1) else parsed.recent_blockhash
    return Decoded(
        version="v0" if isinstance(parsed, MessageV0) else "v1" if isinstance(parsed, MessageV1) else "legacy",
        signers=parsed.header.num_required_signatures,
        blockhash=bytes(blockhash),
        static_keys=len(static),
        keys=keys,
        instructions=tuple(_instructions(parsed, keys, len(static))),
    )


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


def _refuse_nonce(decoded: Decoded) -> None:
    """A durable nonce removes expiry: the signature would stay good for ever in whoever's hands it is."""
    for instruction in decoded.instructions:
        if instruction.program == _SYSTEM and instruction.data[:4] == _ADVANCE_NONCE:
            raise Refused(ReasonCode.TX_DURABLE_NONCE, "the message advances a nonce account")


def _malformed(detail: str) -> Refused:
    return Refused(ReasonCode.TX_MALFORMED, detail)
