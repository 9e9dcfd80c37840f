"""Lookup tables, resolved here from the raw data of their accounts: nobody's reading of them stands between the chain and the rules.

Layout of the account (Address Lookup Table program): 56 bytes of meta (state u32, deactivation slot u64, last extended slot u64, start
index u8, authority), then 32 bytes for each address. Addresses are only ever appended, so an index that was read once stays true.
"""

from collections.abc import Iterable, Sequence

from solders.address_lookup_table_account import LOOKUP_TABLE_META_SIZE, AddressLookupTable
from solders.message import MessageAddressTableLookup
from solders.pubkey import Pubkey

from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.signing import LookupTable

KEY_BYTES = 32
ACTIVE = 2**64 - 1
"""The deactivation slot of a table that nobody deactivated."""


def looked_up_keys(lookups: Iterable[MessageAddressTableLookup], tables: Sequence[LookupTable]) -> tuple[Pubkey, ...]:
    """Return the keys in the chain's order: every table's writable ones, then every table's read-only ones. Raises Refused."""
    addresses, writable, readonly = _addresses_of(tables), list[Pubkey](), list[Pubkey]()
    for lookup in lookups:
        key = str(lookup.account_key)
        if key in addresses:
            writable += _picked(key, lookup.writable_indexes, addresses[key])
            readonly += _picked(key, lookup.readonly_indexes, addresses[key])
        else:
            table_is_given(key)
    return (*writable, *readonly)


def addresses_in(table: LookupTable) -> tuple[Pubkey, ...]:
    """Return all addresses of a table, by index. Raises Refused(TX_LOOKUP_TABLE)."""
    raw = _raw_addresses_in(table)
    return tuple(Pubkey(raw[at : at + KEY_BYTES]) for at in range(0, len(raw), KEY_BYTES))


def _addresses_of(tables: Sequence[LookupTable]) -> dict[str, bytes]:
    """Return each table's addresses, 32 bytes each."""
    addresses: dict[str, bytes] = {}
    for table in tables:
        table_is_given_once(table.key, addresses)
        addresses[table.key] = _raw_addresses_in(table)
    return addresses


def _raw_addresses_in(table: LookupTable) -> bytes:
    if not isinstance(table.data, bytes):
        table_is_account_data(table)
        return b""
    try:
        meta = AddressLookupTable.deserialize(table.data).meta
    except ValueError as error:
        table_is_readable(table.key, error)
        return b""
    table_is_active(table.key, meta.deactivation_slot)
    # Not `.addresses`, which makes a key of all 256 for the handful that is used.
    return table.data[LOOKUP_TABLE_META_SIZE:]


def _picked(key: str, indexes: bytes, raw: bytes) -> list[Pubkey]:
    picked = []
    for index in indexes:
        address = raw[KEY_BYTES * index : KEY_BYTES * (index + 1)]
        if len(address) == KEY_BYTES:
            picked.append(Pubkey(address))
        else:
            table_has_the_index(key, index)
    return picked


def table_is_given(key: str) -> None:
    """An account that cannot be named cannot be judged."""
    raise Refused(ReasonCode.TX_LOOKUP_TABLE, f"table {key} is used and not given")


def table_is_given_once(key: str, addresses: dict[str, bytes]) -> None:
    """With two of a key, the rules could read one and whoever approved have read the other."""
    if key in addresses:
        raise Refused(ReasonCode.TX_LOOKUP_TABLE, f"table {key} is given twice")


def table_is_account_data(table: LookupTable) -> None:
    """Earlier releases sent the addresses as they had read them; a request of theirs is known again, and not signed anew."""
    raise Refused(ReasonCode.TX_LOOKUP_TABLE, f"table {table.key} is given as addresses, not as its account's data")


def table_is_readable(key: str, error: ValueError) -> None:
    """Another program's account, one that was closed, or one that was cut short."""
    raise Refused(ReasonCode.TX_LOOKUP_TABLE, f"table {key} cannot be read: {error}")


def table_is_active(key: str, deactivation_slot: int) -> None:
    """A deactivated table ends within minutes, and the transaction could then never land."""
    if deactivation_slot != ACTIVE:
        raise Refused(ReasonCode.TX_LOOKUP_TABLE, f"table {key} was deactivated in slot {deactivation_slot}")


def table_has_the_index(key: str, index: int) -> None:
    """The table is shorter than the message believes: it is another one, or read before it was extended."""
    raise Refused(ReasonCode.TX_LOOKUP_TABLE, f"table {key} has no address {index}")
