"""Jupiter v6 `route_v2` on the wire: the instruction the localnet hands out and the one it settles.

Data: discriminator, in_amount u64, quoted_out u64, slippage u16, platform fee u16, positive slippage u16, plan length u32, then one plan
step. The step's bytes (swap tag, bps u16, input and output index) are opaque to readers of amounts; the tag used here is the localnet's.
Accounts: 0 user, 1 source, 2 destination, 3/4 mints, 5/6 token programs, 7 optional destination (the program id when absent), 8 event
authority, 9 program; then the pool's: AMM program, pool, base vault, quote vault.
"""

import struct
from dataclasses import dataclass

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.localnet.accounts import TOKEN, WRAPPED_SOL
from memesnipe.localnet.pools import Pool, Side

JUPITER = Pubkey.from_string(programs.JUPITER_PROGRAM)
EVENT_AUTHORITY = Pubkey.from_string(programs.JUPITER_EVENT_AUTHORITY)
AMM_PROGRAM = {
    "bonding_curve": Pubkey.from_string(programs.PUMP_PROGRAM),
    "constant_product": Pubkey.from_string(programs.RAYDIUM_CPMM_PROGRAM),
}
AMM_LABEL = {"bonding_curve": "Pump.fun", "constant_product": "Raydium CPMM"}
HEAD = struct.Struct("<QQHHHI")
PLAN_STEP = struct.pack("<BHBB", 0, 10_000, 0, 1)
ACCOUNTS_MIN = 14


@dataclass(frozen=True, slots=True)
class Route:
    """A decoded route_v2: amounts in base units, accounts as signed."""

    in_amount: int
    quoted_out: int
    slippage_bps: int
    user: Pubkey
    source: Pubkey
    destination: Pubkey
    source_mint: Pubkey
    destination_mint: Pubkey
    source_program: Pubkey
    destination_program: Pubkey
    pool: Pubkey
    user_signed: bool

    @property
    def out_min(self) -> int:
        """The least the program accepts, or it fails with 6001."""
        return self.quoted_out * (10_000 - self.slippage_bps) // 10_000


def encode(
    pool: Pool, side: Side, user: Pubkey, source: Pubkey, destination: Pubkey, in_amount: int, quoted_out: int, slippage_bps: int
) -> Instruction:
    """The swap instruction of a one-step route through `pool`."""
    data = programs.JUPITER_ROUTE_V2 + HEAD.pack(in_amount, quoted_out, slippage_bps, 0, 0, 1) + PLAN_STEP
    token = (Pubkey.from_string(pool.mint), Pubkey.from_string(pool.token_program))
    wrapped = (WRAPPED_SOL, TOKEN)
    (in_mint, in_program), (out_mint, out_program) = (wrapped, token) if side == "buy" else (token, wrapped)
    fixed = [in_mint, out_mint, in_program, out_program, JUPITER, EVENT_AUTHORITY, JUPITER, AMM_PROGRAM[pool.kind]]
    metas = [AccountMeta(user, True, False), AccountMeta(source, False, True), AccountMeta(destination, False, True)]
    metas += [AccountMeta(key, False, False) for key in fixed]
    metas += [AccountMeta(Pubkey.from_string(key), False, True) for key in (pool.address, pool.base_vault, pool.quote_vault)]
    return Instruction(JUPITER, data, metas)


def decode(ix: Instruction) -> Route | None:
    """A route_v2 the localnet can settle, or None: any other Jupiter instruction is one its program does not know."""
    if ix.data[:8] != programs.JUPITER_ROUTE_V2 or len(ix.data) < 8 + HEAD.size or len(ix.accounts) < ACCOUNTS_MIN:
        return None
    in_amount, quoted_out, slippage_bps, _, _, _ = HEAD.unpack_from(ix.data, 8)
    keys = [meta.pubkey for meta in ix.accounts]
    destination = keys[2] if keys[7] == JUPITER else keys[7]
    if slippage_bps > 10_000:
        return None
    mints_and_programs = (keys[3], keys[4], keys[5], keys[6])
    signed = ix.accounts[0].is_signer
    return Route(in_amount, quoted_out, slippage_bps, keys[0], keys[1], destination, *mints_and_programs, pool=keys[11], user_signed=signed)
