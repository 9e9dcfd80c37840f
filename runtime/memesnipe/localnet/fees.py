"""What a transaction costs: 5,000 lamports a signature plus ceil(compute-unit price x limit / 10^6), charged even when it fails.

The limit, when the transaction does not set one, is 200,000 per instruction and 3,000 per built-in one (SIMD-0170), 1.4M at most.
A v1 message carries its limit and a TOTAL priority fee in lamports instead.
"""

import struct
from dataclasses import dataclass

from solders.instruction import Instruction
from solders.message import MessageV1
from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.localnet.message import Resolved

COMPUTE_BUDGET = Pubkey.from_string(programs.COMPUTE_BUDGET_PROGRAM)
BUILT_INS = {Pubkey.from_string(programs.SYSTEM_PROGRAM), COMPUTE_BUDGET}
UNITS_MAX = 1_400_000
UNITS_PER_INSTRUCTION = 200_000
UNITS_PER_BUILT_IN = 3_000


@dataclass(frozen=True, slots=True)
class Budget:
    """Compute budget of a transaction: units, and the priority fee in lamports."""

    units: int
    priority_lamports: int
    price_micro_lamports: int
    units_explicit: bool


def budget(resolved: Resolved) -> Budget:
    """Read the compute budget out of a transaction of any version."""
    message = resolved.tx.message
    if isinstance(message, MessageV1):
        units = message.config.compute_unit_limit or default_units(resolved.instructions)
        return Budget(units, message.config.priority_fee or 0, 0, message.config.compute_unit_limit is not None)
    limit, price = None, 0
    for ix in resolved.instructions:
        if ix.program_id == COMPUTE_BUDGET and len(ix.data) >= 5 and ix.data[0] == 2:
            limit = struct.unpack_from("<I", ix.data, 1)[0]
        if ix.program_id == COMPUTE_BUDGET and len(ix.data) >= 9 and ix.data[0] == 3:
            price = struct.unpack_from("<Q", ix.data, 1)[0]
    units = min(default_units(resolved.instructions) if limit is None else limit, UNITS_MAX)
    return Budget(units, -(-price * units // 1_000_000), price, limit is not None)


def default_units(instructions: list[Instruction]) -> int:
    """The compute-unit limit of a transaction that sets none."""
    each = (UNITS_PER_BUILT_IN if ix.program_id in BUILT_INS else UNITS_PER_INSTRUCTION for ix in instructions)
    return min(sum(each), UNITS_MAX)


def total_lamports(resolved: Resolved) -> int:
    """Everything the fee payer is charged, landed or failed."""
    return resolved.signer_count * programs.SIGNATURE_FEE_LAMPORTS + budget(resolved).priority_lamports
