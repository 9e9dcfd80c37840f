"""A signed transaction of any version, read: its bytes checked, its lookup tables resolved, its instructions with full addresses.

Legacy, v0 and v1 (SIMD-0385). Reading is strict: trailing bytes, surplus signatures and indexes out of range are refused, because
solders accepts them and a validator does not.
"""

from dataclasses import dataclass

from solders.address_lookup_table_account import AddressLookupTable
from solders.instruction import AccountMeta, Instruction
from solders.message import Message, MessageV0, MessageV1
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from memesnipe.chain import programs
from memesnipe.kernel.errors import MemeSnipeError
from memesnipe.localnet.bank import Bank

ALT_PROGRAM = Pubkey.from_string(programs.ALT_PROGRAM)
PACKET_BYTES_MAX = 1232
V1_BYTES_MAX = 4096


class BadTransaction(MemeSnipeError):  # noqa: N818  names what the bytes are
    """Bytes that are no transaction; the text is for the RPC error."""


class LoadError(MemeSnipeError):
    """A transaction that cannot be loaded; the argument is the RPC's TransactionError."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A transaction with every account index turned into an address."""

    tx: VersionedTransaction
    keys: list[Pubkey]
    writable: list[bool]
    static_count: int
    writable_loaded_count: int
    instructions: list[Instruction]

    @property
    def payer(self) -> Pubkey:
        """Who pays the fee: always the first key."""
        return self.keys[0]

    @property
    def signer_count(self) -> int:
        """Required signatures."""
        return self.tx.message.header.num_required_signatures

    @property
    def loaded(self) -> tuple[list[Pubkey], list[Pubkey]]:
        """Addresses from lookup tables: (writable, read-only)."""
        split = self.static_count + self.writable_loaded_count
        return self.keys[self.static_count : split], self.keys[split:]


def parse(raw: bytes) -> VersionedTransaction:
    """Bytes to a transaction, refusing what a validator would."""
    limit = V1_BYTES_MAX if raw[:1] == b"\x81" else PACKET_BYTES_MAX
    if len(raw) > limit:
        raise BadTransaction(
            f"decoded solana_transaction::versioned::VersionedTransaction too large: {len(raw)} bytes (max: {limit} bytes)"
        )
    try:
        tx = VersionedTransaction.from_bytes(raw)
        tx.sanitize()
    except Exception as error:  # the binding raises types of its own
        raise BadTransaction(f"failed to deserialize solana_transaction::versioned::VersionedTransaction: {error}") from error
    if bytes(tx) != raw or len(tx.signatures) != tx.message.header.num_required_signatures:
        raise BadTransaction("invalid transaction: bytes are not their own re-serialisation")
    return tx


def resolve(tx: VersionedTransaction, bank: Bank) -> Resolved:
    """Look every address up. Raises LoadError with the TransactionError a validator gives."""
    message = tx.message
    static = list(message.account_keys)
    loaded_writable, loaded_readonly = _lookups(message, bank) if isinstance(message, MessageV0) else ([], [])
    keys = static + loaded_writable + loaded_readonly
    if len(set(keys)) != len(keys):
        raise LoadError("AccountLoadedTwice")
    writable = [is_writable(message, at) for at in range(len(static))]
    writable += [True] * len(loaded_writable) + [False] * len(loaded_readonly)
    return Resolved(tx, keys, writable, len(static), len(loaded_writable), _instructions(message, keys, writable))


def is_writable(message: Message | MessageV0 | MessageV1, at: int) -> bool:
    """Whether a static key is locked for writing, from the header's counts."""
    header = message.header
    if at < header.num_required_signatures:
        return at < header.num_required_signatures - header.num_readonly_signed_accounts
    return at < len(message.account_keys) - header.num_readonly_unsigned_accounts


def version_of(tx: VersionedTransaction) -> str | int:
    """As RPC answers it: "legacy", 0 or 1."""
    version = tx.version()
    return version if isinstance(version, int) else "legacy"


def _instructions(message: Message | MessageV0 | MessageV1, keys: list[Pubkey], writable: list[bool]) -> list[Instruction]:
    signers = message.header.num_required_signatures
    out: list[Instruction] = []
    for compiled in message.instructions:
        if compiled.program_id_index >= len(keys) or any(at >= len(keys) for at in compiled.accounts):
            raise LoadError("SanitizeFailure")
        metas = [AccountMeta(keys[at], at < signers, writable[at]) for at in compiled.accounts]
        out.append(Instruction(keys[compiled.program_id_index], compiled.data, metas))
    return out


def _lookups(message: MessageV0, bank: Bank) -> tuple[list[Pubkey], list[Pubkey]]:
    writable: list[Pubkey] = []
    readonly: list[Pubkey] = []
    for lookup in message.address_table_lookups:
        account = bank.get(lookup.account_key)
        if account is None:
            raise LoadError("AddressLookupTableNotFound")
        if account.owner != ALT_PROGRAM:
            raise LoadError("InvalidAddressLookupTableOwner")
        addresses = list(AddressLookupTable.deserialize(account.data).addresses)
        if any(at >= len(addresses) for at in [*lookup.writable_indexes, *lookup.readonly_indexes]):
            raise LoadError("InvalidAddressLookupTableIndex")
        writable += [addresses[at] for at in lookup.writable_indexes]
        readonly += [addresses[at] for at in lookup.readonly_indexes]
    return writable, readonly
