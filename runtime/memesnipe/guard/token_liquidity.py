"""Can the liquidity we would sell into be taken away? Pure: the accounts of a route -> its pools -> what may be withdrawn from them.

A pool is known by the program that owns its account and the layout of its data, never by what a quote calls it. On a bonding curve there
is nothing to withdraw; pump.fun burns the LP tokens of a pool it migrates; elsewhere the share of LP tokens burnt is what counts. LP
tokens that are locked or sent away, but not burnt, count as not burnt. Positions of concentrated liquidity can always be withdrawn.

Layouts: pump.fun's and PumpSwap's public docs, Raydium's AMM v4 `AmmInfo` (752 bytes) and CP-Swap's `PoolState`.
"""

import struct
from collections.abc import Iterator, Mapping

import msgspec
from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.chain.bonding_curve import bonding_curve
from memesnipe.chain.policy import token_account
from memesnipe.chain.programs import BPS
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode

RAYDIUM_V4_BYTES = 752
KNOWN_OWNERS = frozenset(
    (
        programs.SYSTEM_PROGRAM, programs.TOKEN_PROGRAM, programs.TOKEN_2022_PROGRAM, programs.JUPITER_PROGRAM, programs.SYSVAR_OWNER,
        *programs.LOADERS, programs.PUMP_PROGRAM, programs.PUMPSWAP_PROGRAM, programs.PUMP_FEES_PROGRAM, programs.RAYDIUM_V4_PROGRAM,
        programs.RAYDIUM_CPMM_PROGRAM, programs.OPENBOOK_PROGRAM, programs.RAYDIUM_CLMM_PROGRAM, programs.METEORA_DLMM_PROGRAM,
    )
)  # fmt: skip
"""Whose accounts may be on a route that is understood. A venue keeps its state in accounts of its own, so an unknown one shows here."""
POSITIONS = {programs.RAYDIUM_CLMM_PROGRAM: "Raydium CLMM", programs.METEORA_DLMM_PROGRAM: "Meteora DLMM"}

Accounts = Mapping[str, tuple[str, bytes]]
"""Address -> owner program and data, of those that exist."""


class Pool(msgspec.Struct, frozen=True):
    """A pool on the route. `vaults` are its token accounts; without an `lp_mint` there is nothing that could be withdrawn."""

    address: str
    vaults: tuple[str, ...]
    lp_mint: str | None = None
    lp_supply: int = 0
    creator: str | None = None


def pools_of(mint: str, token_program: str, accounts: Accounts) -> tuple[Pool, ...]:
    """Return the token's pools on a route. Raises Refused(TOKEN_LIQUIDITY): a venue not known, or one that lets liquidity go at any time.

    Pools of other tokens (a hop between) are left out: theirs is not the liquidity that somebody would take from us.
    """
    for address, (owner, data) in accounts.items():
        if data and owner not in KNOWN_OWNERS:
            raise _unsafe(f"the route goes through {owner} ({address}), which is no venue we know")
        if owner in POSITIONS and _names(data, mint):
            raise _unsafe(f"the route goes through {POSITIONS[owner]}, where liquidity can be withdrawn at any time")
    found = tuple(_pools(mint, token_program, accounts))
    if not found:
        raise _unsafe("no pool of a venue we know is on the route")
    return found


def require_burnt(pool: Pool, lp_supply_now: int, burnt_bps_min: int) -> None:
    """Raise Refused(TOKEN_LIQUIDITY) unless enough of the LP tokens a pool ever gave out are gone (`lp_supply_now` is left)."""
    burnt_bps = max(0, pool.lp_supply - lp_supply_now) * BPS // pool.lp_supply if pool.lp_supply > 0 else 0
    if not (burnt_bps >= burnt_bps_min):
        raise _unsafe(f"{burnt_bps} bps of the LP tokens of {pool.address} are burnt, at least {burnt_bps_min}")


def curve_of(mint: str) -> str:
    """Return the address of a mint's bonding curve."""
    seeds = [programs.PUMP_BONDING_CURVE_SEED, bytes(Pubkey.from_string(mint))]
    return str(Pubkey.find_program_address(seeds, Pubkey.from_string(programs.PUMP_PROGRAM))[0])


def associated(owner: str, mint: str, token_program: str) -> str:
    """Return the address of an owner's token account."""
    return str(token_account(*map(Pubkey.from_string, (owner, mint, token_program))))


def _pools(mint: str, token_program: str, accounts: Accounts) -> Iterator[Pool]:
    for address, (owner, data) in accounts.items():
        if owner == programs.PUMP_PROGRAM and data[:8] == programs.PUMP_BONDING_CURVE and address == curve_of(mint):
            yield Pool(address, (associated(address, mint, token_program),), creator=bonding_curve(owner, data).creator)
        elif not _names(data, mint):
            continue
        elif owner == programs.PUMPSWAP_PROGRAM and data[:8] == programs.PUMPSWAP_POOL:
            yield _pumpswap(mint, address, data)
        elif owner == programs.RAYDIUM_CPMM_PROGRAM and data[:8] == programs.RAYDIUM_CPMM_POOL:
            yield _lp_pool(address, data, vaults_at=(72, 104), lp_mint_at=136, lp_supply_at=333)
        elif owner == programs.RAYDIUM_V4_PROGRAM and len(data) == RAYDIUM_V4_BYTES:
            yield _lp_pool(address, data, vaults_at=(336, 368), lp_mint_at=464, lp_supply_at=720)


def _pumpswap(mint: str, address: str, data: bytes) -> Pool:
    """Anybody can open a pool; only the one that pump.fun's own program opened had its LP tokens burnt by it."""
    seeds = [programs.PUMP_POOL_AUTHORITY_SEED, bytes(Pubkey.from_string(mint))]
    authority = str(Pubkey.find_program_address(seeds, Pubkey.from_string(programs.PUMP_PROGRAM))[0])
    pool = _lp_pool(address, data, vaults_at=(139, 171), lp_mint_at=107, lp_supply_at=203)
    coin_creator = _key(data, 211) if len(data) >= 243 else None
    if (_key(data, 11), _key(data, 43)) == (authority, mint):
        return msgspec.structs.replace(pool, lp_mint=None, creator=coin_creator)
    return pool


def _lp_pool(address: str, data: bytes, *, vaults_at: tuple[int, int], lp_mint_at: int, lp_supply_at: int) -> Pool:
    if len(data) < lp_supply_at + 8:
        raise _unsafe(f"the pool {address} is cut short")
    (lp_supply,) = struct.unpack_from("<Q", data, lp_supply_at)
    return Pool(address, tuple(_key(data, at) for at in vaults_at), _key(data, lp_mint_at), lp_supply)


def _names(data: bytes, mint: str) -> bool:
    """Whether the mint's key is written in an account: every pool has the mints it trades in its state."""
    return bytes(Pubkey.from_string(mint)) in data


def _key(data: bytes, at: int) -> str:
    try:
        return str(Pubkey(data[at : at + 32]))
    except ValueError:
        raise _unsafe("an account of the pool is cut short") from None


def _unsafe(detail: str) -> Refused:
    return Refused(ReasonCode.TOKEN_LIQUIDITY, detail)
