"""What a transaction costs besides the swap itself, in lamports. Paper charges exactly what the chain would.

Sources: the runtime's fee rule (5,000 lamports a signature, plus ceil(compute-unit price x limit / 10^6)) and the rent-exempt
minimum of a 165-byte token account. Fees are charged even when the transaction fails; a tip and rent are not.
"""

from typing import Final

SIGNATURE_FEE_LAMPORTS: Final = 5_000
TOKEN_ACCOUNT_RENT_LAMPORTS: Final = 2_039_280
"""Rent-exempt minimum of a 165-byte account; a Token-2022 account with extensions is larger and says so on chain."""
TIP_LAMPORTS: Final = 10_000
"""Median of landed Jito tips (0.00001 SOL)."""
COMPUTE_UNITS: Final = 400_000
"""What a routed swap with two account creations asks for when no simulation said less."""
COMPUTE_UNITS_MAX: Final = 1_400_000
"""The runtime's limit for one transaction."""
COMPUTE_UNIT_PRICE_MICRO_LAMPORTS: Final = 50_000


def priority_fee_lamports(units: int, price_micro_lamports: int) -> int:
    """Return ceil(units * price / 10^6)."""
    return -(-units * price_micro_lamports // 1_000_000)


def network_fee_lamports(units: int, price_micro_lamports: int, signatures: int = 1) -> int:
    """Return base and priority fee together, which is what `meta.fee` shows."""
    return signatures * SIGNATURE_FEE_LAMPORTS + priority_fee_lamports(units, price_micro_lamports)
