"""Account data in the real layouts: SPL mints and token accounts, the pump.fun bonding curve, Raydium's CP-Swap pool, a lookup table.

Sources: SPL Token state (82 and 165 bytes), pump.fun's public docs (BondingCurve, 151 bytes in captures), raydium-cp-swap's PoolState, the
lookup-table program.
All integers little-endian.
"""

import struct
from dataclasses import dataclass

from solders.account import Account
from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.localnet.pools import Pool

TOKEN = Pubkey.from_string(programs.TOKEN_PROGRAM)
TOKEN_2022 = Pubkey.from_string(programs.TOKEN_2022_PROGRAM)
ATA = Pubkey.from_string(programs.ATA_PROGRAM)
PUMP = Pubkey.from_string(programs.PUMP_PROGRAM)
WRAPPED_SOL = Pubkey.from_string(programs.WRAPPED_SOL_MINT)
CPMM = Pubkey.from_string(programs.RAYDIUM_CPMM_PROGRAM)
LP_SUPPLY_UNITS = 10**12
"""LP tokens that a constant-product pool gave out; all of them are burnt."""
CPMM_POOL_BYTES = 637
TOKEN_ACCOUNT_BYTES = 165
MINT_BYTES = 82
RENT_EPOCH = 2**64 - 1
DEFAULT_KEY = bytes(32)


def rent_lamports(size_bytes: int) -> int:
    """Rent-exempt minimum of an account: 3,480 lamports per byte-year, two years, 128 bytes of overhead."""
    return (size_bytes + 128) * 6_960


@dataclass(frozen=True, slots=True)
class TokenHolding:
    """The fields of a token account that anyone asks for."""

    mint: Pubkey
    owner: Pubkey
    amount: int
    delegate: Pubkey | None
    delegated_amount: int
    state: int
    native_rent: int | None
    close_authority: Pubkey | None


def parse_holding(account: Account | None) -> TokenHolding | None:
    """A token account of either token program, or None for anything else."""
    if account is None or account.owner not in (TOKEN, TOKEN_2022):
        return None
    data = account.data
    is_account = len(data) == TOKEN_ACCOUNT_BYTES or (len(data) > TOKEN_ACCOUNT_BYTES and data[TOKEN_ACCOUNT_BYTES] == 2)
    if not is_account or data[108] == 0:
        return None
    has_delegate, native, closer = (struct.unpack_from("<I", data, at)[0] for at in (72, 109, 129))
    return TokenHolding(
        mint=Pubkey.from_bytes(data[0:32]),
        owner=Pubkey.from_bytes(data[32:64]),
        amount=struct.unpack_from("<Q", data, 64)[0],
        delegate=Pubkey.from_bytes(data[76:108]) if has_delegate else None,
        delegated_amount=struct.unpack_from("<Q", data, 121)[0],
        state=data[108],
        native_rent=struct.unpack_from("<Q", data, 113)[0] if native else None,
        close_authority=Pubkey.from_bytes(data[133:165]) if closer else None,
    )


def token_account(mint: Pubkey, owner: Pubkey, amount: int, token_program: Pubkey = TOKEN) -> Account:
    """An initialized token account; a wrapped SOL one holds its amount in lamports on top of the rent."""
    rent = rent_lamports(TOKEN_ACCOUNT_BYTES)
    native = (struct.pack("<IQ", 1, rent), rent + amount) if mint == WRAPPED_SOL else (bytes(12), rent)
    data = bytes(mint) + bytes(owner) + struct.pack("<Q", amount) + bytes(36) + b"\x01" + native[0] + bytes(8) + bytes(36)
    return Account(native[1], data, token_program, False, RENT_EPOCH)


def with_amount(account: Account, amount: int) -> Account:
    """The same token account holding another amount (lamports follow, when it wraps SOL)."""
    held = struct.unpack_from("<Q", account.data, 64)[0]
    is_native = account.data[109] == 1
    data = account.data[:64] + struct.pack("<Q", amount) + account.data[72:]
    return Account(account.lamports + (amount - held if is_native else 0), data, account.owner, False, RENT_EPOCH)


def with_delegate(account: Account, delegate: Pubkey, amount: int) -> Account:
    """The same token account, letting `delegate` move exactly `amount` out of it."""
    head = account.data[:72] + struct.pack("<I", 1) + bytes(delegate) + account.data[108:121]
    return Account(account.lamports, head + struct.pack("<Q", amount) + account.data[129:], account.owner, False, RENT_EPOCH)


def mint_account(supply: int, decimals: int, token_program: Pubkey = TOKEN) -> Account:
    """A mint nobody can mint more of or freeze."""
    data = bytes(36) + struct.pack("<QBB", supply, decimals, 1) + bytes(36)
    return Account(rent_lamports(MINT_BYTES), data, token_program, False, RENT_EPOCH)


def parse_mint(account: Account | None) -> tuple[int, int] | None:
    """(supply in units, decimals) of a mint, or None."""
    if account is None or account.owner not in (TOKEN, TOKEN_2022) or len(account.data) < MINT_BYTES or account.data[45] != 1:
        return None
    if len(account.data) >= TOKEN_ACCOUNT_BYTES and (len(account.data) == TOKEN_ACCOUNT_BYTES or account.data[TOKEN_ACCOUNT_BYTES] != 1):
        return None
    return struct.unpack_from("<Q", account.data, 36)[0], account.data[44]


def bonding_curve_account(pool: Pool) -> Account:
    """pump.fun's BondingCurve; a SOL-quoted curve has the default key as its quote mint, and 36 bytes of padding follow."""
    reserves = (pool.virtual_base_units, pool.virtual_quote_lamports, pool.real_base_units, pool.real_quote_lamports, pool.supply_units)
    complete = pool.real_base_units == 0
    data = programs.PUMP_BONDING_CURVE + struct.pack("<5QB", *reserves, complete) + bytes(Pubkey.from_string(pool.creator))
    data += bytes(2) + DEFAULT_KEY + bytes(36)
    return Account(rent_lamports(len(data)) + pool.real_quote_lamports, data, PUMP, False, RENT_EPOCH)


def cpmm_pool_account(pool: Pool, lp_mint: Pubkey) -> Account:
    """Raydium CP-Swap's PoolState (637 bytes): SOL is token 0, the token is token 1. Reserves are the vaults'; what is left out is 0."""
    keys = [bytes(32), bytes(Pubkey.from_string(pool.creator))]
    keys += [bytes(Pubkey.from_string(key)) for key in (pool.quote_vault, pool.base_vault)] + [bytes(lp_mint)]
    keys += [bytes(WRAPPED_SOL), bytes(Pubkey.from_string(pool.mint)), bytes(TOKEN), bytes(Pubkey.from_string(pool.token_program))]
    data = programs.RAYDIUM_CPMM_POOL + b"".join(keys) + bytes(32) + struct.pack("<5BQ", 0, 0, 9, 9, pool.decimals, LP_SUPPLY_UNITS)
    return Account(rent_lamports(CPMM_POOL_BYTES), data.ljust(CPMM_POOL_BYTES, b"\0"), CPMM, False, RENT_EPOCH)


def lookup_table_account(addresses: list[Pubkey]) -> Account:
    """A frozen address lookup table, extended long ago: usable at once."""
    meta = struct.pack("<IQQBB", 1, 2**64 - 1, 0, 0, 0) + bytes(32) + bytes(2)
    data = meta + b"".join(bytes(key) for key in addresses)
    return Account(rent_lamports(len(data)), data, Pubkey.from_string(programs.ALT_PROGRAM), False, RENT_EPOCH)


def associated(owner: Pubkey, mint: Pubkey, token_program: Pubkey = TOKEN) -> Pubkey:
    """The associated token account's address."""
    return Pubkey.find_program_address([bytes(owner), bytes(token_program), bytes(mint)], ATA)[0]
