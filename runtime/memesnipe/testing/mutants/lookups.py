"""Kinds that lie by lookup tables."""

import msgspec
from solders.message import MessageAddressTableLookup, MessageV0, from_bytes_versioned, to_bytes_versioned
from solders.pubkey import Pubkey

from memesnipe.approvals import approve
from memesnipe.chain import decode_tables
from memesnipe.chain.policy import accounts
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.signing import LookupTable, SwapTransaction
from memesnipe.testing import routes, swaps
from memesnipe.testing.mutants.honest import Honest
from memesnipe.testing.mutants.kind import Kind

OTHER_TABLE = Pubkey.from_bytes(bytes([11] * 32))
NAMED = ("source", "destination", "source_mint", "destination_mint")
"""Roles of the route whose accounts must be static; the wallet signs and the program is called, so these two cannot be looked up."""


def table_of(*addresses: Pubkey, deactivated: int = decode_tables.ACTIVE) -> LookupTable:
    """Return another table than the pool's."""
    return LookupTable(str(OTHER_TABLE), swaps.table_data(*addresses, deactivated=deactivated))


def not_legacy(honest: Honest) -> bool:
    """Only versioned messages have lookups."""
    return honest.shape.form != "legacy"


def by_table(honest: Honest) -> bool:
    """The honest transaction looks up the pool's accounts."""
    return honest.shape.form == "v0 with a table"


def looking_up(honest: Honest, index: int) -> bytes:
    """Return the message with one more account looked up, the last one, which no instruction uses."""
    parsed = from_bytes_versioned(honest.message())
    if not isinstance(parsed, MessageV0):
        raise TypeError("only v0 has lookups")
    lookups = [*parsed.address_table_lookups, MessageAddressTableLookup(OTHER_TABLE, b"", bytes([index]))]
    return bytes(to_bytes_versioned(MessageV0(parsed.header, parsed.account_keys, parsed.recent_blockhash, parsed.instructions, lookups)))


def in_table(honest: Honest) -> SwapTransaction:
    """An account that says whose money moves comes from a table."""
    named = routes.accounts_of(honest.shape.route, honest.intent, honest.wallet, honest.shape.token_program)
    role = honest.rng.choice([role for role in NAMED if role in named])
    table = swaps.a_table(*honest.rng.choice([swaps.POOL, ()]), named[role])
    return honest.request(honest.message(table=table), tables=(table,))


def tip_in_table(honest: Honest) -> SwapTransaction:
    """The tip's account comes from a table."""
    table = swaps.a_table(*swaps.POOL, honest.shape.tip or swaps.TIP_ACCOUNT)
    return honest.request(honest.message(table=table), tables=(table,))


def opened_mint_in_table(honest: Honest) -> SwapTransaction:
    """The mint of an account that is opened comes from a table: the older route does not name what is given."""
    table = swaps.a_table(*swaps.POOL, swaps.WSOL)
    return honest.request(honest.message(table=table), tables=(table,))


def not_given(honest: Honest) -> SwapTransaction:
    """A table that the request does not carry."""
    return honest.request(looking_up(honest, 0))


def too_short(honest: Honest) -> SwapTransaction:
    """An index behind the table's end."""
    length = honest.rng.randrange(1, 9)
    table = table_of(*(honest.key() for _ in range(length)))
    return honest.request(looking_up(honest, honest.rng.randrange(length, 256)), tables=(*honest.tables, table))


def twice(honest: Honest) -> SwapTransaction:
    """Two tables under one key: which one was approved?"""
    other = LookupTable(honest.table.key, swaps.table_data(*reversed(swaps.POOL)))
    return honest.request(tables=honest.rng.choice([(honest.table, other), (other, honest.table)]))


def deactivated(honest: Honest) -> SwapTransaction:
    """A table whose end is decided."""
    table = table_of(honest.key(), deactivated=honest.rng.randrange(1, 10**9))
    return honest.request(looking_up(honest, 0), tables=(*honest.tables, table))


def unreadable(honest: Honest) -> SwapTransaction:
    """Data that is no lookup table's: closed, cut short, or another program's."""
    whole = swaps.table_data(honest.key())
    data = honest.rng.choice([b"", whole[:-5], whole[:30], bytes(len(whole)), b"\x02" + whole[1:], honest.rng.randbytes(165)])
    return honest.request(tables=(*honest.tables, LookupTable(str(OTHER_TABLE), data)))


def as_addresses(honest: Honest) -> SwapTransaction:
    """Addresses as somebody read them, in place of the account."""
    return honest.request(tables=(*honest.tables, LookupTable(str(OTHER_TABLE), (str(honest.key()),))))


def changed_after_approval(honest: Honest) -> SwapTransaction:
    """The pool's accounts exchanged between check and use."""
    request = honest.request()
    keys = [honest.key() for _ in swaps.POOL]
    return msgspec.structs.replace(request, tables=(LookupTable(honest.table.key, swaps.table_data(*keys)),))


T, R = decode_tables, ReasonCode
KINDS = (
    Kind(
        "money's account from a table",
        "whose account it is rests on the guard's word",
        R.TX_LOOKUP_TABLE,
        accounts.accounts_are_static,
        in_table,
        by_table,
    ),
    Kind(
        "tip account from a table",
        "the tip, to whom the guard says it is",
        R.TX_LOOKUP_TABLE,
        accounts.accounts_are_static,
        tip_in_table,
        lambda h: by_table(h) and h.shape.tip is not None,
    ),
    Kind(
        "mint of an opened account from a table",
        "rent for whatever it is",
        R.TX_LOOKUP_TABLE,
        accounts.accounts_are_static,
        opened_mint_in_table,
        lambda h: by_table(h) and h.buys and h.shape.route == "route",
    ),
    Kind("table not given", "accounts that nobody can name", R.TX_LOOKUP_TABLE, T.table_is_given, not_given, not_legacy),
    Kind("table too short", "an account that is filled in later", R.TX_LOOKUP_TABLE, T.table_has_the_index, too_short, not_legacy),
    Kind("table given twice", "one is judged, the other is meant", R.TX_LOOKUP_TABLE, T.table_is_given_once, twice, by_table),
    Kind("deactivated table", "an attempt that can never land", R.TX_LOOKUP_TABLE, T.table_is_active, deactivated, not_legacy),
    Kind("unreadable table", "another account passes for a table", R.TX_LOOKUP_TABLE, T.table_is_readable, unreadable, not_legacy),
    Kind(
        "table as bare addresses",
        "the guard's reading of the chain in place of the chain",
        R.TX_LOOKUP_TABLE,
        T.table_is_account_data,
        as_addresses,
        not_legacy,
    ),
    Kind(
        "table changed after approval",
        "the same bytes get another meaning",
        R.APPROVAL_INVALID,
        approve.approved_are_these_tables,
        changed_after_approval,
        by_table,
    ),
)
