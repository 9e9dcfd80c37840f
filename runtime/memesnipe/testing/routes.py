"""Jupiter's four exact-in routes, account by account and number by number, as its published IDL has them.

Written from the IDL and not from `chain.decode_jupiter`, so that neither is tested against its own assumptions.
"""

from collections.abc import Mapping
from struct import pack
from typing import Any

import msgspec
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.chain.policy import sells
from memesnipe.messages.orders import ExitIntent, Intent
from memesnipe.testing.swaps import EVENT_AUTHORITY, JUPITER, POOL, TOKEN, WSOL, ata, quoted

STEP = bytes([7, 100, 0, 1])
"""A step of a plan: a venue without payload, 100 percent, from the first token to the second."""
STEP_V2 = bytes([7, 0x10, 0x27, 0, 1])
"""The same in bps."""
PROGRAM_OWNED = Pubkey.from_bytes(bytes([10] * 32))
"""An account of the program's own, of which the shared routes have several."""

ROLES: dict[str, tuple[str, ...]] = {
    "route": (
        "token_program", "user", "source", "destination", "other_destination", "destination_mint", "fee_account", "event_authority",
        "program",
    ),
    "shared_accounts_route": (
        "token_program", "program_authority", "user", "source", "program_source", "program_destination", "destination", "source_mint",
        "destination_mint", "fee_account", "token_2022_program", "event_authority", "program",
    ),
    "route_v2": (
        "user", "source", "destination", "source_mint", "destination_mint", "source_program", "destination_program", "other_destination",
        "event_authority", "program",
    ),
    "shared_accounts_route_v2": (
        "program_authority", "user", "source", "program_source", "program_destination", "destination", "source_mint", "destination_mint",
        "source_program", "destination_program", "event_authority", "program",
    ),
}  # fmt: skip
"""The fixed accounts of each route, in their order; the pool's own follow."""
DISCRIMINATORS = {
    "route": programs.JUPITER_ROUTE,
    "shared_accounts_route": programs.JUPITER_SHARED_ACCOUNTS_ROUTE,
    "route_v2": programs.JUPITER_ROUTE_V2,
    "shared_accounts_route_v2": programs.JUPITER_SHARED_ACCOUNTS_ROUTE_V2,
}
WRITABLE = frozenset(("source", "destination", "program_source", "program_destination"))


class Numbers(msgspec.Struct, frozen=True):
    """What a route says: base units and bps."""

    in_amount: int
    quoted_out: int
    slippage_bps: int
    platform_fee_bps: int = 0
    positive_slippage_bps: int = 0


def numbers_of(intent: Intent) -> Numbers:
    """Return the honest numbers of an order: its amount, at its own price, with all of its slippage."""
    amount = intent.size_units if sells(intent) or isinstance(intent, ExitIntent) else intent.size_lamports
    return Numbers(amount, quoted(intent), intent.slippage_bps_max)


def data_of(route: str, numbers: Numbers) -> bytes:
    """Return the instruction data: the v2 routes have their numbers in front of the plan, the older ones behind it."""
    head = DISCRIMINATORS[route] + (b"\x05" if route.startswith("shared") else b"")
    if route.endswith("_v2"):
        return head + pack("<QQHHHI", *msgspec.structs.astuple(numbers), 1) + STEP_V2
    return head + pack("<I", 1) + STEP + pack("<QQHB", *msgspec.structs.astuple(numbers)[:4])


def accounts_of(route: str, intent: Intent, wallet: Pubkey, token_program: Pubkey) -> dict[str, Pubkey]:
    """Return the honest accounts by role; an optional one that is absent is the program's own id."""
    mint = Pubkey.from_string(intent.mint)
    token, sol = (ata(wallet, mint, token_program), mint, token_program), (ata(wallet, WSOL), WSOL, TOKEN)
    give, take = (token, sol) if sells(intent) else (sol, token)
    named = {
        "user": wallet, "source": give[0], "source_mint": give[1], "source_program": give[2],
        "destination": take[0], "destination_mint": take[1], "destination_program": take[2], "token_program": TOKEN,
        "other_destination": JUPITER, "fee_account": JUPITER, "token_2022_program": JUPITER, "program": JUPITER,
        "event_authority": EVENT_AUTHORITY,
    }  # fmt: skip
    return {
        role: named.get(role) or Pubkey.from_bytes(bytes(PROGRAM_OWNED)[:-1] + bytes([place])) for place, role in enumerate(ROLES[route])
    }


def route_of(route: str, data: bytes, accounts: Mapping[str, Pubkey], wallet: Pubkey, **other: Any) -> Instruction:
    """Return the instruction; `pool` replaces the pool's accounts, `program` the program that is called."""
    pool = other.get("pool", POOL)
    fixed = [AccountMeta(accounts[role], role == "user" and accounts[role] == wallet, role in WRITABLE) for role in ROLES[route]]
    return Instruction(other.get("program", JUPITER), data, [*fixed, *(AccountMeta(key, False, True) for key in pool)])
